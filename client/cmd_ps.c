/* ragchat ps: the answers that are being made or wait for their turn. */
#include "client/cmd.h"
#include "client/format.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"

static const struct opt opts[] = {
	FORMAT_OPTS,
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static const char *const fields[] = { "turn", "thread", "name", "state", "question", "length", "created", "seconds", "model", "position",
	"seq", NULL };

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

static int print_formatted(struct val turns, const struct format *f)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < val_count(turns); i++)
		format_row(f, val_at(turns, i), &out);
	return format_print(&out);
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
	struct format format = { .id = "turn", .fields = fields };
	bool json = false;
	int id, r;

	while (!o.status && (id = opts_next(&o)) > 0)
		if (!format_option(&format, &o, id))
			json = true;
	if (o.status || id < 0 || opts_count(&o, 0, 0))
		return o.status;
	l = link_new(c);
	pack_kv_bool(link_request(l, "turn.list"), "live", true);
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		pretty_val(l->msg.result, false, &out);
		r = out_text(&out, false);
	} else if (format_wanted(&format)) {
		r = print_formatted(val_get(l->msg.result, "turns"), &format);
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
	.help = "usage: ragchat ps [--format TEXT] [-z] [--json]\n"
		"One line an answer: id, state, age, bytes so far, thread, question.\n"
		"      --format TEXT   a line of your own: {id} {turn} {thread} {name} {state}\n"
		"                      {question} {length} {created} {model} {position}, and \\t\n"
		"  -z, --null          lines end with a NUL byte\n"
		"      --json          one object: {\"turns\": [...]}\n"
		"example: ragchat ps; ragchat attach 3f2a1b2c\n",
};
