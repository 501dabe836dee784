/* Telling replies apart, and the reader of JSON values that follow each other. */
#include "daemon/upstream/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/errors.h"

enum { UNKNOWN, EVENTS, VALUES, PAGE, PACKED };

static const unsigned char bom[3] = { 0xEF, 0xBB, 0xBF };

void answer_init(struct answer *a, const struct dialect_options *o, size_t max_event,
	const struct upstream_events *ev, void *ctx, struct buf *scratch)
{
	*a = (struct answer){ .max_event = max_event };
	dialect_init(&a->dialect, o, ev, ctx, scratch);
	sse_init(&a->sse, max_event);
	a->value.max = max_event;
}

void answer_fini(struct answer *a)
{
	dialect_fini(&a->dialect);
	sse_fini(&a->sse);
	buf_fini(&a->value);
	a->head = mem_free(a->head);
}

/* How the reply begins is of interest only while it is no answer. */
static void keep_head(struct answer *a, const char *p, size_t n)
{
	if (a->dialect.chunks || a->head_n == ANSWER_HEAD) {
		if (a->dialect.chunks && a->head) {
			a->head = mem_free(a->head);
			a->head_n = ANSWER_HEAD;
		}
		return;
	}
	n = min_of(n, ANSWER_HEAD - a->head_n);
	if (!a->head)
		a->head = mem_new(ANSWER_HEAD);
	memcpy(a->head + a->head_n, p, n);
	a->head_n += n;
}

static int on_event(void *ctx, const char *name, size_t name_len, const char *data, size_t n)
{
	struct answer *a = ctx;

	return dialect_event(&a->dialect, name, name_len, data, n);
}

/* A line between values: "data: ..." as in an event stream, or nothing we know. */
static int take_line(struct answer *a)
{
	const char *p = buf_cstr(&a->value);
	size_t n = a->value.len;

	if (n > 5 && !memcmp(p, "data:", 5))
		return dialect_event(&a->dialect, "", 0, p + 5, n - 5);
	if (n && *p != ':' && memcmp(p, "event", min_of(n, (size_t)5)))
		return dialect_event(&a->dialect, "", 0, p, n);
	return 0;
}

static int take_value(struct answer *a)
{
	int r = dialect_event(&a->dialect, "", 0, buf_cstr(&a->value), a->value.len);

	buf_fini(&a->value);
	return r;
}

/* Bytes of the value that p begins or goes on with. Sets `whole` when it ends there. */
static size_t value_span(struct answer *a, const char *p, size_t n, bool *whole)
{
	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (a->in_string) {
			if (a->escape)
				a->escape = false;
			else if (c == '\\')
				a->escape = true;
			else if (c == '"')
				a->in_string = false;
		} else if (c == '"') {
			a->in_string = true;
		} else if (c == '{' || c == '[') {
			a->depth++;
		} else if ((c == '}' || c == ']') && --a->depth == 0) {
			*whole = true;
			return i + 1;
		}
	}
	return n;
}

static size_t line_span(const char *p, size_t n, bool *whole)
{
	size_t i = 0;

	while (i < n && p[i] != '\n' && p[i] != '\r')
		i++;
	*whole = i < n;
	return i;
}

static int feed_values(struct answer *a, const char *p, size_t n)
{
	int r = 0;

	while (r == 0 && n) {
		bool whole = false, line = !a->depth && a->value.len;
		size_t used;

		if (!a->depth && !line) {
			if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t' || *p == ',') {
				p++, n--;
				continue;
			}
			line = *p != '{' && *p != '[';
		}
		used = line ? line_span(p, n, &whole) : value_span(a, p, n, &whole);
		r = buf_add(&a->value, p, used);
		if (r == 0 && whole && line) {
			r = take_line(a);
			buf_fini(&a->value);
		} else if (r == 0 && whole) {
			r = take_value(a);
		}
		p += used;
		n -= used;
	}
	return r;
}

/* Bytes of white space and byte order mark before the first byte that tells; then a->kind is set. */
static size_t sniff(struct answer *a, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (a->bom < 3 && c == bom[a->bom]) {
			a->bom++;
			continue;
		}
		if (c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		a->kind = c == '{' || c == '[' ? VALUES : c == '<' ? PAGE : c == 0x1F ? PACKED : EVENTS;
		return i;
	}
	return n;
}

int answer_feed(struct answer *a, const char *p, size_t n)
{
	a->bytes += n;
	if (a->r)
		return a->r;
	keep_head(a, p, n);
	if (a->kind == UNKNOWN) {
		size_t skip = sniff(a, p, n);

		p += skip;
		n -= skip;
	}
	switch (a->kind) {
	case EVENTS:
		a->r = sse_feed(&a->sse, p, n, on_event, a);
		break;
	case VALUES:
		a->r = feed_values(a, p, n);
		break;
	case PAGE:
	case PACKED:
		a->r = 1; /* nothing further in it is of use */
		break;
	default:
		break;
	}
	return a->r;
}

void answer_end(struct answer *a)
{
	if (!a->r) {
		a->dialect.eof = true;
		if (a->kind == EVENTS)
			a->r = sse_end(&a->sse, on_event, a);
		else if (a->kind == VALUES && !a->depth && a->value.len)
			a->r = take_line(a);
		/* A whole message in JSON that came to its end needs nobody to say that it is complete. */
		if (a->kind == VALUES && !a->depth && a->dialect.whole_n)
			a->dialect.done = true;
	}
	dialect_close(&a->dialect);
}

/* A reply in which nothing of an answer was found. */
static char *no_answer(const struct answer *a)
{
	char *line, *text;

	if (a->kind == PAGE)
		return mem_dup("the backend answered with a web page; is the address right, and is no log-in needed "
			       "there?");
	if (a->kind == PACKED)
		return mem_dup("the backend sent compressed data without saying so");
	if (!a->head_n)
		return mem_dup("the backend sent an empty reply; is the address right?");
	line = errors_line(a->head, a->head_n, 200);
	text = mem_printf("the backend's reply is not an answer: '%s'; is the address right?", line);
	free(line);
	return text;
}

enum upstream_result answer_verdict(const struct answer *a, char **text)
{
	const struct dialect *d = &a->dialect;

	if (a->r == -ENOBUFS && d->result == UPSTREAM_OK) {
		*text = mem_printf("one event of the answer is larger than the limit of %zu bytes", a->max_event);
		return UPSTREAM_E_TOO_LARGE;
	}
	if (a->r < 0 && d->result == UPSTREAM_OK) {
		*text = mem_dup("no memory for an event of the answer");
		return UPSTREAM_E_TOO_LARGE;
	}
	if (!d->chunks && !d->bad && d->result == UPSTREAM_OK && !d->finished && !d->text_given) {
		*text = no_answer(a);
		return UPSTREAM_E_PROTOCOL;
	}
	return dialect_verdict(d, text);
}
