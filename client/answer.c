/* One answer: taking its notifications, judging its end. */
#include "client/answer.h"

#include <stdio.h>
#include <string.h>

#include "client/link.h"
#include "client/place.h"
#include "client/say.h"
#include "common/attr.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/errors.h"

void answer_init(struct answer *a, bool keep)
{
	*a = (struct answer){
		.keep = keep, .found = -1, .coverage = -1, .seconds = -1, .tokens = -1
	};
	sha256_init(&a->sum);
}

void answer_fini(struct answer *a)
{
	buf_fini(&a->text);
	buf_fini(&a->reasoning);
	buf_fini(&a->sources);
	buf_fini(&a->source_lines);
	marks_fini(&a->marks);
	buf_fini(&a->figures);
	mem_free(a->marks_json);
	buf_fini(&a->words);
	mem_free(a->passages);
	mem_free(a->usage);
	mem_free(a->state);
	mem_free(a->finish_reason);
	mem_free(a->error_name);
	mem_free(a->error_message);
}

void answer_begin(struct answer *a, const char *turn, uint64_t from)
{
	(void)snprintf(a->turn, sizeof(a->turn), "%s", turn);
	a->from = a->off = from;
}

static void take_id(char id[UUID_LEN + 1], struct val v)
{
	const char *s;
	size_t n;

	if (val_str(v, &s, &n) && n <= UUID_LEN)
		(void)snprintf(id, UUID_LEN + 1, "%.*s", (int)n, s);
}

static void take_text(char **to, struct val map, const char *key)
{
	char *text = val_get_text(map, key);

	if (!text)
		return;
	mem_free(*to);
	*to = text;
}

bool answer_is_for(const struct answer *a, struct val note)
{
	return a->turn[0] && val_str_is(val_get(note, "turn"), a->turn);
}

/*
 * The part of a piece past what we have; false: nothing of it is new, or something before it is
 * missing.
 */
static bool new_part(struct answer *a, struct val note, uint64_t *have, const char **s, size_t *n)
{
	uint64_t off = 0;

	if (!val_uint(val_get(note, "off"), &off) || !val_get_str(note, "text", s, n))
		return false;
	if (off > *have)
		a->gap = true;
	if (a->gap || off + *n <= *have)
		return false;
	*s += *have - off;
	*n -= (size_t)(*have - off);
	*have += *n;
	return true;
}

static enum answer_news take_delta(struct answer *a, struct val note, const char **s, size_t *n)
{
	if (!new_part(a, note, &a->off, s, n))
		return ANSWER_NOTHING;
	sha256_add(&a->sum, *s, *n);
	if (a->keep)
		(void)buf_add(&a->text, *s, *n);
	return ANSWER_TEXT;
}

static enum answer_news take_reasoning(struct answer *a, struct val note, const char **s, size_t *n)
{
	if (!new_part(a, note, &a->roff, s, n))
		return ANSWER_NOTHING;
	if (a->keep)
		(void)buf_add(&a->reasoning, *s, *n);
	return ANSWER_REASONING;
}

static char *json_of(struct val v)
{
	struct buf out = { 0 };
	struct json_out w;

	json_out_init(&w, &out);
	val_to_json(v, &w);
	return buf_steal(&out, NULL);
}

void marks_take(struct marks *l, struct val list)
{
	char *json = val_type(list) == VAL_ARRAY ? json_of(list) : NULL;

	if (json)
		marks_read(l, json, strlen(json));
	mem_free(json);
}

static bool is_weak(const struct marks *marks, int64_t n)
{
	for (size_t i = 0; marks && i < marks->n; i++)
		if (marks->v[i].n == n && marks->v[i].verdict == MARK_WEAK)
			return true;
	return false;
}

void source_line(struct val source, const struct marks *marks, struct buf *out)
{
	int64_t number = val_get_int(source, "n", 0);
	bool weak = is_weak(marks, number);
	const char *url;
	size_t n;

	(void)buf_addf(out, "[%lld%s]", (long long)number, weak ? "?" : "");
	place_add(source, out);
	if (val_get_str(source, "url", &url, &n) && n) {
		(void)buf_add_str(out, "  ");
		(void)buf_add(out, url, n);
	}
	if (weak)
		(void)buf_add_str(out, "  (weak support: check it)");
	if (val_get_bool(source, "stale", false))
		(void)buf_add_str(out, "  (changed or gone since)");
	(void)buf_add_byte(out, '\n');
}

