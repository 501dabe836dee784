/* Applying chunks: from what one event says to what the answer's owner is told. */
#include "daemon/upstream/dialect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/completion.h"
#include "daemon/upstream/citations.h"
#include "daemon/upstream/errors.h"

#define SHOWN 200          /* bytes of a broken event that are told */
#define NAME_MAX_BYTES 128 /* of a model, a tool, a finish_reason */
#define USAGE_MAX 16384
#define SUSPECT_MAX 2000
#define SCRATCH_KEEP 65536

enum { STOP = 1 };

void dialect_init(struct dialect *d, const struct dialect_options *o, const struct upstream_events *ev,
	void *ctx, struct buf *scratch)
{
	*d = (struct dialect){
		.ev = ev,
		.ctx = ctx,
		.scratch = scratch,
		.max_answer = o->max_answer ? o->max_answer : SIZE_MAX,
		.index = COMPLETION_ANY_INDEX,
	};
	think_init(&d->think, !o->inline_think);
	split_init(&d->split, o->raw_text);
}

void dialect_fini(struct dialect *d)
{
	mem_free(d->trouble);
	mem_free(d->finish_reason);
	mem_free(d->model);
	mem_free(d->usage);
	mem_free(d->suspect);
	mem_free(d->first_bad);
	split_fini(&d->split);
	buf_fini(&d->early);
	source_list_fini(&d->sources);
}

static void notice(struct dialect *d, const char *name, const char *text)
{
	if (!d->mute && d->ev->on_notice)
		d->ev->on_notice(d->ctx, name, text);
}

/* The first failure stands. text is taken. */
static int fail(struct dialect *d, enum upstream_result result, char *text)
{
	if (d->result != UPSTREAM_OK) {
		free(text);
		return STOP;
	}
	d->result = result;
	d->trouble = text;
	return STOP;
}

/* Counts n bytes of text against the bound; what is past it is cut. */
static size_t allowed(struct dialect *d, const char *s, size_t n)
{
	size_t room = d->max_answer - d->given;

	if (n > room) {
		n = utf8_floor(s, n, room);
		d->given = d->max_answer;
		fail(d, UPSTREAM_E_TOO_LARGE,
			mem_printf("the answer is longer than the limit of %zu bytes", d->max_answer));
		return n;
	}
	d->given += n;
	return n;
}

static void on_split_text(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	n = allowed(d, s, n);
	d->text_given += n;
	if (n && !d->mute && d->ev->on_delta)
		d->ev->on_delta(d->ctx, s, n);
}

static void on_split_status(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	if (!d->mute && d->ev->on_status)
		d->ev->on_status(d->ctx, s, n);
}

static void on_split_metadata(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	if (!d->mute && d->ev->on_metadata)
		d->ev->on_metadata(d->ctx, s, n);
}

static const struct split_events split_events = { on_split_text, on_split_status, on_split_metadata };

static void on_reasoning(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	n = allowed(d, s, n);
	if (n && !d->mute && d->ev->on_reasoning)
		d->ev->on_reasoning(d->ctx, s, n);
}

static void on_content(void *ctx, const char *s, size_t n)
{
	struct dialect *d = ctx;

	/* The tag was taken off the front, so the white space after it goes too. */
	if (d->think.found && !d->split.began)
		d->split.stripped = true;
	if (split_feed(&d->split, s, n, &split_events, d) < 0)
		fail(d, UPSTREAM_E_TOO_LARGE, mem_dup("no memory for the answer"));
}

static const struct think_events think_events = { on_reasoning, on_content };

/* The seed backend tells a failure as its last piece of text: "\n[Error: ...]", and then ends well. */
static void watch_suspect(struct dialect *d, const char *s, size_t n)
{
	static const char opening[] = "\n[Error: ";
	size_t len = sizeof(opening) - 1;

	if (d->suspect)
		d->suspect = mem_free(d->suspect);
	if (n > len && s[n - 1] == ']' && !memcmp(s, opening, len))
		d->suspect = errors_line(s + 2, n - 3, SUSPECT_MAX);
}

