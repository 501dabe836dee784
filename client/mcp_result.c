/*
 * What the tools give. Texts of documents and answers are strangers' words: they go as JSON strings with
 * every control character made visible, cut at a bound, and never as anything else.
 */
#include <string.h>

#include "client/filter.h"
#include "client/mcp_in.h"
#include "common/mem.h"
#include "common/utf8.h"

static void put_text(struct json_out *w, const char *s, size_t n, size_t max)
{
	size_t keep = utf8_floor(s, n, max);
	struct buf text = { 0 };

	filter_text(FILTER_TERMINAL, s, keep, &text);
	if (keep < n)
		(void)buf_add_str(&text, " [...]");
	json_out_string(w, buf_cstr(&text), text.len);
	buf_fini(&text);
}

static void put_clean(struct json_out *w, const char *key, const char *s, size_t n, size_t max)
{
	json_out_key(w, key);
	put_text(w, s, n, max);
}

/* The key of the map when it is there; numbers and booleans as they are. */
static void put(struct json_out *w, struct val map, const char *key, size_t max)
{
	struct val v = val_get(map, key);
	const char *s;
	size_t n;

	if (val_str(v, &s, &n)) {
		put_clean(w, key, s, n, max);
	} else if (val_type(v) == VAL_INT || val_type(v) == VAL_FLOAT || val_type(v) == VAL_BOOL) {
		json_out_key(w, key);
		val_to_json(v, w);
	}
}

/* A list that must be there even when the daemon told none. */
static void list_begin(struct json_out *w, const char *key)
{
	json_out_key(w, key);
	json_out_array(w);
}

static bool is_full(const struct json_out *w, size_t start)
{
	return w->out->len - start > MCP_RESULT_MAX;
}

void mcp_result_documents(struct json_out *w, struct val result)
{
	struct val rows = val_get(result, "results");
	size_t start = w->out->len, i;

	put(w, result, "query", 4096);
	put(w, result, "coverage", 0);
	list_begin(w, "results");
	for (i = 0; i < val_count(rows) && !is_full(w, start); i++) {
		struct val row = val_at(rows, i);

		json_out_object(w);
		put(w, row, "rank", 0);
		put(w, row, "document", MCP_LINE_MAX);
		put(w, row, "path", MCP_LINE_MAX);
		put(w, row, "title", MCP_LINE_MAX);
		put(w, row, "page", 0);
		put(w, row, "line", 0);
		put(w, row, "score", 0);
		put(w, row, "text", MCP_PASSAGE_MAX);
		json_out_object_end(w);
	}
	json_out_array_end(w);
	if (i < val_count(rows) || val_present(val_get(result, "next"))) {
		json_out_key(w, "next_offset");
		json_out_int(w, i < val_count(rows) ? val_get_int(val_at(rows, i), "rank", 1) - 1
						     : val_get_int(result, "next", 0));
	}
}

static void put_sources(struct json_out *w, struct val turn, bool quotes)
{
	struct val rows = val_get(turn, "sources");
	size_t start = w->out->len;

	list_begin(w, "sources");
	for (size_t i = 0; i < val_count(rows) && !is_full(w, start); i++) {
		struct val row = val_at(rows, i);

		if (!quotes && !val_get_bool(row, "cited", true))
			continue;
		json_out_object(w);
		put(w, row, "n", 0);
		put(w, row, "cited", 0);
		put(w, row, "document", MCP_LINE_MAX);
		put(w, row, "path", MCP_LINE_MAX);
		put(w, row, "page", 0);
		put(w, row, "line", 0);
		put(w, row, "url", MCP_LINE_MAX);
		put(w, row, "title", MCP_LINE_MAX);
		if (quotes)
			put(w, row, "quote", MCP_PASSAGE_MAX);
		put(w, row, "support", 0);
		put(w, row, "stale", 0);
		json_out_object_end(w);
	}
	json_out_array_end(w);
}

