/* Content-Length frames and lines. */
#include "client/framing.h"

#include <string.h>
#include <strings.h>

#include "common/attr.h"

void framing_init(struct framing *f, enum framing_mode mode)
{
	*f = (struct framing){ .mode = mode };
}

void framing_fini(struct framing *f)
{
	buf_wipe(&f->in);
}

/* What was taken goes, and is wiped: a password may have been in it. */
static void drop_taken(struct framing *f)
{
	if (!f->at)
		return;
	explicit_bzero(f->in.data, f->at);
	buf_consume(&f->in, f->at);
	f->looked -= min_of(f->looked, f->at);
	f->at = 0;
	buf_shrink(&f->in, 256u << 10);
}

uint8_t *framing_room(struct framing *f, size_t n)
{
	drop_taken(f);
	return buf_reserve(&f->in, n) == 0 ? f->in.data + f->in.len : NULL;
}

void framing_read(struct framing *f, size_t n)
{
	f->in.len += n;
}

static enum framing_result broken(struct framing *f, const char *why)
{
	f->why = why;
	return FRAMING_BROKEN;
}

/* Of a body or line that is too large, as much as is here. */
static void skip_some(struct framing *f)
{
	size_t n = min_of((uint64_t)(f->in.len - f->at), f->skip);

	f->at += n;
	f->skip -= n;
	f->looked = f->at;
}

/* ---- lines ---- */

static enum framing_result next_line(struct framing *f, const char **message, size_t *n)
{
	for (;;) {
		const char *base = (const char *)f->in.data, *end;
		size_t from = max_of(f->looked, f->at);

		end = from < f->in.len ? memchr(base + from, '\n', f->in.len - from) : NULL;
		if (!end && f->in.len - f->at > FRAMING_MAX)
			f->skipping = true;
		f->looked = f->in.len;
		if (!end) {
			if (f->skipping)
				f->at = f->in.len;
			return FRAMING_MORE;
		}
		*message = base + f->at;
		*n = (size_t)(end - *message);
		f->at = f->looked = (size_t)(end - base) + 1;
		if (f->skipping || *n > FRAMING_MAX) {
			f->skipping = false;
			return FRAMING_LARGE;
		}
		if ((*message)[strspn(*message, " \t\r")] != '\n')
			return FRAMING_MESSAGE; /* an empty line is none */
	}
}

/* ---- Content-Length ---- */

static bool is_name(const char *line, size_t n, const char *name)
{
	return n == strlen(name) && !strncasecmp(line, name, n);
}

static bool number(const char *s, size_t n, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || *value > UINT64_MAX / 100)
			return false;
		*value = *value * 10 + (uint64_t)(s[i] - '0');
	}
	return n > 0;
}

/* One header line, without its end; false with f->why. */
static bool head_line(struct framing *f, const char *line, size_t n, bool *found)
{
	const char *colon = memchr(line, ':', n), *value;
	size_t name, left;

	if (!colon)
		return broken(f, "a header line has no colon"), false;
	name = (size_t)(colon - line);
	value = colon + 1;
	left = n - name - 1;
	while (left && (*value == ' ' || *value == '\t')) {
		value++;
		left--;
	}
	while (left && (value[left - 1] == ' ' || value[left - 1] == '\t'))
		left--;
	if (!is_name(line, name, "Content-Length"))
		return true; /* Content-Type and what may come: the text is UTF-8 in any case */
	if (*found || !number(value, left, &f->body))
		return broken(f, "Content-Length is no number"), false;
	*found = true;
	return true;
}

/* The head at f->at, when its empty line is there. */
static enum framing_result read_head(struct framing *f)
{
	const char *p = (const char *)f->in.data + f->at, *end = (const char *)f->in.data + f->in.len;
	bool found = false;

	for (;;) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n;

		if ((size_t)((stop ? stop : end) - ((const char *)f->in.data + f->at)) > FRAMING_HEAD)
			return broken(f, "the header of a message is too long");
		if (!stop)
			return FRAMING_MORE;
		n = (size_t)(stop - p);
		if (n && p[n - 1] == '\r')
			n--;
		if (!n)
			break;
		if (!head_line(f, p, n, &found))
			return FRAMING_BROKEN;
		p = stop + 1;
	}
	if (!found)
		return broken(f, "a message has no Content-Length");
	f->at = (size_t)((const char *)memchr(p, '\n', (size_t)(end - p)) - (const char *)f->in.data) + 1;
	f->has_head = true;
	return FRAMING_MESSAGE;
}

static enum framing_result next_body(struct framing *f, const char **message, size_t *n)
{
	enum framing_result r;

	if (f->in.len == f->at && !f->skipping && !f->has_head)
		return FRAMING_MORE;
	if (!f->has_head) {
		r = read_head(f);
		if (r != FRAMING_MESSAGE)
			return r;
		if (f->body > FRAMING_MAX) {
			f->skipping = true;
			f->skip = f->body;
		}
	}
	if (f->skipping) {
		skip_some(f);
		if (f->skip)
			return FRAMING_MORE;
		f->skipping = f->has_head = false;
		return FRAMING_LARGE;
	}
	if (f->in.len - f->at < f->body)
		return FRAMING_MORE;
	*message = (const char *)f->in.data + f->at;
	*n = (size_t)f->body;
	f->at += (size_t)f->body;
	f->has_head = false;
	return FRAMING_MESSAGE;
}

enum framing_result framing_next(struct framing *f, const char **message, size_t *n)
{
	if (f->why)
		return FRAMING_BROKEN;
	if (!f->in.data)
		return FRAMING_MORE;
	return f->mode == FRAMING_LSP ? next_body(f, message, n) : next_line(f, message, n);
}

bool framing_rest(struct framing *f, const char **message, size_t *n)
{
	if (f->mode != FRAMING_LINES || f->skipping || f->in.len == f->at)
		return false;
	*message = (const char *)f->in.data + f->at;
	*n = f->in.len - f->at;
	f->at = f->in.len;
	for (size_t i = 0; i < *n; i++) /* nothing ends it, as a newline does the lines before */
		if (!strchr(" \t\r", (*message)[i]))
			return true;
	return false;
}

bool framing_is_empty(const struct framing *f)
{
	return f->at == f->in.len && !f->has_head && !f->skipping;
}