static void content(struct dialect *d, const char *s, size_t n)
{
	if (!n)
		return;
	watch_suspect(d, s, n);
	d->progress = true;
	if (think_off(&d->think))
		on_content(d, s, n);
	else
		think_feed(&d->think, s, n, &think_events, d);
}

/* Bytes at the end of s that begin a sequence whose rest may come with the next piece. */
static size_t cut_off(const char *s, size_t n)
{
	for (size_t k = 1; k <= 3 && k <= n; k++) {
		unsigned char c = (unsigned char)s[n - k];

		if (c >= 0xC0)
			return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) > k ? k : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

/* Raw bytes that continue what the last piece of this kind ended with. Returns how many. */
static size_t join(struct dialect_text *t, const char *s, size_t n, struct buf *out)
{
	size_t i = 0;

	while (t->bytes.nheld && i < n && ((unsigned char)s[i] & 0xC0) == 0x80)
		(void)utf8_clean_feed(&t->bytes, s + i++, 1, out);
	if (t->bytes.nheld && i < n)
		(void)utf8_clean_end(&t->bytes, out);
	return i;
}

/* The decoded text of a string, joined with what came before: a view into the string or the scratch. */
static int decode(struct dialect *d, struct dialect_text *t, const struct json_slice *s, const char **p,
	size_t *n)
{
	struct json_slice rest = *s;
	size_t used, cut;
	int r;

	if (!t->high && !t->bytes.nheld && !s->escaped && utf8_span(s->p, s->n) == s->n) {
		*p = s->p;
		*n = s->n;
		return 0;
	}
	buf_reset(d->scratch);
	used = join(t, s->p, s->n, d->scratch);
	rest.p += used;
	rest.n -= used;
	cut = cut_off(rest.p, rest.n);
	rest.n -= cut;
	r = rest.n ? json_unescape(&rest, d->scratch, &t->high) : 0;
	if (r == 0 && cut) {
		if (t->high)
			r = buf_add_str(d->scratch, "\xEF\xBF\xBD");
		t->high = 0;
		if (r == 0)
			r = utf8_clean_feed(&t->bytes, rest.p + rest.n, cut, d->scratch);
	}
	*p = buf_cstr(d->scratch);
	*n = d->scratch->len;
	return r;
}

static void no_memory(struct dialect *d)
{
	fail(d, UPSTREAM_E_TOO_LARGE, mem_dup("no memory for an event of the answer"));
}

static void take_content(struct dialect *d, const struct json_slice *s)
{
	const char *p;
	size_t n;

	if (!s->n)
		return;
	d->pieces = true;
	if (decode(d, &d->content, s, &p, &n) < 0)
		no_memory(d);
	else
		content(d, p, n);
}

static void take_reasoning(struct dialect *d, const struct json_slice *s)
{
	const char *p;
	size_t n;

	if (!s->n)
		return;
	d->progress = true;
	if (decode(d, &d->reasoning, s, &p, &n) < 0)
		no_memory(d);
	else
		on_reasoning(d, p, n);
}

static bool part_text(const struct json_slice *key)
{
	return key_is(key, "text") || key_is(key, "summary") || key_is(key, "thinking") ||
		key_is(key, "content");
}

/* Content or reasoning as a list of parts: Mistral's text and thinking, OpenRouter's reasoning_details. */
static void take_parts(struct dialect *d, const struct json_slice *raw, bool reasoning, unsigned depth)
{
	struct json_slice s, key, type, text, inner;
	struct json j;

	json_init(&j, raw->p, raw->n, COMPLETION_DEPTH);
	if (depth > 4 || !json_array(&j))
		return;
	while (json_item(&j)) {
		bool thinking = reasoning;

		text = inner = type = (struct json_slice){ 0 };
		if (json_string(&j, &s))
			text = s;
		else if (!json_object(&j))
			continue;
		else
			while (json_key(&j, &key)) {
				if (key_is(&key, "type") && json_string(&j, &type))
					thinking = thinking || json_slice_is(&type, "thinking") ||
						json_slice_is(&type, "reasoning");
				else if (!part_text(&key))
					continue;
				else if (!json_string(&j, &text))
					json_raw(&j, &inner);
			}
		if (inner.p)
			take_parts(d, &inner, thinking, depth + 1);
		else if (thinking)
			take_reasoning(d, &text);
		else
			take_content(d, &text);
	}
}

static uint64_t hash_bytes(uint64_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(1099511628211);
	return h;
}

/*
 * Text as a whole message. Some backends repeat it, each time longer, beside or instead of deltas:
 * what has been given already is not given again. What does not begin with it is a further piece.
 */
static void take_whole(struct dialect *d, const struct json_slice *s)
{
	uint64_t seed = UINT64_C(14695981039346656037);
	struct buf text = { 0 };
	size_t from = 0;

	if (!s->n || d->pieces)
		return; /* deltas brought it */
	if (json_unescape(s, &text, NULL) < 0) {
		no_memory(d);
	} else {
		const char *p = buf_cstr(&text);

		if (d->whole_n && text.len >= d->whole_n &&
			hash_bytes(seed, p, d->whole_n) == d->whole_hash)
			from = d->whole_n;
		d->whole_hash = hash_bytes(from || d->whole_n ? d->whole_hash : seed, p + from,
			text.len - from);
		d->whole_n += text.len - from;
		content(d, p + from, text.len - from);
	}
	buf_fini(&text);
}

static void take_tools(struct dialect *d, const struct json_slice *raw)
{
	char *text;

	if (d->tools)
		return;
	d->tools = true;
	text = errors_line(raw->p, raw->n, SHOWN);
	notice(d, "tool_calls", text);
	free(text);
}

static bool known_finish(const char *f)
{
	static const char *const known[] = { "stop", "length", "tool_calls", "function_call",
		"content_filter", "eos", "eos_token", "stop_sequence", "end_turn", "max_tokens",
		"MAX_TOKENS", "SAFETY", "RECITATION", "STOP", "COMPLETE", "abort", "error" };

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
	d->finish_reason = errors_line(buf_cstr(&text), text.len, NAME_MAX_BYTES);
	buf_fini(&text);
	if (!known_finish(d->finish_reason))
		notice(d, "unknown_finish", d->finish_reason);
	if (!strcmp(d->finish_reason, "error"))
		fail(d, UPSTREAM_E_ERROR, mem_dup("the backend ended the answer with an error and did not say which"));
}

static void finish_as(struct dialect *d, const char *reason)
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

static void take_message(struct dialect *d, const struct completion_choice *c)
{
	if (c->reasoning.p && c->reasoning_parts)
		take_parts(d, &c->reasoning, true, 0);
	else if (c->reasoning.p)
		take_reasoning(d, &c->reasoning);
	if (c->content.p && c->thought)
		take_reasoning(d, &c->content);
	else if (c->content.p && c->parts)
		take_parts(d, &c->content, false, 0);
	else if (c->content.p && c->whole)
		take_whole(d, &c->content);
	else if (c->content.p)
		take_content(d, &c->content);
	if (c->refusal.p && c->refusal.n) {
		if (!d->refused)
			notice(d, "refusal", "the model refused to answer");
		d->refused = true;
		take_content(d, &c->refusal);
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
		if (!(end && json_slice_is(&c.content, "[DONE]")))
			take_message(d, &c);
		if (end)
			finish_as(d, "end_turn");
	}
}

static void take_choice(struct dialect *d, const struct completion_choice *c)
{
	take_message(d, c);
	if (c->messages.p)
		take_messages(d, &c->messages);
	if (c->finish.p)
		take_finish(d, &c->finish);
	else if (c->end_turn)
		finish_as(d, "end_turn");
}

/* What the error itself does not say, the object around it may: {"error": true, "message": "..."}. */
static int take_error(struct dialect *d, const struct json_slice *raw, const char *around, size_t n)
{
	struct trouble t;
	int r;

	trouble_read_json(&t, raw->p, raw->n);
	if (!t.message) {
		trouble_fini(&t);
		trouble_read_json(&t, around, n);
	}
	r = fail(d, t.result, trouble_text(&t));
	trouble_fini(&t);
	return r;
}

/* A top-level message: an object is Ollama's own chunk, a string an error of some gateway. */
static int take_top_message(struct dialect *d, const struct json_slice *raw, const char *data, size_t n)
{
	struct json_slice all = { .p = data, .n = n };
	struct completion_choice c = { 0 };
	struct json j;

	if (*raw->p != '{')
		return take_error(d, &all, data, n);
	json_init(&j, raw->p, raw->n, COMPLETION_DEPTH);
	if (completion_read_message(&j, &c))
		take_message(d, &c);
	d->chunks++;
	return 0;
}

static void take_usage(struct dialect *d, const struct json_slice *raw)
{
	if (raw->n > USAGE_MAX || *raw->p != '{' || !utf8_valid_no_nul(raw->p, raw->n))
		return;
	mem_free(d->usage);
	d->usage = mem_ndup(raw->p, raw->n);
}

static void take_top(struct dialect *d, const struct completion *c)
{
	if (c->model.n && !d->model) {
		struct buf text = { .max = 65536 };

		if (json_unescape(&c->model, &text, NULL) == 0)
			d->model = errors_line(buf_cstr(&text), text.len, NAME_MAX_BYTES);
		buf_fini(&text);
	}
	if (c->usage.p)
		take_usage(d, &c->usage);
	if (c->citations.p)
		citations_list(&d->sources, &c->citations);
	if (c->results.p)
		citations_list(&d->sources, &c->results);
	if (c->sources.p)
		citations_list(&d->sources, &c->sources);
	if (c->extra.p)
		citations_any(&d->sources, &c->extra);
	if (c->event.p)
		citations_event(&d->sources, &c->event);
}

static int dialect_value(struct dialect *d, const char *data, size_t n);

/* The choice that is the answer is known: what was kept of it counts now. */
static void settle_index(struct dialect *d, int64_t index)
{
	struct buf early = d->early;
	size_t at = 0;

	d->index = index;
	d->early = (struct buf){ 0 };
	d->replay = true;
	while (index != 0 && at < early.len) {
		uint32_t n;

		memcpy(&n, early.data + at, sizeof(n));
		(void)dialect_value(d, (const char *)early.data + at + sizeof(n), n);
		at += sizeof(n) + n;
	}
	d->replay = false;
	buf_fini(&early);
}

/*
 * A choice with another index than 0 came first. With n > 1 index 0 is about to come; some gateways
 * number their only choice 1. So a few such events are kept until that is clear.
 */
static void wait_for_index(struct dialect *d, const struct completion *c, const char *data, size_t n)
{
	uint32_t len = (uint32_t)n;

	if (n > DIALECT_EARLY_BYTES || buf_add(&d->early, &len, sizeof(len)) < 0 ||
		buf_add(&d->early, data, n) < 0) {
		no_memory(d);
		return;
	}
	if (!d->early_events++ || c->choice.index < d->early_index)
		d->early_index = c->choice.index;
	if (d->early_events >= DIALECT_EARLY_EVENTS || d->early.len >= DIALECT_EARLY_BYTES ||
		c->choice.finish.p)
		settle_index(d, d->early_index);
}

static void take_choices(struct dialect *d, const struct completion *c, const char *data, size_t n)
{
	if (d->index == COMPLETION_ANY_INDEX && c->has_choice && c->choice.index != 0) {
		wait_for_index(d, c, data, n);
		return;
	}
	if (d->index == COMPLETION_ANY_INDEX && c->has_choice)
		settle_index(d, 0);
	if (c->has_choice)
		take_choice(d, &c->choice);
}

static int take_chunk(struct dialect *d, struct completion *c, const char *data, size_t n)
{
	if (d->replay) {
		if (c->has_choice)
			take_choice(d, &c->choice);
		return 0;
	}
	if (c->error.p)
		c->choice.finish = (struct json_slice){ 0 }; /* "error" there says less than the error */
	take_top(d, c);
	if (c->has_choices)
		take_choices(d, c, data, n);
	else if (c->message.p && !c->error.p && !c->text.p)
		take_top_message(d, &c->message, data, n);
	else if (c->text.p)
		take_content(d, &c->text);
	if (c->error.p)
		return take_error(d, &c->error, data, n);
	if (c->detail.p && !c->has_choices && !c->text.p)
		return take_error(d, &c->detail, data, n);
	d->chunks += c->has_choices || c->text.p;
	if (c->done && !c->has_choices)
		finish_as(d, "stop");
	return d->result == UPSTREAM_OK ? 0 : STOP;
}

/* Something that is no event of an answer. At the end of the stream it is one that was cut. */
static int bad_event(struct dialect *d, const char *data, size_t n)
{
	if (d->eof || d->replay)
		return 0;
	if (!d->bad++) {
		d->first_bad = errors_line(data, n, SHOWN);
		notice(d, "bad_event", d->first_bad);
	}
	return d->bad > DIALECT_BAD_MAX ? STOP : 0;
}

static int dialect_object(struct dialect *d, struct json *j, const char *data, size_t n)
{
	const char *start = j->p;
	struct completion c;

	if (!completion_read(j, d->index, &c))
		return bad_event(d, data, n);
	return take_chunk(d, &c, start, (size_t)(j->p - start));
}

/* A list is Gemini's way to say an error, or a whole stream at once. */
static int dialect_array(struct dialect *d, struct json *j, const char *data, size_t n)
{
	int r = 0;

	json_array(j);
	while (r == 0 && json_item(j)) {
		if (json_peek(j) != JSON_OBJECT)
			continue;
		r = dialect_object(d, j, data, n);
		if (j->failed)
			return r;
	}
	return r == 0 && j->failed ? bad_event(d, data, n) : r;
}

static int dialect_string(struct dialect *d, struct json *j, const char *data, size_t n)
{
	struct json_slice s;

	if (!json_string(j, &s))
		return bad_event(d, data, n);
	take_content(d, &s);
	d->chunks += s.n > 0;
	return d->result == UPSTREAM_OK ? 0 : STOP;
}

/* One or more JSON values: an event may hold several where a backend forgets the blank line. */
static int dialect_value(struct dialect *d, const char *data, size_t n)
{
	const char *p = data, *end = data + n;
	int r = 0;

	while (r == 0) {
		struct json j;

		while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
			p++;
		if (p == end)
			return 0;
		if (end - p >= 6 && !memcmp(p, "[DONE]", 6)) {
			d->done = true;
			return STOP;
		}
		json_init(&j, p, (size_t)(end - p), COMPLETION_DEPTH);
		switch (json_peek(&j)) {
		case JSON_OBJECT:
			r = dialect_object(d, &j, data, n);
			break;
		case JSON_ARRAY:
			r = dialect_array(d, &j, data, n);
			break;
		case JSON_STRING:
			r = dialect_string(d, &j, data, n);
			break;
		case JSON_NONE:
			return bad_event(d, data, n);
		default: /* null, true, 5: a keep-alive */
			if (!json_skip(&j))
				return bad_event(d, data, n);
		}
		if (j.failed)
			return r;
		p = j.p;
	}
	return r;
}

static bool name_is(const char *name, size_t n, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (n == strlen(names[i]) && !memcmp(name, names[i], n))
			return true;
	return false;
}

static int error_event(struct dialect *d, const char *data, size_t n)
{
	struct trouble t;
	int r;

	trouble_read_body(&t, data, n);
	r = fail(d, t.result, trouble_text(&t));
	trouble_fini(&t);
	return r;
}

static int named_event(struct dialect *d, const char *name, size_t name_len, const char *data, size_t n)
{
	static const char *const sources[] = { "sources", "citations", "grounding" };
	static const char *const ends[] = { "done", "end" };
	static const char *const alive[] = { "ping", "keepalive", "keep-alive", "heartbeat" };
	struct json_slice raw = { .p = data, .n = n };

	if (name_len == 5 && !memcmp(name, "error", 5))
		return error_event(d, data, n);
	if (n >= 6 && !memcmp(data, "[DONE]", 6))
		return dialect_value(d, data, n);
	if (name_is(name, name_len, ends, array_len(ends))) {
		d->done = true;
		return STOP;
	}
	if (name_is(name, name_len, sources, array_len(sources))) {
		citations_any(&d->sources, &raw);
	} else if (!d->unnamed && !name_is(name, name_len, alive, array_len(alive))) {
		char *text = errors_line(name, name_len, 64);

		d->unnamed = true;
		notice(d, "unknown_event", text);
		free(text);
	}
	return 0;
}

/* Plain text where JSON belongs: a rewrapped comment, an error in words, or something unreadable. */
static int plain_event(struct dialect *d, const char *data, size_t n)
{
	static const char *const errors[] = { "ERROR", "Error", "error" };

	if (*data == ':')
		return 0;
	for (size_t i = 0; i < array_len(errors); i++)
		if (n > 6 && !memcmp(data, errors[i], 5) && data[5] == ':')
			return error_event(d, data + 6, n - 6);
	return dialect_value(d, data, n);
}

int dialect_event(struct dialect *d, const char *name, size_t name_len, const char *data, size_t n)
{
	if (d->done || d->mute || d->result != UPSTREAM_OK)
		return STOP;
	buf_shrink(d->scratch, SCRATCH_KEEP);
	if (name_len && !(name_len == 7 && !memcmp(name, "message", 7)))
		return named_event(d, name, name_len, data, n);
	while (n && (*data == ' ' || *data == '\t'))
		data++, n--;
	if (!n)
		return 0;
	return *data == '{' ? dialect_value(d, data, n) : plain_event(d, data, n);
}

/* The half of something whose other half will not come. */
static void end_text(struct dialect *d, struct dialect_text *t, bool reasoning)
{
	buf_reset(d->scratch);
	(void)utf8_clean_end(&t->bytes, d->scratch);
	if (t->high)
		(void)buf_add_str(d->scratch, "\xEF\xBF\xBD");
	t->high = 0;
	if (d->scratch->len && reasoning)
		on_reasoning(d, buf_cstr(d->scratch), d->scratch->len);
	else
		content(d, buf_cstr(d->scratch), d->scratch->len);
}

static int by_number(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	return (x->n > y->n) - (x->n < y->n);
}

static void give_sources(struct dialect *d)
{
	if (!d->sources.n)
		return;
	qsort(d->sources.v, d->sources.n, sizeof(*d->sources.v), by_number);
	for (size_t i = 0; i < d->sources.n && !d->mute && d->ev->on_source; i++)
		d->ev->on_source(d->ctx, &d->sources.v[i]);
}

void dialect_close(struct dialect *d)
{
	if (d->closed)
		return;
	d->closed = true;
	if (d->index == COMPLETION_ANY_INDEX && d->early.len)
		settle_index(d, d->early_index);
	end_text(d, &d->reasoning, true);
	end_text(d, &d->content, false);
	think_end(&d->think, &think_events, d);
	(void)split_end(&d->split, &split_events, d);
	if (d->suspect)
		notice(d, "suspected_error", d->suspect);
	give_sources(d);
	if (d->usage && !d->mute && d->ev->on_usage)
		d->ev->on_usage(d->ctx, d->usage, strlen(d->usage));
}

/* An answer that was cut on purpose may be empty; one that ended well may not. */
static bool may_be_empty(const char *finish)
{
	static const char *const cut[] = { "length", "content_filter", "max_tokens", "MAX_TOKENS", "SAFETY",
		"RECITATION", "abort" };

	for (size_t i = 0; finish && i < array_len(cut); i++)
		if (!strcmp(finish, cut[i]))
			return true;
	return false;
}

enum upstream_result dialect_verdict(const struct dialect *d, char **text)
{
	*text = NULL;
	if (d->result != UPSTREAM_OK) {
		*text = mem_dup(d->trouble);
		return d->result;
	}
	if (d->bad) {
		*text = mem_printf("the backend sent %s%u event%s that cannot be read: '%s'",
			d->bad > DIALECT_BAD_MAX ? "more than " : "", min_of(d->bad, (unsigned)DIALECT_BAD_MAX),
			d->bad > 1 ? "s" : "", d->first_bad);
		return UPSTREAM_E_PROTOCOL;
	}
	if (!d->finished && !d->done) {
		*text = mem_dup("the answer broke off: the backend ended it without saying that it was complete");
		return UPSTREAM_E_TRUNCATED;
	}
	if (!d->text_given && !may_be_empty(d->finish_reason)) {
		*text = d->tools ? mem_dup("the model asked for a tool and gave no answer; tools are not run") :
				   mem_dup("the backend gave an empty answer");
		return UPSTREAM_E_ERROR;
	}
	return UPSTREAM_OK;
}
