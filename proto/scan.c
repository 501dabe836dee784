/*
 * The scanner that stands before msgpack-c: it walks one object without building anything.
 *
 * Only counts are kept: `pending` objects are promised and not begun, left[] says how many of them
 * belong to each open map or array. Each promised object costs at least one byte, so a count that
 * the bytes still allowed cannot hold is a lie and is refused when its head is whole, before
 * anybody allocates for it. A head is taken whole or not at all, which makes the walk resumable.
 */
#include "proto/scan.h"

#include <stdbool.h>

/* What follows the first byte of an object. */
struct head {
	uint8_t width; /* bytes of a length or count */
	uint8_t body;  /* bytes of a number */
	uint8_t per;   /* objects per count: 1 in an array, 2 in a map */
	const char *bad;
};

/* clang-format off */
static const struct head heads[32] = { /* 0xc0 .. 0xdf */
	[0x01] = { .bad = "byte 0xc1" },
	[0x04] = { .width = 1 }, [0x05] = { .width = 2 }, [0x06] = { .width = 4 }, /* bin */
	[0x07] = { .bad = "ext type" }, [0x08] = { .bad = "ext type" }, [0x09] = { .bad = "ext type" },
	[0x0a] = { .body = 4 }, [0x0b] = { .body = 8 }, /* float */
	[0x0c] = { .body = 1 }, [0x0d] = { .body = 2 }, [0x0e] = { .body = 4 }, [0x0f] = { .body = 8 },
	[0x10] = { .body = 1 }, [0x11] = { .body = 2 }, [0x12] = { .body = 4 }, [0x13] = { .body = 8 },
	[0x14] = { .bad = "ext type" }, [0x15] = { .bad = "ext type" }, [0x16] = { .bad = "ext type" },
	[0x17] = { .bad = "ext type" }, [0x18] = { .bad = "ext type" },
	[0x19] = { .width = 1 }, [0x1a] = { .width = 2 }, [0x1b] = { .width = 4 }, /* str */
	[0x1c] = { .width = 2, .per = 1 }, [0x1d] = { .width = 4, .per = 1 },
	[0x1e] = { .width = 2, .per = 2 }, [0x1f] = { .width = 4, .per = 2 },
};
/* clang-format on */

/* One object's head, read: its bytes, the bytes of its body, the objects in it. */
struct span {
	uint64_t len, body, kids;
	bool nests;
};

void scan_init(struct scan *s)
{
	*s = (struct scan){ .pending = 1 };
}

static enum scan_verdict refuse(struct scan *s, const char *why)
{
	s->why = why;
	return SCAN_BAD;
}

static uint64_t big_endian(const uint8_t *p, unsigned width)
{
	uint64_t v = 0;

	while (width--)
		v = v << 8 | *p++;
	return v;
}

/* The head at p; have >= 1 bytes are there. MORE: *span holds how long the head will be. */
static enum scan_verdict head_read(struct scan *s, const uint8_t *p, size_t have, struct span *span)
{
	const uint8_t b = *p;
	const struct head *h;

	*span = (struct span){ .len = 1 };
	if (b <= 0x7f || b >= 0xe0)
		return SCAN_OK;
	if (b <= 0x8f) {
		span->kids = 2u * (b & 15u);
		span->nests = true;
	} else if (b <= 0x9f) {
		span->kids = b & 15u;
		span->nests = true;
	} else if (b <= 0xbf) {
		span->body = b & 31u;
	} else {
		h = &heads[b & 31];
		if (h->bad)
			return refuse(s, h->bad);
		span->len = 1u + h->width;
		span->body = h->body;
		span->nests = h->per != 0;
		if (have < span->len)
			return SCAN_MORE;
		if (h->per)
			span->kids = h->per * big_endian(p + 1, h->width);
		else if (h->width)
			span->body = big_endian(p + 1, h->width);
	}
	return SCAN_OK;
}

/* Take the object whose head is at s->at. */
static enum scan_verdict object_begin(
	struct scan *s, const uint8_t *p, size_t n, const struct scan_limits *limits)
{
	enum scan_verdict verdict;
	struct span span;

	verdict = head_read(s, p + s->at, n - s->at, &span);
	if (verdict == SCAN_BAD)
		return verdict;
	/* No sum wraps: each term is below 2^34, or below `frame` because it passed here before. */
	if (s->at + span.len + span.body + (s->pending - 1) + span.kids > limits->frame)
		return refuse(s, "too large");
	if (verdict == SCAN_MORE)
		return verdict;
	if (s->nodes + s->pending + span.kids > limits->nodes)
		return refuse(s, "too many objects");
	if (span.nests && (s->depth >= limits->depth || s->depth >= SCAN_DEPTH_MAX))
		return refuse(s, "too deep");

	s->nodes++;
	s->pending += span.kids;
	s->pending--;
	if (s->depth)
		s->left[s->depth - 1]--;
	if (span.nests)
		s->left[s->depth++] = span.kids;
	s->at += (size_t)span.len;
	s->skip = span.body;
	return SCAN_OK;
}

enum scan_verdict scan_feed(
	struct scan *s, const uint8_t *p, size_t n, const struct scan_limits *limits)
{
	enum scan_verdict verdict;

	for (;;) {
		if (s->skip > n - s->at) {
			s->skip -= n - s->at;
			s->at = n;
			return SCAN_MORE;
		}
		s->at += (size_t)s->skip;
		s->skip = 0;
		if (!s->pending)
			return SCAN_OK;
		while (s->depth && !s->left[s->depth - 1])
			s->depth--;
		if (s->at == n)
			return SCAN_MORE;
		verdict = object_begin(s, p, n, limits);
		if (verdict != SCAN_OK)
			return verdict;
	}
}
