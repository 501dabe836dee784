/* ragchat attach: join an answer, running or over, from its first byte or a later one. */
#include "client/cmd.h"
#include "client/follow.h"
#include "client/link.h"
#include "client/view.h"
#include "common/str.h"

enum { OPT_FROM = OPT_VIEW_LAST };

static const struct opt opts[] = {
	{ OPT_FROM, "from", "BYTE" },
	VIEW_OPTS,
	OPTS_END,
};

static int attach(struct client *c, const struct view *view, const char *ref, int64_t from)
{
	struct link *l = link_new(c);
	struct pack *p = link_request(l, "attach");
	int r;

	pack_kv_text(p, "turn", ref);
	pack_kv_int(p, "off", from);
	r = follow(&(struct follow_request){
		.link = l, .view = view, .saved = true, .from = (uint64_t)from });
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_attach, argc, argv);
	struct view view = { .mode = VIEW_TEXT };
	int64_t from = 0;
	int id;

	while (!o.status && (id = opts_next(&o)) > 0)
		if (!view_option(&view, &o, id) && str_int(o.value, 0, INT64_MAX, &from))
			opts_fail(&o, "--from is a number of bytes, not '%s'", o.value);
	if (o.status || id < 0 || opts_count(&o, 0, 1) || view_check(&view, &o))
		return o.status;
	return attach(c, &view, o.nargs ? o.args[0] : "last", from);
}

const struct cmd cmd_attach = {
	.name = "attach",
	.brief = "join a running or finished answer",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat attach [OPTIONS] [REF]\n"
		"Prints the answer from its first byte and goes on while it is being made. Ctrl-C\n"
		"only leaves: the answer goes on. REF is `last` unless given.\n"
		"      --from BYTE     begin at this byte of the answer\n"
		"      --timeout SECONDS   leave then, exit 124\n"
		"  -o, --output FILE   -r, --raw   -q, --quiet   -u, --usage   --no-stream\n"
		"      --json  --jsonl  --citations inline|end|none  --color auto|always|never\n"
		"      --width COLUMNS  --raw-output      as in `ragchat ask --help`\n"
		"example: ragchat attach 3f2a1b2c\n",
};
