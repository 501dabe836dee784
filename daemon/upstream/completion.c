/* Reading of chunks: which key means what, for every dialect that was met. */
#include "daemon/upstream/completion.h"

#include <string.h>

/* null, false, 0 and what is empty say nothing. */
static bool says_nothing(const struct json_slice *raw)
{
	static const char *const nothing[] = { "null", "false", "0", "\"\"", "{}", "[]" };

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (raw->n == strlen(nothing[i]) && !memcmp(raw->p, nothing[i], raw->n))
			return true;
	return false;
}

static void read_raw(struct json *j, struct json_slice *to)
{
	struct json_slice raw;

	if (json_raw(j, &raw) && !says_nothing(&raw))
		*to = raw;
}

static void read_string(struct json *j, struct json_slice *to)
{
	struct json_slice s;

	if (json_string(j, &s))
		*to = s;
}

static void read_content(struct json *j, struct completion_choice *c)
{
	struct json_slice s;

	if (json_string(j, &s)) {
		c->content = s;
		c->parts = false;
	} else if (json_peek(j) == JSON_ARRAY && json_raw(j, &s)) {
		c->content = s;
		c->parts = true;
	}
}

/* Two names for one thing may come together: the first that says something counts. */
static void read_reasoning(struct json *j, struct completion_choice *c)
{
	struct json_slice s;

	if (json_string(j, &s)) {
		if (s.n && (!c->reasoning.p || c->reasoning_parts)) {
			c->reasoning = s;
			c->reasoning_parts = false;
		}
	} else if (json_peek(j) == JSON_ARRAY && json_raw(j, &s)) {
		if (!c->reasoning.p) {
			c->reasoning = s;
			c->reasoning_parts = true;
		}
	}
}

/* Gemini: {"google": {"thought": true}}. */
static void read_extra_content(struct json *j, struct completion_choice *c)
{
	struct json_slice key;
	bool thought = false;

	if (!json_object(j))
		return;
	while (json_key(j, &key)) {
		if (!key_is(&key, "google") || !json_object(j))
			continue;
		while (json_key(j, &key))
			if (key_is(&key, "thought") && json_bool(j, &thought) && thought)
				c->thought = true;
	}
}

static void read_finish(struct json *j, struct completion_choice *c)
{
	struct json_slice s;

	if (json_string(j, &s) || (json_peek(j) == JSON_NUMBER && json_raw(j, &s)))
		if (s.n) /* "" means null */
			c->finish = s;
}

bool completion_read_message(struct json *j, struct completion_choice *c)
{
	struct json_slice key;

	if (!json_object(j))
		return false;
	while (json_key(j, &key)) {
		if (key_is(&key, "content"))
			read_content(j, c);
		else if (key_is(&key, "reasoning_content") || key_is(&key, "reasoning") ||
			 key_is(&key, "reasoning_details"))
			read_reasoning(j, c);
		else if (key_is(&key, "refusal"))
			read_string(j, &c->refusal);
		else if (key_is(&key, "tool_calls") || key_is(&key, "function_call"))
			read_raw(j, &c->tools);
		else if (key_is(&key, "annotations"))
			read_raw(j, &c->cite[CITE_ANNOTATIONS]);
		else if (key_is(&key, "context"))
			read_raw(j, &c->cite[CITE_CONTEXT]);
		else if (key_is(&key, "executed_tools"))
			read_raw(j, &c->cite[CITE_TOOLS]);
		else if (key_is(&key, "extra_content"))
			read_extra_content(j, c);
	}
	return !j->failed;
}

/* A delta, or where there is none the whole message beside it. */
static void read_choice_text(const struct json_slice *message, const struct json_slice *text,
	struct completion_choice *c)
{
	struct json j;

	if (message->p) {
		json_init(&j, message->p, message->n, COMPLETION_DEPTH);
		if (json_peek(&j) == JSON_STRING)
			read_string(&j, &c->content);
		else
			completion_read_message(&j, c);
		c->whole = true;
	} else if (text->p) {
		c->content = *text;
	}
}

static bool read_choice(struct json *j, struct completion *chunk, struct completion_choice *c)
{
	struct json_slice key, message = { 0 }, text = { 0 };
	bool delta = false;

	*c = (struct completion_choice){ 0 };
	if (!json_object(j))
		return false;
	while (json_key(j, &key)) {
		if (key_is(&key, "delta")) {
			if (json_peek(j) == JSON_STRING)
				read_string(j, &text);
			else if (json_peek(j) == JSON_OBJECT)
				delta = completion_read_message(j, c);
		} else if (key_is(&key, "index")) {
			json_integer(j, &c->index);
		} else if (key_is(&key, "finish_reason")) {
			read_finish(j, c);
		} else if (key_is(&key, "message")) {
			read_raw(j, &message);
		} else if (key_is(&key, "messages")) {
			read_raw(j, &c->messages);
		} else if (key_is(&key, "text")) {
			read_string(j, &text);
		} else if (key_is(&key, "end_turn")) {
			json_bool(j, &c->end_turn);
		} else if (key_is(&key, "error")) {
			read_raw(j, &chunk->error);
		}
	}
	if (!delta)
		read_choice_text(&message, &text, c);
	return !j->failed;
}

static void read_choices(struct json *j, int64_t want, struct completion *c)
{
	struct completion_choice one = { 0 };

	c->has_choices = true;
	if (!json_array(j))
		return;
	while (json_item(j)) {
		struct completion_choice *to = c->has_choice ? &one : &c->choice;

		if (!read_choice(j, c, to))
			continue;
		if (want != COMPLETION_ANY_INDEX && to->index != want) {
			c->has_other = true;
			continue;
		}
		if (to == &one) {
			c->has_other = true;
			if (want != COMPLETION_ANY_INDEX || one.index >= c->choice.index)
				continue;
			c->choice = one;
		}
		c->has_choice = true;
	}
}

/* The keys that no chat completion has, but home-made streams and other services do. */
static void read_other(struct json *j, const struct json_slice *key, struct completion *c)
{
	if (key_is(key, "token") || key_is(key, "text") || key_is(key, "content") ||
		key_is(key, "delta") || key_is(key, "response"))
		read_string(j, &c->text);
	else if (key_is(key, "done"))
		json_bool(j, &c->done);
	else if (key_is(key, "message"))
		read_raw(j, &c->message);
	else if (key_is(key, "detail") || key_is(key, "errors"))
		read_raw(j, &c->detail);
	else if (key_is(key, "citations"))
		read_raw(j, &c->citations);
	else if (key_is(key, "search_results"))
		read_raw(j, &c->results);
	else if (key_is(key, "sources"))
		read_raw(j, &c->sources);
	else if (key_is(key, "extra"))
		read_raw(j, &c->extra);
	else if (key_is(key, "event"))
		read_raw(j, &c->event);
}

bool completion_read(struct json *j, int64_t want, struct completion *c)
{
	struct json_slice key;

	*c = (struct completion){ 0 };
	if (!json_object(j))
		return false;
	while (json_key(j, &key)) {
		if (key_is(&key, "choices"))
			read_choices(j, want, c);
		else if (key_is(&key, "id") || key_is(&key, "object") || key_is(&key, "created") ||
			 key_is(&key, "system_fingerprint"))
			json_skip(j);
		else if (key_is(&key, "model"))
			read_string(j, &c->model);
		else if (key_is(&key, "usage"))
			read_raw(j, &c->usage);
		else if (key_is(&key, "error"))
			read_raw(j, &c->error);
		else
			read_other(j, &key, c);
	}
	return !j->failed;
}