/* In the order of the text; where they stand is told of a text that is not cleaned only. */
static void put_markers(struct json_out *w, struct val turn)
{
	struct val marks = val_get(turn, "marks");
	size_t start = w->out->len;

	list_begin(w, "markers");
	for (size_t i = 0; i < val_count(marks) && !is_full(w, start); i++) {
		json_out_object(w);
		put(w, val_at(marks, i), "n", 0);
		put(w, val_at(marks, i), "verdict", MCP_LINE_MAX);
		json_out_object_end(w);
	}
	json_out_array_end(w);
}

static void put_notices(struct json_out *w, struct val turn)
{
	struct val notices = val_get(turn, "notices");
	size_t start = w->out->len;

	list_begin(w, "notices");
	for (size_t i = 0; i < val_count(notices) && !is_full(w, start); i++) {
		const char *s = "";
		size_t n = 0;

		(void)val_get_str(val_at(notices, i), "text", &s, &n);
		put_text(w, s, n, MCP_LINE_MAX);
	}
	json_out_array_end(w);
}

void mcp_result_answer(struct json_out *w, struct val result)
{
	struct val turn = val_get(result, "turn");
	const char *s = "";
	size_t n = 0;

	(void)val_get_str(turn, "text", &s, &n);
	put_clean(w, "answer", s, n, MCP_ANSWER_MAX);
	put(w, turn, "found", 0);
	put(w, turn, "coverage", 0);
	put(w, turn, "state", MCP_LINE_MAX);
	put(w, turn, "thread", MCP_LINE_MAX);
	put(w, turn, "turn", MCP_LINE_MAX);
	put_sources(w, turn, true);
	put_markers(w, turn);
	put_notices(w, turn);
}

void mcp_result_history(struct json_out *w, struct val result)
{
	struct val rows = val_get(result, "results");
	size_t start = w->out->len;

	list_begin(w, "results");
	for (size_t i = 0; i < val_count(rows) && !is_full(w, start); i++) {
		struct val row = val_at(rows, i);

		json_out_object(w);
		put(w, row, "thread", MCP_LINE_MAX);
		put(w, row, "name", MCP_LINE_MAX);
		put(w, row, "turn", MCP_LINE_MAX);
		put(w, row, "seq", 0);
		put(w, row, "created", MCP_LINE_MAX);
		put(w, row, "part", MCP_LINE_MAX);
		put(w, row, "snippet", MCP_PASSAGE_MAX);
		json_out_object_end(w);
	}
	json_out_array_end(w);
	put(w, result, "next", MCP_LINE_MAX);
}

void mcp_result_thread(struct json_out *w, struct val result)
{
	struct val thread = val_get(result, "thread"), rows = val_get(result, "turns");
	size_t start = w->out->len, i;

	put(w, thread, "thread", MCP_LINE_MAX);
	put(w, thread, "name", MCP_LINE_MAX);
	put(w, thread, "created", MCP_LINE_MAX);
	put(w, thread, "updated", MCP_LINE_MAX);
	list_begin(w, "turns");
	for (i = 0; i < val_count(rows) && !is_full(w, start); i++) {
		struct val row = val_at(rows, i);
		const char *s = "";
		size_t n = 0;

		json_out_object(w);
		put(w, row, "turn", MCP_LINE_MAX);
		put(w, row, "seq", 0);
		put(w, row, "state", MCP_LINE_MAX);
		put(w, row, "created", MCP_LINE_MAX);
		put(w, row, "question", MCP_TEXT_MAX);
		(void)val_get_str(row, "text", &s, &n);
		put_clean(w, "answer", s, n, MCP_TEXT_MAX);
		put_sources(w, row, false);
		json_out_object_end(w);
	}
	json_out_array_end(w);
	if (i && (i < val_count(rows) || val_present(val_get(result, "next")))) {
		json_out_key(w, "next_after");
		json_out_int(w, val_get_int(val_at(rows, i - 1), "seq", 0));
	}
}
