/* Inside ranking by segments: what counting, finding the ranges worth opening, and opening one share. */
#pragma once

#include "daemon/segment/bm25.h"
#include "daemon/store/rank_in.h"

#define SPAN_MAX (SEGMENT_RANGE + 2 * (BM25_WINDOW + 1))
#define SLACK 1.0001      /* of bounds, which are summed in floats */
#define NEARLY (1 - 1e-9) /* of quick scores */

struct skip { /* to an entry */
	uint32_t range, next_range, entry, postings;
};

struct term_list { /* a term in a segment */
	uint16_t term;
	bool name_only;
	struct segment_term t;
	double weight, unit, name_weight; /* of a score; of a step of impact, and of a name, in bounds */
	struct skip *skips;
	size_t nskips, cap_skips;
};

struct interval { /* of places */
	uint32_t from, to;
};

struct segment_search {
	struct term_list *lists;
	size_t nlists;
	uint16_t *order; /* lists, the weightiest first */
	/* only (scope) or all but (gone) these places count */
	struct interval *intervals;
	size_t nintervals;
	bool only;
	uint32_t first; /* number of its first range among those of all segments */
};

struct found { /* a posting of the open range or around it */
	uint32_t at;
	struct tally tally;
};

struct part { /* what the open range has of one list */
	size_t from, to; /* in `found` */
	double most;     /* it can make of a passage here */
	bool named;
};

struct runner { /* a passage of the open range that may be among the best */
	uint32_t at, lo, hi; /* its place, its window, both ends included */
	uint32_t document, first;
	uint32_t length, window;
	double own_weight, window_weight; /* as in bound.c */
	double quick;
};

struct open_range {
	uint32_t from, to;  /* places of the range, the last included */
	uint32_t low, high; /* ... and whatever a window from there may reach */
	const uint8_t *lengths; /* from `low` on */
	bool has[SEGMENT_RANGE]; /* a term */
	struct runner v[SEGMENT_RANGE];
	size_t n;
	float sum[SPAN_MAX + 1]; /* of one term, up to each place */
	uint32_t rows[SPAN_MAX + 1];
	struct found *found;
	size_t nfound, cap_found;
	struct tally *tallies; /* found, by place */
	size_t cap_tallies;
	struct part *parts; /* one a list */
};

struct run {
	struct scorer *s;
	struct rank *k;
	struct segment *seg; /* of the open range, as the next */
	struct segment_search *x;
	struct open_range o;
	/* the name of one document of it */
	uint32_t named;
	bool named_known;
	struct tally *name;
	size_t nname;
};

/* ---- rank_count.c ---- */

/* False: the search is to end with what there is. */
bool rank_go_on(struct rank *k);
/* The first interval that ends at or behind `place`. */
size_t interval_from(const struct segment_search *x, uint32_t place);
void rank_segment_forget(struct rank_segment *seg);

/* ---- rank_range.c ---- */

/* Scores what may be among the best in one range of g->seg. 0, -ENOMEM, SEGMENT_E_CORRUPT */
int rank_range(struct run *g, uint32_t range);

/* Is a passage that has at most this score certainly not among the best? */
static inline bool is_hopeless(const struct rank *k, double most)
{
	return k->nhits == k->limit && most < k->hits[0].score;
}
