/* ragchat usage: what the answers took of the backend, by day and model. */
#include <string.h>

#include "client/cmd.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/rows.h"
#include "client/say.h"
#include "common/str.h"

enum { OPT_USAGE_DAYS = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_USAGE_DAYS, "days", "N" },
	{ OPT_JSON, "json", NULL },
	OPTS_END,
};

struct sums {
	int64_t turns, prompt, completion, told;
	double cost;
	bool has_cost;
};

static void add_row(struct rows *rows, struct val row, struct sums *s)
{
	double cost = val_get_float(row, "cost", -1);
	char text[32];

	rows_text(rows, row, "day", 10);
	rows_int(rows, val_get_int(row, "turns", 0), 6);
	rows_int(rows, val_get_int(row, "prompt_tokens", 0), 11);
	rows_int(rows, val_get_int(row, "completion_tokens", 0), 11);
	(void)snprintf(text, sizeof(text), "%.4f", cost);
	rows_word(rows, cost >= 0 ? text : "-", 9);
	rows_text(rows, row, "model", 0);
	rows_end(rows);
	s->turns += val_get_int(row, "turns", 0);
	/* An answer from the documents took none. */
	s->told += val_str_is(val_get(row, "model"), "documents") ? val_get_int(row, "turns", 0) : val_get_int(row, "told", 0);
	s->prompt += val_get_int(row, "prompt_tokens", 0);
	s->completion += val_get_int(row, "completion_tokens", 0);
	s->cost += cost >= 0 ? cost : 0;
	s->has_cost |= cost >= 0;
}

static void add_sum(struct rows *rows, const struct sums *s)
{
	char text[32];

	rows_word(rows, "total", 10);
	rows_int(rows, s->turns, 6);
	rows_int(rows, s->prompt, 11);
	rows_int(rows, s->completion, 11);
	(void)snprintf(text, sizeof(text), "%.4f", s->cost);
	rows_word(rows, s->has_cost ? text : "-", 9);
	rows_end(rows);
}

static int print(struct val result)
{
	struct val list = val_get(result, "rows");
	struct sums s = { .has_cost = false };
	struct rows rows;

	if (!val_count(list)) {
		say("no answers in that time");
		return 0;
	}
	rows_init(&rows);
	rows_word(&rows, "day", 10);
	rows_word(&rows, " turns", 6);
	rows_word(&rows, " tokens in", 11);
	rows_word(&rows, " tokens out", 11);
	rows_word(&rows, "cost", 9);
	rows_word(&rows, "model", 0);
	rows_end(&rows);
	for (size_t i = 0; i < val_count(list); i++)
		add_row(&rows, val_at(list, i), &s);
	add_sum(&rows, &s);
	if (val_get_bool(result, "cut", false))
		say("not all was looked at: the time was over");
	if (s.told < s.turns)
		say("%lld of %lld answers came without their tokens (`ragchat config set include_usage yes` asks for them)",
			(long long)(s.turns - s.told), (long long)s.turns);
	return rows_print(&rows);
}

static int run(struct client *c, int argc, char **argv)
{
	struct opts o = opts_of(c, &cmd_usage, argc, argv);
	int64_t days = 30;
	bool json = false;
	struct link *l;
	int id, r;

	while (!o.status && (id = opts_next(&o)) > 0) {
		if (id == OPT_JSON)
			json = true;
		else if (str_int(o.value, 1, 36500, &days))
			opts_fail(&o, "--days is a number from 1, not '%s'", o.value);
	}
	if (o.status || id < 0 || opts_count(&o, 0, 0))
		return o.status;
	l = link_new(c);
	pack_kv_int(link_request(l, "usage"), "days", days);
	r = link_call(l, 0);
	r = r ? link_fail(l, r) : json ? pretty_print(l->msg.result) : print(l->msg.result);
	link_free(l);
	return r;
}

const struct cmd cmd_usage = {
	.name = "usage",
	.brief = "show the tokens and cost of the answers",
	.opts = opts,
	.run = run,
	.help = "usage: ragchat usage [--days N] [--json]\n"
		"Tokens and cost of the stored answers by day (UTC) and model, as the backend told\n"
		"them; what was deleted is not in it.\n"
		"      --days N        of the last N days (30)\n"
		"      --json          {\"rows\": [{day, model, turns, failed, told, prompt_tokens,\n"
		"                      completion_tokens, total_tokens, cost}], \"cut\": false}\n"
		"example: ragchat usage --days 7\n",
};
