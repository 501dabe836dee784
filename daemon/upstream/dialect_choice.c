/* What one choice of a chunk says, applied: its text, its finish_reason, its citations. */
#include "daemon/upstream/dialect_in.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/citations.h"
#include "daemon/upstream/errors.h"

#define TOOLS_SHOWN 200 /* bytes of a tool call that are told */
#define FINISH_MAX_BYTES 128

static void take_tools(struct dialect *d, const struct json_slice *raw)
{
	char *text;

	if (d->tools)
		return;
	d->tools = true;
	text = errors_line(raw->p, raw->n, TOOLS_SHOWN);
	dialect_notice(d, "tool_calls", text);
	free(text);
}

static bool known_finish(const char *f)
{
	static const char *const known[] = { "stop", "length", "tool_calls", "function_call",
		"content_filter", "eos", "eos_token", "stop_sequence", "end_turn", "max_tokens",
		"MAX_TOKENS", "SAFETY", "RECITATION", "DIALECT_STOP", "COMPLETE", "abort",
		"error" };

	for (size_t i = 0; i < array_len(known); i++)
		if (!strcmp(f, known[i]))
			return true;
	return false;
}

static void take_finish(struct dialect *d, const struct json_slice *s)
{
	struct buf text = { .max = 4096 };

	if (d->finished)
		return; /* the first reason stands */
	d->finished = true;
	(void)json_unescape(s, &text, NULL);
	d->finish_reason = errors_line(buf_cstr(&text), text.len, FINISH_MAX_BYTES);
	buf_fini(&text);
	if (!known_finish(d->finish_reason))
		dialect_notice(d, "unknown_finish", d->finish_reason);
	if (!strcmp(d->finish_reason, "error"))
		dialect_fail(d, UPSTREAM_E_ERROR,
			mem_dup("the backend ended the answer with an error and did not say "
				"which"));
}

void dialect_finish(struct dialect *d, const char *reason)
{
	struct json_slice s = { .p = reason, .n = strlen(reason) };

	take_finish(d, &s);
}

static void take_cites(struct dialect *d, const struct completion_choice *c)
{
	if (c->cite[CITE_ANNOTATIONS].p)
		citations_annotations(&d->sources, &c->cite[CITE_ANNOTATIONS]);
	if (c->cite[CITE_CONTEXT].p)
		citations_context(&d->sources, &c->cite[CITE_CONTEXT]);
	if (c->cite[CITE_TOOLS].p)
		citations_tools(&d->sources, &c->cite[CITE_TOOLS]);
}

void dialect_message(struct dialect *d, const struct completion_choice *c)
{
	if (c->reasoning.p && c->reasoning_parts)
		dialect_parts(d, &c->reasoning, true);
	else if (c->reasoning.p)
		dialect_reasoning(d, &c->reasoning);
	if (c->content.p && c->thought)
		dialect_reasoning(d, &c->content);
	else if (c->content.p && c->parts)
		dialect_parts(d, &c->content, false);
	else if (c->content.p && c->whole)
		dialect_whole(d, &c->content);
	else if (c->content.p)
		dialect_content(d, &c->content);
	if (c->refusal.p && c->refusal.n) {
		if (!d->refused)
			dialect_notice(d, "refusal", "the model refused to answer");
		d->refused = true;
		dialect_content(d, &c->refusal);
	}
	if (c->tools.p)
		take_tools(d, &c->tools);
	take_cites(d, c);
}

/* Azure's samples: choices[].messages[] of {role, content} or {delta: {...}, end_turn}. */
static void take_messages(struct dialect *d, const struct json_slice *raw)
{
	struct json_slice key, item, role;
	struct json j, m;

	json_init(&j, raw->p, raw->n, COMPLETION_DEPTH);
	if (!json_array(&j))
		return;
	while (json_item(&j)) {
		struct completion_choice c = { 0 };
		bool tool = false, end = false;

		if (json_peek(&j) != JSON_OBJECT || !json_raw(&j, &item))
			continue;
		json_init(&m, item.p, item.n, COMPLETION_DEPTH);
		json_object(&m);
		while (json_key(&m, &key)) {
			if (key_is(&key, "role") && json_string(&m, &role))
				tool = json_slice_is(&role, "tool");
			else if (key_is(&key, "end_turn"))
				json_bool(&m, &end);
			else if (key_is(&key, "delta"))
				json_raw(&m, &item);
		}
		json_init(&m, item.p, item.n, COMPLETION_DEPTH);
		completion_read_message(&m, &c);
		if (tool && c.content.p) {
			/* The content is JSON in a string: quotes and all. */
			struct json_slice string = { .p = c.content.p - 1, .n = c.content.n + 2 };

			citations_context(&d->sources, &string);
			continue;
		}
		if (!(end && c.content.p && json_slice_is(&c.content, "[DONE]")))
			dialect_message(d, &c);
		if (end)
			dialect_finish(d, "end_turn");
	}
}

void dialect_choice(struct dialect *d, const struct completion_choice *c)
{
	dialect_message(d, c);
	if (c->messages.p)
		take_messages(d, &c->messages);
	if (c->finish.p)
		take_finish(d, &c->finish);
	else if (c->end_turn)
		dialect_finish(d, "end_turn");
}
