/* ragchat fork: a thread of its own from the beginning of another. */
#include "client/cmd.h"
#include "client/link.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/termkey.h"
#include "common/str.h"

enum { OPT_AT = OPT_OWN, OPT_TITLE };

static const struct opt opts[] = {
	{ OPT_AT, "at", "N" },
	{ OPT_TITLE, "title", "NAME" },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static int fork_thread(struct client *c, const char *ref, int64_t at, const char *name, bool json)
{
	struct link *l = link_new(c);
	struct pack *p = link_request(l, "thread.fork");
	char terminal[TERMKEY_LEN + 1];
	struct rows rows;
	int r;

	pack_kv_text(p, "thread", ref);
	if (at)
		pack_kv_int(p, "at", at);
	pack_kv_text_opt(p, "name", name);
	if (termkey(terminal))
		pack_kv_text(p, "terminal", terminal);
	r = link_call(l, LINK_ONCE | LINK_PATIENT);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		r = pretty_print(l->msg.result);
	} else {
		rows_init(&rows);
		rows_id(&rows, val_get(l->msg.result, "thread"), "thread");
		rows_int(&rows, val_get_int(val_get(l->msg.result, "thread"), "turns", 0), 4);
		rows_text(&rows, val_get(l->msg.result, "thread"), "name", 0);
		rows_end(&rows);
		r = rows_print(&rows);
	}
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_fork, argc, argv);
	const char *name = NULL;
	bool json = false;
	int64_t at = 0;
	int id = 0;

	while (!o.status && (id = opts_next(&o)) > 0) {
		json |= id == OPT_JSON;
		if (id == OPT_TITLE)
			name = o.value;
		if (id == OPT_AT && str_int(o.value, 1, INT64_MAX, &at))
			opts_fail(&o, "--at is the number of a turn, not '%s'", o.value);
	}
	if (o.status || id < 0 || opts_count(&o, 0, 1))
		return o.status;
	return fork_thread(c, o.nargs ? o.args[0] : "last", at, name, json);
}

const struct cmd cmd_fork = {
	.name = "fork",
	.brief = "make a new thread of the beginning of another",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat fork [--at N] [--title NAME] [--json] [REF]\n"
		"Makes a new thread of REF's turns, as far as the turn that REF names or --at says,\n"
		"along its branch; both can be gone on with. `ragchat -c` then means the new one.\n"
		"What others share with you can be forked, too.\n"
		"      --at N          up to turn N (the newest)\n"
		"      --title NAME    name of the new thread (that of the old one, and (fork))\n"
		"      --json          {\"thread\": {...}}\n"
		"example: ragchat fork shelves --at 2 && ragchat -c 'and if they were blue?'\n",
};
