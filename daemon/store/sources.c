/*
 * Sources of an answer: rows of elements, one each, as Chainlit's front end links them ("[n]" in
 * the text opens a side panel with the quote), with all that we know in props. An old file whose elements have no
 * props keeps them as one JSON array in ragchat_turn.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "daemon/store/columns.h"
#include "daemon/store/rows.h"

static void out_text(struct json_out *w, const char *key, const char *value)
{
	if (!value)
		return;
	json_out_key(w, key);
	json_out_str(w, value);
}

static void out_int(struct json_out *w, const char *key, int64_t value)
{
	if (value < 0)
		return;
	json_out_key(w, key);
	json_out_int(w, value);
}

static void out_double(struct json_out *w, const char *key, double value)
{
	if (value < 0)
		return;
	json_out_key(w, key);
	json_out_double(w, value);
}

void source_to_json(const struct source *s, struct buf *out)
{
	struct json_out w;

	json_out_init(&w, out);
	w.python_style = w.ascii = true; /* as Chainlit's json.dumps writes */
	json_out_object(&w);
	json_out_key(&w, "n");
	json_out_int(&w, s->n);
	out_text(&w, "document", s->document);
	out_text(&w, "sha256", s->sha256);
	out_text(&w, "path", s->path);
	out_text(&w, "title", s->title);
	out_text(&w, "quote", s->quote);
	out_int(&w, "line", s->line);
	out_int(&w, "page", s->page);
	out_int(&w, "start", s->start);
	out_int(&w, "end", s->end);
	out_double(&w, "score", s->score);
	out_double(&w, "support", s->support);
	json_out_key(&w, "cited");
	json_out_bool(&w, s->cited);
	out_text(&w, "url", s->url);
	json_out_object_end(&w);
}

#define SOURCE_TEXT_MAX 65536

/* Each reader takes the value when the key is its own. */
static bool read_text(struct json *j, const struct json_slice *key, struct source *s)
{
	const struct {
		const char *key;
		char **to;
	} texts[] = { { "document", &s->document }, { "sha256", &s->sha256 }, { "path", &s->path },
		{ "title", &s->title }, { "quote", &s->quote }, { "url", &s->url } };
	struct json_slice raw;

	for (size_t i = 0; i < array_len(texts); i++) {
		if (!json_slice_is(key, texts[i].key))
			continue;
		if (!json_string(j, &raw))
			return false;
		mem_free(*texts[i].to);
		*texts[i].to = json_strdup(&raw, SOURCE_TEXT_MAX);
		return true;
	}
	return false;
}

static bool read_number(struct json *j, const struct json_slice *key, struct source *s)
{
	int64_t v;

	if (json_slice_is(key, "score"))
		return json_number(j, &s->score);
	if (json_slice_is(key, "support"))
		return json_number(j, &s->support);
	if (json_slice_is(key, "cited"))
		return json_bool(j, &s->cited);
	if (json_slice_is(key, "start"))
		return json_integer(j, &s->start);
	if (json_slice_is(key, "end"))
		return json_integer(j, &s->end);
	if (!json_slice_is(key, "n") && !json_slice_is(key, "page") && !json_slice_is(key, "line"))
		return false;
	if (!json_integer(j, &v))
		return false;
	*(json_slice_is(key, "n") ? &s->n : json_slice_is(key, "page") ? &s->page : &s->line) =
		v < INT32_MIN || v > INT32_MAX ? -1 : (int)v;
	return true;
}

/* An object at the reader; 0 with n > 0, or it is not one of ours. */
static int read_source(struct json *j, struct source *s)
{
	struct json_slice key;

	source_init(s);
	if (!json_object(j)) {
		json_skip(j);
		return -EBADMSG;
	}
	while (json_key(j, &key))
		if (!read_text(j, &key, s) && !read_number(j, &key, s))
			json_skip(j);
	if (!j->failed && s->n > 0)
		return 0;
	source_fini(s);
	return -EBADMSG;
}

int source_from_json(const char *json, size_t n, struct source *s)
{
	struct json j;

	json_init(&j, json, n, 16);
	return read_source(&j, s);
}

/* ---- rows of elements ---- */

/*
 * What the panel shows: Chainlit fetches its url, and draws it as Markdown. So the quote goes with the row (RFC 2397),
 * its signs escaped: it is words of a document, in which no picture and no link may come to life.
 */
