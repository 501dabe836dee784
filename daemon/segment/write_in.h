/* Inside the writer of segments: what its two halves share, bytes (write.c) and bounds (bound.c). */
#pragma once

#include <errno.h>

#include "daemon/segment/write.h"

struct around { /* a passage, together: a term's passages lie far apart */
	float text, sum; /* how often the term is in it, 0 between two terms; in those of an interval up to here */
	float own_weight, window_weight; /* bm25_saturate = tf * (k1 + 1) / (tf + weight) */
	uint16_t left, right;            /* how far its window goes, in passages */
	uint16_t seen_from, seen_to;     /* how far before and behind lies the first and last window with it */
};

struct interval {
	uint32_t from, to; /* places, both included */
};

struct segment_writer {
	segment_put_fn put;
	void *ctx;
	struct buf out;      /* not handed over yet */
	uint64_t handed;     /* bytes that were */
	uint64_t hashed;     /* bytes whose pages are hashed */
	struct buf pages, blocks, index, entries, postings;
	struct segment_foot foot;
	struct segment_document *documents;
	uint16_t *lengths;
	struct around *around; /* one more than there are passages */
	float *name;    /* what a term in its document's name adds to a passage, as text does; 0 between two terms */
	uint8_t *named; /* ... and that there is something */
	struct interval *intervals;
	size_t nintervals, cap_intervals;
	uint8_t last[SEGMENT_TERM_MAX];
	size_t last_len;
	bool rough; /* bounds say no more than that a term is there */
	int error;
};

/* The windows of all passages. */
void bound_windows(struct segment_writer *w, double mean, double mean_window);
/* The entries and postings of one term into w->entries and w->postings; *names: passages with it in their name. */
int bound_term(struct segment_writer *w, const struct segment_posting *v, size_t nv, uint64_t *names);

static inline int add_varint(struct buf *b, uint64_t v)
{
	if (buf_reserve(b, VARINT_MAX) != 0)
		return -ENOMEM;
	b->len += put_varint(b->data + b->len, v);
	return 0;
}
