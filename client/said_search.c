/* Searching what was said: pages of results, each a line that names its turn and one that shows it. */
#include "client/said_search.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "client/format.h"
#include "client/link.h"
#include "client/out.h"
#include "client/rows.h"
#include "client/say.h"
#include "client/snippet.h"
#include "client/text.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/limits.h"

struct search {
	const struct said_search *s;
	struct link *link;
	struct rows rows;
	struct buf json;
	struct json_out w;
	char *next, *ranked_from;
	int64_t have, ranked;
	bool cut, behind, bold;
};

/* ---- for people ---- */

static void add_snippet(struct search *k, struct val result)
{
	struct val marks = val_get(result, "marks");
	struct buf *out = &k->rows.out;
	struct snippet piece;
	const char *s = "";
	size_t n = 0, at = 0;

	(void)val_get_str(result, "snippet", &s, &n);
	snippet_begin(&piece, k->rows.width, k->bold);
	for (size_t i = 0; i + 1 < val_count(marks); i += 2) {
		uint64_t from = 0, len = 0;

		if (!val_uint(val_at(marks, i), &from) || !val_uint(val_at(marks, i + 1), &len) || from < at || from > n || len > n - from)
			break;
		snippet_add(&piece, s + at, from - at, false, out);
		snippet_add(&piece, s + from, len, true, out);
		at = from + len;
	}
	snippet_add(&piece, s + at, n - at, false, out);
	snippet_end(&piece, out);
	k->rows.line = k->rows.out.len;
}

static void add_lines(struct search *k, struct val result)
{
	char *thread = val_get_text(result, "thread");
	char *ref = mem_printf("%.8s:%lld", thread ? thread : "?", (long long)val_get_int(result, "seq", 0));

	rows_word(&k->rows, ref, 11);
	rows_age(&k->rows, result, "created");
	rows_text(&k->rows, result, "part", 8);
	rows_text(&k->rows, result, "name", 0);
	rows_end(&k->rows);
	add_snippet(k, result);
	mem_free(ref);
	mem_free(thread);
}

/* ---- pages ---- */

static void add_line_of_json(struct search *k, struct val result)
{
	struct json_out w;

	json_out_init(&w, &k->json);
	val_to_json(result, &w);
	(void)buf_add_byte(&k->json, '\n');
}

static void take_page(struct search *k)
{
	struct val reply = k->link->msg.result, results = val_get(reply, "results");

	for (size_t i = 0; i < val_count(results) && k->have < k->s->limit; i++, k->have++) {
		if (k->s->jsonl)
			add_line_of_json(k, val_at(results, i));
		else if (k->s->json)
			val_to_json(val_at(results, i), &k->w);
		else if (k->s->format)
			format_row(k->s->format, val_at(results, i), &k->rows.out);
		else
			add_lines(k, val_at(results, i));
	}
	k->cut |= val_get_bool(reply, "cut", false);
	k->behind |= !val_get_bool(reply, "complete", true);
	mem_free(k->next);
	k->next = val_get_text(reply, "next");
	if (k->s->rank) {
		mem_free(k->ranked_from);
		k->ranked_from = val_get_text(reply, "ranked_from");
		k->ranked = val_get_int(reply, "ranked", 0);
	}
}

static void pack_time(struct pack *p, const char *key, int64_t us)
{
	char iso[CLOCK_ISO_LEN + 1];

	if (!us)
		return;
	clock_iso(us, iso);
	pack_kv_text(p, key, iso);
}

static int page(struct search *k, const struct buf *text)
{
	const struct said_search *s = k->s;
	struct pack *p = link_request(k->link, "search");
	int r;

	pack_kv_str(p, "text", (const char *)text->data, text->len);
	pack_kv_text_opt(p, "thread", s->thread);
	pack_kv_text_opt(p, "tag", s->tag);
	pack_time(p, "since", s->since_us);
	pack_time(p, "until", s->until_us);
	pack_kv_int(p, "limit", min_of(s->limit - k->have, LIMIT_PAGE));
	if (s->rank)
		pack_kv_bool(p, "rank", true);
	pack_kv_text_opt(p, "before", k->next ? k->next : s->before);
	r = link_call(k->link, 0);
	if (r)
		return link_fail(k->link, r);
	take_page(k);
	return 0;
}

static void end_results(struct search *k)
{
	json_out_array_end(&k->w);
	json_out_key(&k->w, "next");
	if (k->next)
		json_out_str(&k->w, k->next);
	else
		json_out_null(&k->w);
	json_out_key(&k->w, "cut");
	json_out_bool(&k->w, k->cut);
	json_out_key(&k->w, "complete");
	json_out_bool(&k->w, !k->behind);
	if (k->s->rank) {
		json_out_key(&k->w, "ranked");
		json_out_int(&k->w, k->ranked);
	}
	if (k->ranked_from) {
		json_out_key(&k->w, "ranked_from");
		json_out_str(&k->w, k->ranked_from);
	}
	json_out_object_end(&k->w);
	(void)buf_add_byte(&k->json, '\n');
}

static int finish(struct search *k)
{
	if (k->s->json)
		end_results(k);
	else if (!k->have && !k->cut)
		say("nothing of yours has all these words");
	if (k->cut && k->next)
		say_as("daemon", "the search took too long and was cut; `--before %s` goes on", k->next);
	else if (k->ranked_from)
		say_as("daemon", "the newest %" PRId64 " messages with these words were ranked; `--until %s` goes on with older ones", k->ranked,
			k->ranked_from);
	else if (k->cut)
		say_as("daemon", "the search took too long and was cut: older turns were not looked at");
	if (k->behind)
		say_as("daemon", "the index of the search is still being made: there may be more");
	return k->s->json || k->s->jsonl ? out_text(&k->json, true) : out_text(&k->rows.out, k->bold || k->s->format);
}

int said_search_run(const struct said_search *s, struct client *c, char *const *words, size_t n)
{
	bool from_stdin = n == 1 && !strcmp(words[0], "-");
	struct question q = { .words = words, .nwords = from_stdin ? 0 : n, .no_stdin = !from_stdin };
	struct search k = { .s = s };
	struct buf text = { 0 };
	int r = question_read(&q, &text);

	while (text.len && text.data[text.len - 1] == '\n')
		text.len--;
	if (!r && text.len > LIMIT_NAME)
		r = say_fail(STATUS_DATA, "a search has at most %d bytes", LIMIT_NAME);
	if (!r) {
		rows_init(&k.rows);
		k.bold = term_color(s->color, STDOUT_FILENO);
		json_out_init(&k.w, &k.json);
		if (s->json) {
			json_out_object(&k.w);
			json_out_key(&k.w, "results");
			json_out_array(&k.w);
		}
		k.link = link_new(c);
		do
			r = page(&k, &text);
		while (!r && k.next && !k.cut && k.have < s->limit);
		if (!r)
			r = finish(&k);
		link_free(k.link);
		buf_fini(&k.rows.out);
	}
	mem_free(k.next);
	mem_free(k.ranked_from);
	buf_fini(&k.json);
	buf_fini(&text);
	return r;
}
