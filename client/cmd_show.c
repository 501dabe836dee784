/* ragchat show: a thread, or one turn of it, as Markdown. */
#include <string.h>

#include "client/cmd.h"
#include "client/conversation.h"
#include "client/link.h"
#include "client/out.h"
#include "client/say.h"

enum { OPT_RAW_OUTPUT_SHOW = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_JSON, "json", NULL },
	{ OPT_RAW_OUTPUT_SHOW, "raw-output", NULL },
	OPTS_END,
};

/* "THREAD:3", "THREAD:3f2a": rather a turn than a thread with a colon in its name. */
static bool names_a_turn(const char *ref)
{
	const char *colon = strrchr(ref, ':');

	return colon && colon[1] && colon != ref &&
	       !colon[1 + strspn(colon + 1, "0123456789abcdefABCDEF-")];
}

/* A REF may mean either; what reads like a turn is looked up as one first. */
static int show(struct link *l, const char *ref, enum conversation_format format, struct buf *out)
{
	int r;

	if (names_a_turn(ref))
		return conversation_turn(l, ref, format, out);
	r = conversation_thread(l, ref, format, out);
	return r == STATUS_NOT_FOUND && !out->len ? conversation_turn(l, ref, format, out) : r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_show, argc, argv);
	enum conversation_format format = CONVERSATION_MD;
	struct buf out = { 0 };
	bool raw = false;
	struct link *l;
	int id, r;

	while ((id = opts_next(&o)) > 0) {
		if (id == OPT_JSON)
			format = CONVERSATION_JSON;
		else
			raw = true;
	}
	if (id < 0 || opts_count(&o, 0, 1))
		return o.status;
	if (raw && format == CONVERSATION_MD)
		format = CONVERSATION_SENT;
	l = link_new(c);
	r = show(l, o.nargs ? o.args[0] : "last", format, &out);
	if (!r)
		r = out_text(&out, raw || format == CONVERSATION_JSON);
	buf_fini(&out);
	link_free(l);
	return r;
}

const struct cmd cmd_show = {
	.name = "show",
	.brief = "print a thread or one turn as Markdown",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat show [--json] [--raw-output] [REF]\n"
		"Prints the thread REF (the last one unless given) with its questions, answers "
		"and\n"
		"sources. THREAD:3 and the id of a turn print that turn alone.\n"
		"      --json          {\"thread\": {...}, \"turns\": [...]}, or the turn's "
		"object\n"
		"      --raw-output    do not make control characters visible, leave [n] as sent\n"
		"example: ragchat show shelves:2\n",
};
