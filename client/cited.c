/* Which answers cite a document: the question of each, and what was taken from it. */
#include "client/cited.h"

#include <string.h>

#include "client/answer.h"
#include "client/cmd.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/out.h"
#include "client/pretty.h"
#include "client/say.h"
#include "common/json.h"
#include "common/mem.h"

#define PAGE 100

struct cited {
	struct buf out;
	struct json_out w;
	bool json, cut;
	int64_t n;
};

static void add_text(struct buf *out, struct val map, const char *key, size_t max)
{
	const char *s;
	size_t n;

	if (val_get_str(map, key, &s, &n))
		filter_line(FILTER_TERMINAL, s, n, max, out);
}

static void add_result(struct cited *k, struct val result)
{
	struct val turn = val_get(result, "turn"), sources = val_get(result, "sources");
	const char *id = "";
	size_t n = 0;

	k->n++;
	if (k->json) {
		json_out_object(&k->w);
		pretty_pairs(&k->w, turn, "");
		json_out_key(&k->w, "sources");
		val_to_json(sources, &k->w);
		json_out_key(&k->w, "stale");
		json_out_bool(&k->w, val_get_bool(result, "stale", false));
		json_out_object_end(&k->w);
		return;
	}
	(void)val_get_str(turn, "turn", &id, &n);
	(void)buf_addf(&k->out, "%.*s  ", (int)(n < 8 ? n : 8), id);
	add_text(&k->out, turn, "question", 100);
	if (val_get_bool(result, "stale", false))
		(void)buf_add_str(&k->out, "  (its source has changed or is gone)");
	(void)buf_add_byte(&k->out, '\n');
	for (size_t i = 0; i < val_count(sources); i++) {
		struct buf line = { 0 };

		source_line(val_at(sources, i), NULL, &line);
		(void)buf_add_str(&k->out, "    ");
		filter_line(FILTER_TERMINAL, (const char *)line.data, line.len, 300, &k->out);
		(void)buf_add_byte(&k->out, '\n');
		buf_fini(&line);
	}
}

static int page(struct cited *k, struct link *l, const char *source, char **before, int64_t limit)
{
	struct pack *p = link_request(l, "source.find");
	struct val results;
	int r;

	pack_kv_text(p, "source", source);
	pack_kv_text_opt(p, "before", *before);
	pack_kv_int(p, "limit", limit && limit - k->n < PAGE ? limit - k->n : PAGE);
	r = link_call(l, 0);
	*before = mem_free(*before);
	if (r)
		return link_fail(l, r);
	results = val_get(l->msg.result, "results");
	for (size_t i = 0; i < val_count(results); i++)
		add_result(k, val_at(results, i));
	k->cut |= val_get_bool(l->msg.result, "cut", false);
	*before = val_get_text(l->msg.result, "next");
	return 0;
}

static void begin(struct cited *k, const char *source)
{
	if (!k->json)
		return;
	json_out_init(&k->w, &k->out);
	json_out_object(&k->w);
	json_out_key(&k->w, "source");
	json_out_str(&k->w, source);
	json_out_key(&k->w, "results");
	json_out_array(&k->w);
}

static int end(struct cited *k, const char *source)
{
	if (k->json) {
		json_out_array_end(&k->w);
		json_out_object_end(&k->w);
		(void)buf_add_byte(&k->out, '\n');
	} else if (!k->n) {
		say("no answer cites '%s'", source);
	}
	if (k->cut)
		say_as("daemon", "the search took too long: older answers were not looked at");
	return out_text(&k->out, k->json);
}

int cited_run(const struct client *c, const char *source, int64_t limit, bool json)
{
	struct cited k = { .json = json };
	struct link *l = link_new(c);
	char *before = NULL;
	int r;

	begin(&k, source);
	do
		r = page(&k, l, source, &before, limit);
	while (!r && before && (!limit || k.n < limit));
	if (!r)
		r = end(&k, source);
	mem_free(before);
	buf_fini(&k.out);
	link_free(l);
	return r;
}
