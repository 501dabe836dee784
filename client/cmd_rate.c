/* ragchat rate: what one thinks of an answer. */
#include <string.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "common/mem.h"

static const struct opt opts[] = {
	{ 'm', "message", "TEXT" },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

static bool is_rating(const char *s)
{
	return !strcmp(s, "up") || !strcmp(s, "down") || !strcmp(s, "none");
}

static int rate(struct client *c, const char *ref, const char *rating, const char *comment, bool json)
{
	struct link *l = link_new(c);
	struct pack *p = link_request(l, "rate");
	struct buf out = { 0 };
	char *turn;
	int r;

	pack_kv_text(p, "turn", ref);
	pack_kv_text(p, "rating", rating);
	pack_kv_text_opt(p, "comment", comment);
	r = link_call(l, 0);
	if (r) {
		r = link_fail(l, r);
	} else if (json) {
		r = pretty_print(l->msg.result);
	} else {
		turn = val_get_text(l->msg.result, "turn");
		(void)buf_addf(&out, "%.8s  %s\n", turn ? turn : "?", rating);
		mem_free(turn);
		r = out_text(&out, false);
	}
	buf_fini(&out);
	link_free(l);
	return r;
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_rate, argc, argv);
	const char *comment = NULL, *rating;
	bool json = false;
	int id;

	while ((id = opts_next(&o)) > 0) {
		if (id == 'm')
			comment = o.value;
		json |= id == OPT_JSON;
	}
	if (id < 0 || opts_count(&o, 1, 2))
		return o.status;
	rating = o.args[o.nargs - 1];
	if (!is_rating(rating))
		return opts_fail(&o, "a rating is up, down or none, not '%s'", rating);
	return rate(c, o.nargs == 2 ? o.args[0] : "last", rating, comment, json);
}

const struct cmd cmd_rate = {
	.name = "rate",
	.brief = "rate an answer: up, down or none",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat rate [-m TEXT] [--json] [REF] up|down|none\n"
		"Says what you think of the answer REF (`last` unless given). The newest word\n"
		"counts; `none` takes it back. A Chainlit on the same database shows it.\n"
		"  -m, --message TEXT  why; without it what was said before stays, '' clears it\n"
		"      --json          {\"turn\": ..., \"rating\": {\"value\": ..., \"comment\": ...}}\n"
		"example: ragchat rate shelves:2 down -m 'cites the wrong page'\n",
};
