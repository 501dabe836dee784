/* ragchat last: the last answer, its text alone. */
#include <string.h>
#include <unistd.h>

#include "client/answer.h"
#include "client/cmd.h"
#include "client/conversation.h"
#include "client/link.h"
#include "client/out.h"
#include "client/reading.h"
#include "client/say.h"
#include "common/json.h"
#include "common/mem.h"

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	READING_OPTS,
	OPTS_END,
};

static bool is_running(struct val turn)
{
	static const char *const states[] = { "queued", "retrieving", "streaming", "finishing" };

	for (size_t i = 0; i < array_len(states); i++)
		if (val_str_is(val_get(turn, "state"), states[i]))
			return true;
	return false;
}

static int print_text(struct link *l, struct val turn, const struct reading *reading)
{
	struct paper paper = reading_paper(reading);
	struct marks marks = { .n = 0 };
	struct buf text = { 0 }, out = { 0 };
	int r;

	/* A person sees which markers do not hold; a pipe has the text as it was sent. */
	if (isatty(STDOUT_FILENO) || paper.format == PAPER_DRAWN)
		marks_take(&marks, val_get(turn, "marks"));
	r = turn_text(l->client, turn, &text);
	paper_text(&paper, &marks, buf_cstr(&text), text.len, &out);
	if (!reading->raw_output && out.len && out.data[out.len - 1] != '\n')
		(void)buf_add_byte(&out, '\n');
	if (!r && is_running(turn))
		say("this answer is still being made: `ragchat attach` follows it");
	if (!r)
		r = reading_print(reading, &paper, &out);
	marks_fini(&marks);
	buf_fini(&text);
	buf_fini(&out);
	return r;
}

static int print_json(struct link *l, struct val turn)
{
	struct buf out = { 0 };
	struct json_out w;
	int r;

	json_out_init(&w, &out);
	r = turn_json(l->client, turn, &w);
	(void)buf_add_byte(&out, '\n');
	if (!r)
		r = out_text(&out, true);
	buf_fini(&out);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_last, argc, argv);
	struct reading reading = { .raw = false };
	bool json = false;
	struct link *l;
	struct val turn;
	int id = 0, r;

	while (!o.status && (id = opts_next(&o)) > 0)
		if (!reading_option(&reading, &o, id))
			json = true;
	if (id < 0 || reading_check(&reading, &o) || opts_count(&o, 0, 0))
		return o.status;
	l = link_new(c);
	pack_kv_text(link_request(l, "turn.get"), "turn", "last");
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else {
		turn = val_get(l->msg.result, "turn");
		r = json ? print_json(l, turn) : print_text(l, turn, &reading);
	}
	link_free(l);
	return r;
}

const struct cmd cmd_last = {
	.name = "last",
	.brief = "print the last answer",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat last [OPTIONS]\n"
		"Prints the text of the newest answer: drawn on a terminal, as it was sent elsewhere.\n"
		"      --json          the turn as an object\n"
		"  -r, --raw           as it was sent on a terminal too    --no-pager   no pager\n"
		"      --width COLUMNS     --color auto|always|never\n"
		"      --raw-output    exactly the stored bytes\n"
		"example: ragchat last | wc -w\n",
};
