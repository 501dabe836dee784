/* ragchat last: the last answer, its text alone. */
#include <string.h>
#include <unistd.h>

#include "client/answer.h"
#include "client/cmd.h"
#include "client/conversation.h"
#include "client/link.h"
#include "client/out.h"
#include "client/say.h"
#include "common/json.h"
#include "common/mem.h"

enum { OPT_RAW_OUTPUT_LAST = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	{ OPT_RAW_OUTPUT_LAST, "raw-output", NULL },
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

/* A person sees which markers do not hold; a pipe has the text as it was sent. */
static void draw(struct val turn, struct buf *text)
{
	struct marks marks = { .n = 0 };
	struct buf drawn = { 0 };

	marks_take(&marks, val_get(turn, "marks"));
	marks_draw(&marks, text->data ? (const char *)text->data : "", text->len, &drawn);
	marks_fini(&marks);
	buf_fini(text);
	*text = drawn;
}

static int print(struct link *l, bool json, bool raw)
{
	struct val turn = val_get(l->msg.result, "turn");
	struct buf out = { 0 };
	struct json_out w;
	int r;

	if (json) {
		json_out_init(&w, &out);
		r = turn_json(l->client, turn, &w);
		(void)buf_add_byte(&out, '\n');
	} else {
		r = turn_text(l->client, turn, &out);
		if (!raw && isatty(STDOUT_FILENO))
			draw(turn, &out);
		if (!raw && out.len && out.data[out.len - 1] != '\n')
			(void)buf_add_byte(&out, '\n');
		if (!r && is_running(turn))
			say("this answer is still being made: `ragchat attach` follows it");
	}
	if (!r)
		r = out_text(&out, json || raw);
	buf_fini(&out);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_last, argc, argv);
	bool json = false, raw = false;
	struct link *l;
	int id, r;

	while ((id = opts_next(&o)) > 0) {
		json |= id == OPT_JSON;
		raw |= id == OPT_RAW_OUTPUT_LAST;
	}
	if (id < 0 || opts_count(&o, 0, 0))
		return o.status;
	l = link_new(c);
	pack_kv_text(link_request(l, "turn.get"), "turn", "last");
	r = link_call(l, 0);
	r = r ? link_fail(l, r) : print(l, json, raw);
	link_free(l);
	return r;
}

const struct cmd cmd_last = {
	.name = "last",
	.brief = "print the last answer",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat last [--json] [--raw-output]\n"
		"Prints the text of the newest answer.\n"
		"      --json          the turn as an object\n"
		"      --raw-output    exactly the stored bytes\n"
		"example: ragchat last | wc -w\n",
};
