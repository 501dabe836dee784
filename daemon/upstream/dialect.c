/* From events to what the answer's owner is told: which events count, and what it all amounts to.
 */
#include "daemon/upstream/dialect.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/citations.h"
#include "daemon/upstream/dialect_in.h"
#include "daemon/upstream/errors.h"

#define SHOWN 200 /* bytes of a broken event that are told */
#define SCRATCH_KEEP 65536

void dialect_init(struct dialect *d, const struct dialect_options *o,
	const struct upstream_events *ev, void *ctx, struct buf *scratch)
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

void dialect_notice(struct dialect *d, const char *name, const char *text)
{
	if (!d->mute && d->ev->on_notice)
		d->ev->on_notice(d->ctx, name, text);
}

/* The first failure stands. text is taken. */
int dialect_fail(struct dialect *d, enum upstream_result result, char *text)
{
	if (d->result != UPSTREAM_OK) {
		free(text);
		return DIALECT_STOP;
	}
	d->result = result;
	d->trouble = text;
	return DIALECT_STOP;
}

/* Something that is no event of an answer. At the end of the stream it is one that was cut. */
static int bad_event(struct dialect *d, const char *data, size_t n)
{
	if (d->eof || d->replay)
		return 0;
	if (!d->bad++) {
		d->first_bad = errors_line(data, n, SHOWN);
		dialect_notice(d, "bad_event", d->first_bad);
	}
	return d->bad > DIALECT_BAD_MAX ? DIALECT_STOP : 0;
}

static int dialect_object(struct dialect *d, struct json *j, const char *data, size_t n)
{
	const char *start = j->p;
	struct completion c;

	if (!completion_read(j, d->index, &c))
		return bad_event(d, data, n);
	return dialect_chunk(d, &c, start, (size_t)(j->p - start));
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
	dialect_content(d, &s);
	d->chunks += s.n > 0;
	return d->result == UPSTREAM_OK ? 0 : DIALECT_STOP;
}

/* One or more JSON values: an event may hold several where a backend forgets the blank line. */
int dialect_value(struct dialect *d, const char *data, size_t n)
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
			return DIALECT_STOP;
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
	r = dialect_fail(d, t.result, trouble_text(&t));
	trouble_fini(&t);
	return r;
}

static int named_event(
	struct dialect *d, const char *name, size_t name_len, const char *data, size_t n)
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
		return DIALECT_STOP;
	}
	if (name_is(name, name_len, sources, array_len(sources))) {
		citations_any(&d->sources, &raw);
	} else if (!d->unnamed && !name_is(name, name_len, alive, array_len(alive))) {
		char *text = errors_line(name, name_len, 64);

		d->unnamed = true;
		dialect_notice(d, "unknown_event", text);
		free(text);
	}
	return 0;
}

/* Plain text where JSON belongs: a rewrapped comment, an error in words, or something unreadable.
 */
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
		return DIALECT_STOP;
	buf_shrink(d->scratch, SCRATCH_KEEP);
	if (name_len && !(name_len == 7 && !memcmp(name, "message", 7)))
		return named_event(d, name, name_len, data, n);
	while (n && (*data == ' ' || *data == '\t'))
		data++, n--;
	if (!n)
		return 0;
	return *data == '{' ? dialect_value(d, data, n) : plain_event(d, data, n);
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
		dialect_settle_index(d, d->early_index);
	dialect_end_text(d);
	if (d->suspect)
		dialect_notice(d, "suspected_error", d->suspect);
	give_sources(d);
	if (d->usage && !d->mute && d->ev->on_usage)
		d->ev->on_usage(d->ctx, d->usage, strlen(d->usage));
}

/* An answer that was cut on purpose may be empty; one that ended well may not. */
static bool may_be_empty(const char *finish)
{
	static const char *const cut[] = { "length", "content_filter", "max_tokens", "MAX_TOKENS",
		"SAFETY", "RECITATION", "abort" };

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
			d->bad > DIALECT_BAD_MAX ? "more than " : "",
			min_of(d->bad, (unsigned)DIALECT_BAD_MAX), d->bad > 1 ? "s" : "",
			d->first_bad);
		return UPSTREAM_E_PROTOCOL;
	}
	if (!d->finished && !d->done) {
		*text = mem_dup("the answer broke off: the backend ended it without saying that it "
				"was complete");
		return UPSTREAM_E_TRUNCATED;
	}
	if (!d->text_given && !may_be_empty(d->finish_reason)) {
		*text = d->tools ? mem_dup("the model asked for a tool and gave no answer; tools "
					   "are not run")
				 : mem_dup("the backend gave an empty answer");
		return UPSTREAM_E_ERROR;
	}
	return UPSTREAM_OK;
}