static enum answer_news take_source(struct answer *a, struct val note)
{
	struct val source = val_get(note, "source");
	char *json;

	if (val_type(source) != VAL_MAP)
		return ANSWER_NOTHING;
	json = json_of(source);
	if (a->sources.len)
		(void)buf_add_byte(&a->sources, ',');
	(void)buf_add_str(&a->sources, json ? json : "null");
	mem_free(json);
	/*
	 * Passages that went into the prompt and that the answer does not name are no sources of
	 * it.
	 */
	if (val_get_bool(source, "cited", true))
		source_line(source, &a->marks, &a->source_lines);
	return ANSWER_SOURCE;
}

static enum answer_news take_marks(struct answer *a, struct val note)
{
	struct val list = val_get(note, "marks");

	if (val_type(list) != VAL_ARRAY || a->marks_json)
		return ANSWER_OTHER;
	a->marks_json = json_of(list);
	marks_take(&a->marks, list);
	return ANSWER_OTHER;
}

static enum answer_news take_words(struct answer *a, struct val note, const char **s, size_t *n)
{
	struct val list = val_get(note, "words");

	buf_reset(&a->words);
	for (size_t i = 0; i < val_count(list); i++) {
		if (!val_str(val_at(list, i), s, n))
			continue;
		(void)buf_add(&a->words, *s, *n);
		(void)buf_add_byte(&a->words, '\n');
	}
	*s = (const char *)a->words.data;
	*n = a->words.len;
	return ANSWER_WORDS;
}

static void take_usage(struct answer *a, struct val usage)
{
	if (val_type(usage) != VAL_MAP)
		return;
	mem_free(a->usage);
	a->usage = json_of(usage);
	a->tokens = val_get_int(usage, "completion_tokens", val_get_int(usage, "total_tokens", -1));
}

void answer_set_error(struct answer *a, int code, const char *name, const char *message)
{
	mem_free(a->error_name);
	mem_free(a->error_message);
	a->error_code = code;
	a->error_name = mem_dup(name && *name ? name : proto_error_name(code));
	a->error_message = mem_dup(message && *message ? message : proto_error_text(code));
}

static void take_error(struct answer *a, struct val error)
{
	char *name = val_get_text(error, "name"), *message = val_get_text(error, "message");

	answer_set_error(a, (int)val_get_int(error, "code", PROTO_E_INTERNAL), name, message);
	mem_free(name);
	mem_free(message);
}

static enum answer_news take_notice(struct answer *a, struct val note, const char **s, size_t *n)
{
	if (val_str_is(val_get(note, "name"), "suspected_error"))
		a->suspected = true;
	(void)val_get_str(note, "text", s, n);
	if (val_str_is(val_get(note, "name"), "citation") && *n && **s != '[') {
		(void)buf_add(&a->figures, *s, *n);
		(void)buf_add_byte(&a->figures, '\n');
	}
	return ANSWER_NOTICE;
}

void answer_take_end(struct answer *a, struct val map)
{
	struct val notices = val_get(map, "notices");
	bool found;

	take_text(&a->state, map, "state");
	take_text(&a->finish_reason, map, "finish_reason");
	take_id(a->thread, val_get(map, "thread"));
	if (val_bool(val_get(map, "found"), &found))
		a->found = found;
	a->coverage = val_get_float(map, "coverage", a->coverage);
	a->seconds = val_get_float(map, "seconds", a->seconds);
	if (val_type(val_get(map, "passages")) == VAL_ARRAY && !a->passages)
		a->passages = json_of(val_get(map, "passages"));
	take_usage(a, val_get(map, "usage"));
	if (val_type(val_get(map, "error")) == VAL_MAP)
		take_error(a, val_get(map, "error"));
	for (size_t i = 0; i < val_count(notices); i++)
		if (val_str_is(val_get(val_at(notices, i), "name"), "suspected_error"))
			a->suspected = true;
}

/*
 * What was printed has to be what is stored: the last word of the daemon says how long it is, and
 * its sum.
 */
