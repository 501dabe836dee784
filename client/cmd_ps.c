/* ragchat ps: the answers that are being made or wait for their turn. */
#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static void add_state(struct rows *rows, struct val turn)
{
	int64_t position = val_get_int(turn, "position", -1);
	char text[40];

	if (position < 0) {
		rows_text(rows, turn, "state", 11);
		return;
	}
	(void)snprintf(text, sizeof(text), "queued %lld", (long long)position);
	rows_word(rows, text, 11);
}

static int print(struct val turns)
{
	struct rows rows;

	rows_init(&rows);
	for (size_t i = 0; i < val_count(turns); i++) {
		struct val turn = val_at(turns, i);

		rows_id(&rows, turn, "turn");
		add_state(&rows, turn);
		rows_age(&rows, turn, "created");
		rows_size(&rows, val_get_int(turn, "length", 0));
		rows_text(&rows, turn, "name", 24);
		rows_text(&rows, turn, "question", 0);
		rows_end(&rows);
	}
	return rows_print(&rows);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_ps, argc, argv);
	struct buf out = { 0 };
	struct link *l;
	bool json = false;
	int r;

	if (opts_simple(&o, &json, 0, 0))
		return o.status;
	l = link_new(c);
	pack_kv_bool(link_request(l, "turn.list"), "live", true);
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		pretty_val(l->msg.result, false, &out);
		r = out_text(&out, false);
	} else {
		r = print(val_get(l->msg.result, "turns"));
	}
	buf_fini(&out);
	link_free(l);
	return r;
}

const struct cmd cmd_ps = {
	.name = "ps",
	.alias = "jobs",
	.brief = "list the running and waiting answers",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat ps [--json]\n"
		"One line an answer: id, state, age, bytes so far, thread, question.\n"
		"      --json          one object: {\"turns\": [...]}\n"
		"example: ragchat ps; ragchat attach 3f2a1b2c\n",
};
