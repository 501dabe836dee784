/*
 * Growable bytes with a hard cap. One byte more than `cap` is always allocated, so that a view as
 * a C string never has to grow anything and a buffer filled to its max still has one.
 */
#include "common/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 63 /* with its spare byte one malloc of 64 */

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap + 1);
	buf_fini(b);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

static int buf_resize(struct buf *b, size_t cap)
{
	uint8_t *data = realloc(b->data, cap + 1);

	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

void buf_shrink(struct buf *b, size_t keep)
{
	if (b->cap <= keep || b->len > keep)
		return;
	if (keep) {
		/* Refused: the larger block stays, which is fine. */
		(void)buf_resize(b, keep);
		return;
	}
	free(b->data);
	b->data = NULL;
	b->cap = 0;
}

static int buf_fail(struct buf *b, int r)
{
	b->failed = true;
	return r;
}

/* Twice the room, but never past max: a capped buffer costs what its cap says. */
static int buf_grow(struct buf *b, size_t more)
{
	size_t limit = b->max ? min_of(b->max, SIZE_MAX / 2) : SIZE_MAX / 2;
	size_t want;

	if (b->len > limit || more > limit - b->len)
		return buf_fail(b, b->max && limit == b->max ? -ENOBUFS : -ENOMEM);
	want = b->cap ? b->cap * 2 + 1 : BUF_FIRST;
	want = min_of(max_of(want, b->len + more), limit);
	return buf_resize(b, want) < 0 ? buf_fail(b, -ENOMEM) : 0;
}

int buf_reserve(struct buf *b, size_t more)
{
	/* The cap also counts when the memory is there: max may have been lowered since. */
	if (b->max && (b->len > b->max || more > b->max - b->len))
		return buf_fail(b, -ENOBUFS);
	return more <= b->cap - b->len ? 0 : buf_grow(b, more);
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	int r;

	if (!n)
		return 0;
	r = buf_reserve(b, n);
	if (r < 0)
		return r;
	memcpy(b->data + b->len, p, n);
	b->len += n;
	return 0;
}

int buf_add_byte(struct buf *b, uint8_t c)
{
	int r = buf_reserve(b, 1);

	if (r < 0)
		return r;
	b->data[b->len++] = c;
	return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vaddf(b, fmt, ap);
	va_end(ap);
	return r;
}

int buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->data ? b->cap - b->len + 1 : 0;
	va_list again;
	int n, r;

	va_copy(again, ap);
	n = vsnprintf(b->data ? (char *)b->data + b->len : NULL, room, fmt, ap);
	r = n < 0 ? buf_fail(b, -ENOMEM) : buf_reserve(b, (size_t)n);
	if (r == 0 && n > 0) {
		if ((size_t)n >= room)
			(void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	return r;
}

void buf_consume(struct buf *b, size_t n)
{
	n = min_of(n, b->len);
	b->len -= n;
	if (n && b->len)
		memmove(b->data, b->data + n, b->len);
}

const char *buf_cstr(struct buf *b)
{
	if (!b->data)
		return "";
	b->data[b->len] = '\0';
	return (const char *)b->data;
}

char *buf_steal(struct buf *b, size_t *len)
{
	char *s = realloc(b->data, b->len + 1);

	if (!s)
		s = (char *)b->data; /* too large rather than lost; NULL when there was nothing */
	if (s)
		s[b->len] = '\0';
	if (len)
		*len = s ? b->len : 0;
	if (s)
		*b = (struct buf){ .max = b->max, .failed = b->failed };
	return s;
}
