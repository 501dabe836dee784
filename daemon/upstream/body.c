/* Telling replies apart, and the reader of JSON values that follow each other. */
#include "daemon/upstream/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/errors.h"

enum { UNKNOWN, EVENTS, VALUES, PAGE, PACKED };

static const unsigned char bom[3] = { 0xEF, 0xBB, 0xBF };

void body_init(struct body *b, const struct dialect_options *o, size_t max_event,
	const struct upstream_events *ev, void *ctx, struct buf *scratch)
{
	*b = (struct body){ .max_event = max_event };
	dialect_init(&b->dialect, o, ev, ctx, scratch);
	sse_init(&b->sse, max_event);
	b->value.max = max_event;
}

void body_fini(struct body *b)
{
	dialect_fini(&b->dialect);
	sse_fini(&b->sse);
	buf_fini(&b->value);
	b->head = mem_free(b->head);
}

/* How the reply begins is of interest only while it is no answer. */
static void keep_head(struct body *b, const char *p, size_t n)
{
	if (b->dialect.chunks || b->head_n == BODY_HEAD) {
		if (b->dialect.chunks && b->head) {
			b->head = mem_free(b->head);
			b->head_n = BODY_HEAD;
		}
		return;
	}
	n = min_of(n, BODY_HEAD - b->head_n);
	if (!b->head)
		b->head = mem_new(BODY_HEAD);
	memcpy(b->head + b->head_n, p, n);
	b->head_n += n;
}

static int on_event(void *ctx, const char *name, size_t name_len, const char *data, size_t n)
{
	struct body *b = ctx;

	return dialect_event(&b->dialect, name, name_len, data, n);
}

/* A line between values: "data: ..." as in an event stream, or nothing we know. */
static int take_line(struct body *b)
{
	const char *p = buf_cstr(&b->value);
	size_t n = b->value.len;

	if (n > 5 && !memcmp(p, "data:", 5))
		return dialect_event(&b->dialect, "", 0, p + 5, n - 5);
	if (n && *p != ':' && memcmp(p, "event", min_of(n, (size_t)5)))
		return dialect_event(&b->dialect, "", 0, p, n);
	return 0;
}

static int take_value(struct body *b)
{
	int r = dialect_event(&b->dialect, "", 0, buf_cstr(&b->value), b->value.len);

	buf_fini(&b->value);
	return r;
}

/* Bytes of the value that p begins or goes on with. Sets `whole` when it ends there. */
static size_t value_span(struct body *b, const char *p, size_t n, bool *whole)
{
	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (b->in_string) {
			if (b->escape)
				b->escape = false;
			else if (c == '\\')
				b->escape = true;
			else if (c == '"')
				b->in_string = false;
		} else if (c == '"') {
			b->in_string = true;
		} else if (c == '{' || c == '[') {
			b->depth++;
		} else if ((c == '}' || c == ']') && --b->depth == 0) {
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

static int feed_values(struct body *b, const char *p, size_t n)
{
	int r = 0;

	while (r == 0 && n) {
		bool whole = false, line = !b->depth && b->value.len;
		size_t used;

		if (!b->depth && !line) {
			if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t' || *p == ',') {
				p++, n--;
				continue;
			}
			line = *p != '{' && *p != '[';
		}
		used = line ? line_span(p, n, &whole) : value_span(b, p, n, &whole);
		r = buf_add(&b->value, p, used);
		if (r == 0 && whole && line) {
			r = take_line(b);
			buf_fini(&b->value);
		} else if (r == 0 && whole) {
			r = take_value(b);
		}
		p += used;
		n -= used;
	}
	return r;
}

/* Bytes of white space and byte order mark before the first byte that tells; then b->kind is set.
 */
static size_t sniff(struct body *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (b->bom < 3 && c == bom[b->bom]) {
			b->bom++;
			continue;
		}
		if (c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		b->kind = c == '{' || c == '[' ? VALUES
			  : c == '<'           ? PAGE
			  : c == 0x1F          ? PACKED
					       : EVENTS;
		return i;
	}
	return n;
}

int body_feed(struct body *b, const char *p, size_t n)
{
	b->bytes += n;
	if (b->r)
		return b->r;
	keep_head(b, p, n);
	if (b->kind == UNKNOWN) {
		size_t skip = sniff(b, p, n);

		p += skip;
		n -= skip;
	}
	switch (b->kind) {
	case EVENTS:
		b->r = sse_feed(&b->sse, p, n, on_event, b);
		break;
	case VALUES:
		b->r = feed_values(b, p, n);
		break;
	case PAGE:
	case PACKED:
		b->r = 1; /* nothing further in it is of use */
		break;
	default:
		break;
	}
	return b->r;
}

void body_end(struct body *b)
{
	if (!b->r) {
		b->dialect.eof = true;
		if (b->kind == EVENTS)
			b->r = sse_end(&b->sse, on_event, b);
		else if (b->kind == VALUES && !b->depth && b->value.len)
			b->r = take_line(b);
		/* A whole message in JSON that came to its end needs nobody to say that it is
		 * complete. */
		if (b->kind == VALUES && !b->depth && b->dialect.whole_n)
			b->dialect.done = true;
	}
	dialect_close(&b->dialect);
}

/* A reply in which nothing of an answer was found. */
static char *no_answer(const struct body *b)
{
	char *line, *text;

	if (b->kind == PAGE)
		return mem_dup("the backend answered with a web page; is the address right, and is "
			       "no log-in needed "
			       "there?");
	if (b->kind == PACKED)
		return mem_dup("the backend sent compressed data without saying so");
	if (b->dialect.done)
		return mem_dup("the backend ended the answer before it began");
	if (!b->head_n)
		return mem_dup("the backend sent an empty reply; is the address right?");
	line = errors_line(b->head, b->head_n, 200);
	text = mem_printf(
		"the backend's reply is not an answer: '%s'; is the address right?", line);
	free(line);
	return text;
}

enum upstream_result body_verdict(const struct body *b, char **text)
{
	const struct dialect *d = &b->dialect;

	if (b->r == -ENOBUFS && d->result == UPSTREAM_OK) {
		*text = mem_printf("one event of the answer is larger than %zu bytes (max_event)",
			b->max_event);
		return UPSTREAM_E_TOO_LARGE;
	}
	if (b->r < 0 && d->result == UPSTREAM_OK) {
		*text = mem_dup("no memory for an event of the answer");
		return UPSTREAM_E_TOO_LARGE;
	}
	if (!d->chunks && !d->bad && d->result == UPSTREAM_OK && !d->finished && !d->text_given) {
		*text = no_answer(b);
		return UPSTREAM_E_PROTOCOL;
	}
	return dialect_verdict(d, text);
}
