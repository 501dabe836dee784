/* ragchat show: a thread, or one turn of it, drawn or as Markdown. */
#include <string.h>

#include "client/branches.h"
#include "client/cmd.h"
#include "client/conversation.h"
#include "client/link.h"
#include "client/reading.h"
#include "client/say.h"
#include "common/mem.h"
#include "common/str.h"

enum { OPT_TURN = OPT_OWN, OPT_BRANCHES };

static const struct opt opts[] = {
	{ 'n', "number", "N" },
	{ OPT_TURN, "turn", "N" },
	{ OPT_BRANCHES, "branches", NULL },
	{ OPT_JSON, "json", NULL },
	READING_OPTS,
	OPTS_END,
};

#define DRAWN_TURNS 200 /* that a terminal is shown of a thread unless -n says how many */

struct show {
	struct reading reading;
	struct paper paper;
	int64_t most, turn;
	bool branches, json, cut;
	int64_t others; /* turns that stand on other branches */
};

/* "THREAD:3", "THREAD:3f2a": rather a turn than a thread with a colon in its name. */
static bool names_a_turn(const char *ref)
{
	const char *colon = strrchr(ref, ':');

	return colon && colon[1] && colon != ref &&
	       !colon[1 + strspn(colon + 1, "0123456789abcdefABCDEF-")];
}

static int show_thread(struct link *l, struct show *k, const char *ref, struct buf *out)
{
	if (k->branches)
		return branches_draw(l, ref, out);
	if (k->json)
		return branches_json(l, ref, out);
	return conversation_branch(l, ref, k->most, &k->paper, &k->others, out);
}

/* A REF may mean either; what reads like a turn is looked up as one first. */
static int show(struct link *l, struct show *k, const char *ref, struct buf *out)
{
	char *turn;
	int r;

	if (k->turn) {
		turn = mem_printf("%s:%lld", ref, (long long)k->turn);
		r = conversation_turn(l, turn, &k->paper, out);
		mem_free(turn);
		return r;
	}
	if (names_a_turn(ref) && !k->branches)
		return conversation_turn(l, ref, &k->paper, out);
	r = show_thread(l, k, ref, out);
	return r == STATUS_NOT_FOUND && !out->len ? conversation_turn(l, ref, &k->paper, out) : r;
}

static int print(const struct show *k, const struct buf *out, const char *ref)
{
	int r = reading_print(&k->reading, &k->paper, out);

	if (!r && k->cut && k->others < 0)
		say("these are the last %d turns: `ragchat show -n N %s` shows more of them", DRAWN_TURNS, ref);
	if (!r && k->others > 0)
		say("%lld turn%s on other branches: `ragchat show --branches %s`", (long long)k->others,
			k->others == 1 ? " is" : "s are", ref);
	return r;
}

static void take(struct show *k, struct opts *o, int id)
{
	if (reading_option(&k->reading, o, id))
		return;
	switch (id) {
	case 'n':
		if (str_int(o->value, 1, INT32_MAX, &k->most))
			opts_fail(o, "-n is a number from 1, not '%s'", o->value);
		break;
	case OPT_TURN:
		if (str_int(o->value, 1, INT64_MAX, &k->turn))
			opts_fail(o, "--turn is a number from 1, not '%s'", o->value);
		break;
	case OPT_BRANCHES:
		k->branches = true;
		break;
	default:
		k->json = true;
	}
}

/* A drawing of branches is plain lines, JSON is exact: neither is drawn. */
static void choose_paper(struct show *k)
{
	k->paper = reading_paper(&k->reading);
	if (k->branches && !k->reading.raw_output)
		k->paper.format = PAPER_MD;
	if (k->json)
		k->paper.format = PAPER_JSON;
	k->cut = k->paper.format == PAPER_DRAWN && !k->most && !k->turn;
	if (k->cut)
		k->most = DRAWN_TURNS;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_show, argc, argv);
	struct show k = { .most = 0 };
	struct buf out = { 0 };
	const char *ref;
	struct link *l;
	int id = 0, r;

	while (!o.status && (id = opts_next(&o)) > 0)
		take(&k, &o, id);
	if (id < 0 || reading_check(&k.reading, &o) || opts_count(&o, 0, 1))
		return o.status;
	if (k.branches && (k.turn || k.most || k.json))
		return opts_fail(&o, "--branches goes with no other choice of turns; --json tells parent and siblings by itself");
	choose_paper(&k);
	ref = o.nargs ? o.args[0] : "last";
	l = link_new(c);
	r = show(l, &k, ref, &out);
	if (!r)
		r = print(&k, &out, ref);
	buf_fini(&out);
	link_free(l);
	return r;
}

const struct cmd cmd_show = {
	.name = "show",
	.brief = "show a thread or one turn",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat show [-n N | --turn N] [OPTIONS] [REF]\n"
		"       ragchat show --branches [REF]\n"
		"Prints the thread REF (the last one unless given) with its questions, answers and\n"
		"sources, along the branch that is gone on from. THREAD:3 and the id of a turn print\n"
		"that turn alone. On a terminal it is drawn, and what is longer goes to $PAGER, or less;\n"
		"elsewhere it is Markdown.\n"
		"  -n, --number N      only the last N turns; a terminal gets 200 of a longer thread\n"
		"      --turn N        only turn N\n"
		"      --branches      draw which turn came after which: a line each, * on that branch\n"
		"      --json          {\"thread\": {...}, \"turns\": [...]}: all, with parent, siblings\n"
		"                      and current; or one turn's object\n"
		"  -r, --raw           the Markdown on a terminal too    --no-pager   no pager\n"
		"      --width COLUMNS     --color auto|always|never\n"
		"      --raw-output    do not make control characters visible\n"
		"example: ragchat show -n 3 shelves\n",
};
