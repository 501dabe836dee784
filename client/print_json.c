/* Answers and their events as JSON. */
#include "client/print_json.h"

#include <string.h>

#include "client/pretty.h"
#include "common/json.h"
#include "common/mem.h"

/* ---- lines ---- */

static void line_begin(struct json_out *w, struct buf *out, const char *event)
{
	json_out_init(w, out);
	json_out_object(w);
	json_out_key(w, "event");
	json_out_str(w, event);
}

static void line_end(struct json_out *w, struct buf *out)
{
	json_out_object_end(w);
	(void)buf_add_byte(out, '\n');
}

void json_accepted(struct val reply, struct buf *out)
{
	struct json_out w;

	line_begin(&w, out, "accepted");
	/* Without a thread when nothing is kept; the field is there all the same. */
	if (!val_present(val_get(reply, "thread"))) {
		json_out_key(&w, "thread");
		json_out_null(&w);
	}
	pretty_pairs(&w, reply, "event");
	line_end(&w, out);
}

void json_piece(
	const char *event, const char *turn, uint64_t off, const char *s, size_t n, struct buf *out)
{
	struct json_out w;

	line_begin(&w, out, event);
	json_out_key(&w, "turn");
	json_out_str(&w, turn);
	json_out_key(&w, "off");
	json_out_int(&w, (int64_t)off);
	json_out_key(&w, "text");
	json_out_string(&w, s, n);
	line_end(&w, out);
}

void json_note(struct val note, struct buf *out)
{
	struct json_out w;
	char *kind = val_get_text(note, "kind");

	line_begin(&w, out, kind ? kind : "");
	pretty_pairs(&w, note, "kind");
	line_end(&w, out);
	mem_free(kind);
}

void json_error_members(struct json_out *w, int code, const char *name, const char *message)
{
	json_out_key(w, "code");
	json_out_int(w, code);
	json_out_key(w, "name");
	json_out_str(w, name);
	json_out_key(w, "message");
	json_out_str(w, message);
}

void json_error(const struct answer *a, struct buf *out)
{
	struct json_out w;

	line_begin(&w, out, "error");
	json_error_members(&w, a->error_code, a->error_name, a->error_message);
	line_end(&w, out);
}

/* ---- one object ---- */

static void member_text(struct json_out *w, const char *key, const char *text)
{
	json_out_key(w, key);
	json_out_str(w, text && *text ? text : NULL);
}

static void member_buf(
	struct json_out *w, const char *key, const struct buf *text, bool null_when_empty)
{
	json_out_key(w, key);
	if (!text->len && null_when_empty)
		json_out_null(w);
	else
		json_out_string(w, text->data ? (const char *)text->data : "", text->len);
}

static void member_found(struct json_out *w, const struct answer *a)
{
	json_out_key(w, "found");
	if (a->found < 0)
		json_out_null(w);
	else
		json_out_bool(w, a->found);
	json_out_key(w, "coverage");
	if (a->coverage < 0)
		json_out_null(w);
	else
		json_out_double(w, a->coverage);
}

static void member_sources(struct json_out *w, const struct answer *a, struct val turn)
{
	struct val quotes = val_get(turn, "quotes"), sources = val_get(turn, "sources");

	json_out_key(w, "quotes");
	if (val_type(quotes) == VAL_ARRAY)
		val_to_json(quotes, w);
	else
		json_out_raw(w, "[]", 2);
	json_out_key(w, "sources");
	if (val_type(sources) == VAL_ARRAY) {
		val_to_json(sources, w);
		return;
	}
	json_out_array(w);
	if (a->sources.len)
		json_out_raw(w, (const char *)a->sources.data, a->sources.len);
	json_out_array_end(w);
}

static void member_marks(struct json_out *w, const struct answer *a, struct val turn)
{
	struct val marks = val_get(turn, "marks");

	json_out_key(w, "marks");
	if (val_type(marks) == VAL_ARRAY)
		val_to_json(marks, w);
	else if (a->marks_json)
		json_out_raw(w, a->marks_json, strlen(a->marks_json));
	else
		json_out_raw(w, "[]", 2);
}

static void member_passages(struct json_out *w, const struct answer *a)
{
	json_out_key(w, "passages");
	if (a->passages)
		json_out_raw(w, a->passages, strlen(a->passages));
	else
		json_out_raw(w, "[]", 2);
}

static void member_usage(struct json_out *w, const struct answer *a)
{
	json_out_key(w, "usage");
	if (a->usage)
		json_out_raw(w, a->usage, strlen(a->usage));
	else
		json_out_null(w);
}

static void member_error(struct json_out *w, const struct answer *a)
{
	json_out_key(w, "error");
	if (!a->error_name) {
		json_out_null(w);
		return;
	}
	json_out_object(w);
	json_error_members(w, a->error_code, a->error_name, a->error_message);
	json_out_object_end(w);
}

void json_answer(const struct answer *a, struct val turn, struct buf *out)
{
	struct json_out w;

	json_out_init(&w, out);
	json_out_object(&w);
	member_text(&w, "thread", a->thread);
	member_text(&w, "turn", a->turn);
	member_text(&w, "state", a->state);
	member_text(&w, "finish_reason", a->finish_reason);
	member_found(&w, a);
	member_buf(&w, "text", &a->text, false);
	member_buf(&w, "reasoning", &a->reasoning, true);
	member_sources(&w, a, turn);
	member_marks(&w, a, turn);
	member_passages(&w, a);
	member_usage(&w, a);
	member_error(&w, a);
	json_out_object_end(&w);
	(void)buf_add_byte(out, '\n');
}
