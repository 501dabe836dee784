/* ragchat edit: another question in place of an old one, beside it. */
#include <string.h>

#include "client/again.h"
#include "client/cmd.h"
#include "client/compose.h"
#include "client/link.h"
#include "client/say.h"
#include "client/text.h"
#include "common/mem.h"
#include "common/str.h"

enum { OPT_TURN = OPT_VIEW_LAST };

static const struct opt opts[] = {
	{ OPT_TURN, "turn", "N" },
	{ 'e', "editor", NULL },
	AGAIN_OPTS,
	OPTS_END,
};

struct edit {
	struct again again;
	int64_t turn;
	bool editor;
	struct buf text;
};

/* The old question, for the editor to begin with. */
static int fetch(struct link *l, const char *ref, struct buf *text)
{
	const char *s = "";
	size_t n = 0;
	int r;

	pack_kv_text(link_request(l, "turn.get"), "turn", ref);
	r = link_call(l, 0);
	if (r)
		return link_fail(l, r);
	(void)val_get_str(val_get(l->msg.result, "turn"), "question", &s, &n);
	(void)buf_add(text, s, n);
	return 0;
}

static int send(struct link *l, struct edit *k, const char *ref)
{
	struct pack *p = link_request(l, "turn.edit");

	pack_kv_text(p, "turn", ref);
	pack_kv_str(p, "text", (const char *)k->text.data, k->text.len);
	return again_follow(l, &k->again, p);
}

static int edit(struct client *c, struct edit *k, const struct opts *o)
{
	const char *name = o->nargs ? o->args[0] : "last";
	char *ref = k->turn ? mem_printf("%s:%lld", name, (long long)k->turn) : mem_dup(name);
	struct question q = { .words = o->args + 1, .nwords = o->nargs > 1 ? o->nargs - 1 : 0, .quiet = k->again.view.quiet,
		.no_stdin = o->nargs > 1 };
	struct link *l = link_new(c);
	int r = 0;

	if (k->editor) {
		r = fetch(l, ref, &k->text);
		if (!r)
			r = compose(&k->text);
	} else {
		r = question_read(&q, &k->text);
	}
	if (!r)
		r = send(l, k, ref);
	link_free(l);
	mem_free(ref);
	return r;
}

static void take(struct edit *k, struct opts *o, int id)
{
	if (again_option(&k->again, o, id))
		return;
	if (id == 'e')
		k->editor = true;
	else if (id == OPT_TURN && str_int(o->value, 1, INT64_MAX, &k->turn))
		opts_fail(o, "--turn is a number from 1, not '%s'", o->value);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_edit, argc, argv);
	struct edit k = { .turn = 0 };
	int id = 0, r;

	again_init(&k.again);
	while (!o.status && (id = opts_next(&o)) > 0)
		take(&k, &o, id);
	if (!o.status && id == 0 && k.editor && o.nargs > 1)
		opts_fail(&o, "-e edits the old question, TEXT is the new one: take one of them");
	if (o.status || id < 0 || opts_count(&o, 0, SIZE_MAX) || view_check(&k.again.view, &o))
		r = o.status;
	else
		r = edit(c, &k, &o);
	again_fini(&k.again);
	buf_fini(&k.text);
	return r;
}

const struct cmd cmd_edit = {
	.name = "edit",
	.brief = "ask another question in place of one, keep both",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat edit [OPTIONS] REF [--turn N] TEXT...\n"
		"       ragchat edit [OPTIONS] [REF] [--turn N] -e\n"
		"Asks TEXT (else stdin) in place of the question of the turn REF, of turn N of it, or\n"
		"of its newest: a new branch beside the old one, which stays.\n"
		"  -e, --editor        the old question in $VISUAL or $EDITOR\n"
		"      --turn N        the turn's number in the thread\n"
		"  -m, --model MODEL   another model\n"
		"  -O, --option KEY=VALUE   a sampling option; may be given again\n"
		"  -d, --detach        print the id of the new turn and leave\n"
		"  -o, --output FILE   -r, --raw   -q, --quiet   -u, --usage   --no-stream\n"
		"      --json  --jsonl  --timeout SECONDS  --citations inline|end|none\n"
		"      --color auto|always|never  --width COLUMNS  --raw-output\n"
		"                      as in `ragchat ask --help`\n"
		"example: ragchat edit shelves --turn 1 'how many blue ones?'\n",
};