static enum answer_news take_done(struct answer *a, struct val note)
{
	char ours[SHA256_HEX + 1], *theirs = val_get_text(note, "sha256");
	int64_t length = val_get_int(note, "length", -1);

	answer_take_end(a, note);
	if (!a->state)
		a->state = mem_dup("failed");
	sha256_end_hex(&a->sum, ours);
	if (length >= 0 && (uint64_t)length != a->off)
		a->differs = true;
	if (!a->from && theirs && strcmp(ours, theirs) != 0)
		a->differs = true;
	mem_free(theirs);
	return ANSWER_DONE;
}

enum answer_news answer_take(struct answer *a, struct val note, const char **s, size_t *n)
{
	struct val kind = val_get(note, "kind");
	int64_t ev;

	*s = "";
	*n = 0;
	if (a->state)
		return ANSWER_NOTHING;
	if (val_str_is(kind, "delta"))
		return take_delta(a, note, s, n);
	if (val_str_is(kind, "reasoning"))
		return take_reasoning(a, note, s, n);
	ev = val_get_int(note, "ev", 0);
	if (val_str_is(kind, "done"))
		return take_done(a, note);
	if (ev && ev <= a->ev)
		return ANSWER_NOTHING;
	a->ev = ev ? ev : a->ev;
	if (val_str_is(kind, "status")) {
		(void)val_get_str(note, "text", s, n);
		return ANSWER_STATUS;
	}
	if (val_str_is(kind, "notice"))
		return take_notice(a, note, s, n);
	if (val_str_is(kind, "citation"))
		return take_source(a, note);
	if (val_str_is(kind, "words"))
		return take_words(a, note, s, n);
	if (val_str_is(kind, "marks"))
		return take_marks(a, note);
	if (val_str_is(kind, "usage")) {
		take_usage(a, val_get(note, "usage"));
		return ANSWER_USAGE;
	}
	if (val_str_is(kind, "error")) {
		take_error(a, note);
		return ANSWER_ERROR;
	}
	return ANSWER_OTHER;
}

bool answer_ended_as(const struct answer *a, const char *state)
{
	return a->state && !strcmp(a->state, state);
}

static bool cut_by(const struct answer *a, const char *reason)
{
	return a->finish_reason && !strcmp(a->finish_reason, reason);
}

int answer_status(const struct answer *a)
{
	if (answer_ended_as(a, "cancelled"))
		return STATUS_CANCELLED;
	if (answer_ended_as(a, "done")) {
		bool whole = !cut_by(a, "length") && !cut_by(a, "content_filter") && !a->suspected;

		return whole && !a->gap && !a->differs ? STATUS_OK : STATUS_FAILED;
	}
	if (answer_ended_as(a, "failed") && a->error_code)
		return proto_error_exit(a->error_code);
	return STATUS_FAILED;
}

static void say_again(const struct answer *a, bool saved, const char *again)
{
	if (saved && again)
		say("what came is kept; to ask again: %s", again);
	else if (saved)
		say("what came is kept; to ask again: `ragchat retry %.8s`", a->turn);
}

static void say_failed(const struct answer *a, bool saved, const char *again)
{
	say_as(link_culprit(a->error_name), "%s",
		a->error_message ? a->error_message : "the answer failed");
	say_again(a, saved && a->off, again);
}

void answer_say(const struct answer *a, bool saved, const char *again)
{
	if (answer_ended_as(a, "failed"))
		say_failed(a, saved, again);
	else if (answer_ended_as(a, "cancelled"))
		say("cancelled%s", saved && a->off ? "; what came is kept" : "");
	else if (answer_ended_as(a, "interrupted") || !a->state) {
		say_as("daemon", "interrupted: it ended before the answer was complete");
		say_again(a, saved, again);
	} else if (cut_by(a, "length"))
		say_as("backend", "the answer was cut at its length limit (finish_reason length)");
	else if (cut_by(a, "content_filter"))
		say_as("backend",
			"a content filter stopped the answer (finish_reason content_filter)");
	else if (a->suspected)
		say_as("backend",
			"the answer ends with what looks like an error message of the backend");
	if (a->gap || a->differs)
		say("what was printed is not the stored answer; see `ragchat show %.8s`", a->turn);
}