static void panel_of(const struct source *s, struct buf *out)
{
	static const char plain[] = "-._~";

	if (s->url || !s->quote)
		return;
	buf_add_str(out, "data:text/plain;charset=utf-8,");
	for (const char *c = s->quote; *c; c++) {
		if (ispunct((unsigned char)*c))
			buf_add_str(out, "%5C");
		if (isalnum((unsigned char)*c) || strchr(plain, *c))
			buf_add_byte(out, (uint8_t)*c);
		else
			buf_addf(out, "%%%02X", (unsigned char)*c);
	}
}

static int store_element(struct db *db, const char *thread, const char *answer_step,
	const struct source *s, char **why)
{
	struct buf props, panel;
	id_str id;
	char name[16];
	int r;

	uuid_v4(id);
	buf_init(&panel, 0);
	panel_of(s, &panel);
	snprintf(name, sizeof(name), "[%d]", s->n);
	buf_init(&props, 0);
	source_to_json(s, &props);
	const struct cell cells[] = {
		{ "id", db_text(id) },
		{ "threadId", db_text(thread) },
		{ "type", db_text("text") },
		{ "url", panel.len ? db_textn(buf_cstr(&panel), panel.len) : db_text(s->url) },
		{ "name", db_text(name) },
		{ "display", db_text("side") },
		{ "objectKey", db_text(s->document) },
		{ "page", s->page >= 0 ? db_int(s->page) : db_null() },
		{ "forId", db_text(answer_step) },
		{ "mime", db_text("text/plain") },
		{ "props", db_textn(buf_cstr(&props), props.len) },
	};
	r = props.failed || panel.failed ? -ENOMEM : db_insert(db, TABLE_ELEMENTS, cells, array_len(cells), why);
	buf_fini(&panel);
	buf_fini(&props);
	return r;
}

static int store_array(struct db *db, const char *turn, const struct source_list *list, char **why)
{
	struct buf json;
	int r;

	buf_init(&json, 0);
	for (size_t i = 0; i < list->n; i++) {
		buf_add_str(&json, i ? ", " : "[");
		source_to_json(&list->v[i], &json);
	}
	buf_add_byte(&json, ']');
	r = json.failed ? -ENOMEM
			: db_run(db, db->chat, why,
				  "UPDATE ragchat_turn SET sources = ?2 WHERE id = ?1",
				  db_text(turn), db_textn(buf_cstr(&json), json.len));
	buf_fini(&json);
	return r;
}

int sources_store(struct db *db, const char *turn, const char *thread, const char *answer_step,
	const struct source_list *list, char **why)
{
	bool rows = columns_has(db->columns, TABLE_ELEMENTS, "props");
	int r = db_run(db, db->chat, why,
		"DELETE FROM elements WHERE \"threadId\" = ?1 AND \"forId\" = ?2", db_text(thread),
		db_text(answer_step));

	for (size_t i = 0; r == 0 && rows && i < list->n; i++)
		r = store_element(db, thread, answer_step, &list->v[i], why);
	if (r == 0 && !rows && list->n)
		r = store_array(db, turn, list, why);
	return r;
}

void sources_from_json(const char *json, struct source_list *out)
{
	struct source s;
	struct json j;

	json_init(&j, json, strlen(json), 16);
	if (!json_array(&j))
		return;
	while (json_item(&j))
		if (read_source(&j, &s) == 0)
			source_list_add(out, &s);
}

int sources_load(struct db *db, const char *thread, const char *answer_step, const char *json,
	struct source_list *out, char **why)
{
	struct source s;
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r;

	if (json) {
		sources_from_json(json, out);
		return 0;
	}
	if (!columns_has(db->columns, TABLE_ELEMENTS, "props"))
		return 0;
	r = db_query(&stmt, db, db->chat, why,
		"SELECT props FROM elements WHERE \"threadId\" = ?1 AND \"forId\" = ?2 AND props "
		"IS NOT NULL ORDER BY rowid",
		db_text(thread), db_text(answer_step));
	while (r == 0) {
		r = db_step(stmt, &row, why);
		if (r != 0 || !row)
			break;
		if (source_from_json(db_col_text(stmt, 0), db_col_bytes(stmt, 0), &s) == 0)
			source_list_add(out, &s);
	}
	db_release(stmt);
	return r;
}
