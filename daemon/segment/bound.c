/*
 * Bounds: for each term and range, the most it can make of a passage there, its window and its
 * document's name included. What costs is done here once so that searching need not; or, for a segment
 * that is small and will soon be merged, roughly.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/bm25.h"
#include "daemon/segment/write_in.h"

#define POSTING_MAX 5 /* bytes of one */
#define PREFETCH 8    /* postings: their passages are asked of memory so early */

/* ---- windows ---- */

/* The same window as daemon/store/rank.c finds, but within [low, high] by itself. */
static uint32_t find_window(
	const struct segment_writer *w, uint32_t low, uint32_t high, uint32_t at, uint32_t *lo, uint32_t *hi)
{
	uint32_t total = w->lengths[at];
	bool left = true, right = true;

	*lo = *hi = at;
	while (total < BM25_WINDOW && *hi - *lo < BM25_WINDOW && (left || right)) {
		left = left && *lo > low;
		if (left)
			total += w->lengths[--*lo];
		right = right && *hi < high;
		if (right)
			total += w->lengths[++*hi];
	}
	return total;
}

static float weight_of(double length, double mean)
{
	return (float)(BM25_K1 * (1 - BM25_B + BM25_B * length / mean));
}

void bound_windows(struct segment_writer *w, double mean, double mean_window)
{
	for (size_t d = 0; d < w->foot.documents; d++) {
		uint32_t low = w->documents[d].at, high = low + w->documents[d].passages - 1;

		for (uint32_t at = low; w->documents[d].passages && at <= high; at++) {
			struct around *here = &w->around[at];
			uint32_t lo, hi, total = find_window(w, low, high, at, &lo, &hi);

			here->left = (uint16_t)(at - lo);
			here->right = (uint16_t)(hi - at);
			here->own_weight = weight_of(w->lengths[at], mean);
			here->window_weight = weight_of(total, mean_window);
			for (uint32_t seen = lo; seen <= hi; seen++) {
				struct around *s = &w->around[seen];

				if (seen > at)
					s->seen_from = max_of(s->seen_from, (uint16_t)(seen - at));
				else
					s->seen_to = max_of(s->seen_to, (uint16_t)(at - seen));
			}
		}
	}
}

/* ---- what a term makes of the passages around it ---- */

static void note_interval(struct segment_writer *w, uint32_t from, uint32_t to)
{
	struct interval *last = w->nintervals ? &w->intervals[w->nintervals - 1] : NULL;

	if (last && from >= last->from && from <= last->to + 1) {
		last->to = max_of(last->to, to);
		return;
	}
	w->intervals = mem_grow(w->intervals, &w->cap_intervals, w->nintervals, sizeof(*w->intervals));
	w->intervals[w->nintervals++] = (struct interval){ from, to };
}

static int by_from(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* By place, no two that meet. */
static void settle_intervals(struct segment_writer *w)
{
	bool sorted = true;
	size_t n = 0;

	for (size_t i = 1; sorted && i < w->nintervals; i++)
		sorted = w->intervals[i].from > w->intervals[i - 1].to;
	if (sorted)
		return;
	qsort(w->intervals, w->nintervals, sizeof(*w->intervals), by_from);
	for (size_t i = 1; i < w->nintervals; i++) {
		if (w->intervals[i].from <= w->intervals[n].to)
			w->intervals[n].to = max_of(w->intervals[n].to, w->intervals[i].to);
		else
			w->intervals[++n] = w->intervals[i];
	}
	w->nintervals = n + 1;
}

static void spread_text(struct segment_writer *w, const struct segment_posting *p)
{
	struct around *here = &w->around[p->at];
	float tf = (float)(p->body + BM25_HEADING * p->heading);
	uint32_t from = p->at - here->seen_from, to = p->at + here->seen_to;

	here->text += tf;
	note_interval(w, from, to);
}

/* The document, from *d on, whose name has the posting: names come with the first passage. */
static bool find_named(const struct segment_writer *w, const struct segment_posting *p, const struct segment_document **d)
{
	const struct segment_document *end = w->documents + w->foot.documents;

	while (*d < end && (*d)->at < p->at)
		++*d;
	return *d < end && (*d)->at == p->at && (*d)->passages;
}

/* A name is found in every passage of its document. */
static void spread_name(struct segment_writer *w, const struct segment_posting *p, const struct segment_document *d)
{
	for (uint32_t at = d->at; at < d->at + d->passages; at++) {
		w->name[at] += (float)(BM25_HEADING * p->name);
		w->named[at] = 1;
	}
	note_interval(w, d->at, d->at + d->passages - 1);
}

static size_t put_posting(uint8_t *to, const struct segment_posting *p)
{
	uint8_t place = (uint8_t)((p->at & (SEGMENT_RANGE - 1)) << 2);

	if (!p->heading && !p->name && p->body >= 1 && p->body <= 3) {
		to[0] = place | (uint8_t)(p->body - 1);
		return 1;
	}
	to[0] = place | 3;
	if (p->body < 15 && p->heading < 3 && p->name < 3) {
		to[1] = (uint8_t)(p->body | p->heading << 4 | p->name << 6);
		return 2;
	}
	to[1] = 255;
	to[2] = p->body;
	to[3] = p->heading;
	to[4] = p->name;
	return POSTING_MAX;
}

struct ranging { /* through the ranges of one term */
	const struct segment_posting *v, *end;
	uint32_t range, next; /* the one summed up now; the one that an entry counts from */
	float most;
	bool open, name;
	bool names; /* the term is in some */
};

/* There is room for all postings. */
static int end_range(struct segment_writer *w, struct ranging *g)
{
	size_t before = w->postings.len;
	double steps = ceil(g->most * 1.00001 / SEGMENT_STEP);
	uint8_t *to;

	if (!g->open)
		return 0;
	if (buf_reserve(&w->entries, 2 * VARINT_MAX + 1) != 0)
		return -ENOMEM;
	for (; g->v < g->end && g->v->at >> SEGMENT_RANGE_BITS == g->range; g->v++)
		w->postings.len += put_posting(w->postings.data + w->postings.len, g->v);
	to = w->entries.data + w->entries.len;
	to += put_varint(to, (uint64_t)(g->range - g->next) << 1 | g->name);
	*to++ = (uint8_t)min_of(steps, 255);
	to += put_varint(to, w->postings.len - before);
	w->entries.len = (size_t)(to - w->entries.data);
	g->next = g->range + 1;
	g->open = g->name = false;
	g->most = 0;
	return 0;
}

/* Counts are whole numbers, exact in a float: what is in a window is the difference of two sums. */
static void add_up(struct segment_writer *w, const struct interval *v)
{
	float sum = 0;

	for (uint32_t at = v->from; at <= v->to; at++) {
		sum += w->around[at].text;
		w->around[at].sum = sum;
	}
}

/* Windows with the term lie within the interval; others reach out of it, to where it is not. */
static float in_window(const struct segment_writer *w, const struct interval *v, uint32_t at)
{
	const struct around *here = &w->around[at];
	uint32_t from = at - here->left, to = at + here->right;
	float sum = w->around[min_of(to, v->to)].sum;

	return from > v->from ? sum - w->around[from - 1].sum : sum;
}

/* The most of [from, to], all of one range. */
static void sum_up(struct segment_writer *w, struct ranging *g, const struct interval *v, uint32_t from, uint32_t to)
{
	const float k = BM25_K1 + 1, around = (float)(BM25_AROUND * (BM25_K1 + 1));
	float most = g->most;

	for (uint32_t at = from; at <= to; at++) {
		struct around *here = &w->around[at];
		float own = here->text, window = in_window(w, v, at), a, b;

		if (g->names) {
			own += w->name[at];
			g->name |= w->named[at];
			w->name[at] = 0;
			w->named[at] = 0;
		}
		a = own + here->own_weight;
		b = window + here->window_weight;
		a = (own * k * b + window * around * a) / (a * b); /* own * k / a + window * around / b */
		most = max_of(most, a);
		here->text = 0;
	}
	g->most = most;
	g->open |= most > 0;
}

/* What was spread becomes entries, and is 0 again. */
static int gather(struct segment_writer *w, struct ranging *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->nintervals; i++) {
		const struct interval *v = &w->intervals[i];

		add_up(w, v);
		for (uint32_t at = v->from, end; r == 0 && at <= v->to; at = end + 1) {
			end = min_of(v->to, at | (SEGMENT_RANGE - 1));
			if (at >> SEGMENT_RANGE_BITS != g->range) {
				r = end_range(w, g);
				g->range = at >> SEGMENT_RANGE_BITS;
			}
			sum_up(w, g, v, at, end);
		}
	}
	return r ? r : end_range(w, g);
}

/* ---- roughly ---- */

/* As many ranges as windows may reach, each with the most there is. */
static int spread_roughly(struct segment_writer *w, const struct segment_posting *v, size_t nv, uint64_t *names)
{
	const struct segment_document *d = w->documents;

	for (size_t i = 0; i < nv; i++) {
		const struct around *here = &w->around[v[i].at];
		uint32_t from = (v[i].at - here->seen_from) >> SEGMENT_RANGE_BITS, to = (v[i].at + here->seen_to) >> SEGMENT_RANGE_BITS;

		if (v[i].name) {
			++*names;
			if (!find_named(w, &v[i], &d))
				return SEGMENT_E_ORDER;
			to = max_of(to, (d->at + d->passages - 1) >> SEGMENT_RANGE_BITS);
			memset(w->named + (d->at >> SEGMENT_RANGE_BITS), 1, to - (d->at >> SEGMENT_RANGE_BITS) + 1);
		}
		note_interval(w, from, to);
	}
	settle_intervals(w);
	return 0;
}

static int gather_roughly(struct segment_writer *w, struct ranging *g)
{
	int r = 0;

	for (size_t i = 0; i < w->nintervals; i++)
		for (uint32_t range = w->intervals[i].from; r == 0 && range <= w->intervals[i].to; range++) {
			g->range = range;
			g->open = true;
			g->name = w->named[range];
			g->most = 256 * SEGMENT_STEP;
			w->named[range] = 0;
			r = end_range(w, g);
		}
	return r;
}

/* ---- one term ---- */

static bool is_in_order(const struct segment_writer *w, const struct segment_posting *v, size_t nv)
{
	uint32_t next = 0;

	for (size_t i = 0; i < nv; i++) {
		if (v[i].at < next || v[i].at >= w->foot.passages)
			return false;
		next = v[i].at + 1;
	}
	return true;
}

static int spread(struct segment_writer *w, const struct segment_posting *v, size_t nv, uint64_t *names)
{
	const struct segment_document *d = w->documents;

	for (size_t i = 0; i < nv; i++) {
		if (i + PREFETCH < nv)
			__builtin_prefetch(&w->around[v[i + PREFETCH].at], 1);
		spread_text(w, &v[i]);
	}
	for (size_t i = 0; i < nv; i++) {
		if (!v[i].name)
			continue;
		++*names;
		if (!find_named(w, &v[i], &d))
			return SEGMENT_E_ORDER;
		spread_name(w, &v[i], d);
	}
	settle_intervals(w);
	return 0;
}

int bound_term(struct segment_writer *w, const struct segment_posting *v, size_t nv, uint64_t *names)
{
	struct ranging g = { .v = v, .end = v + nv };
	int r;

	if (!is_in_order(w, v, nv))
		return SEGMENT_E_ORDER;
	if (buf_reserve(&w->postings, POSTING_MAX * nv) != 0)
		return -ENOMEM;
	w->nintervals = 0;
	r = w->rough ? spread_roughly(w, v, nv, names) : spread(w, v, nv, names);
	g.names = *names != 0;
	return r ? r : w->rough ? gather_roughly(w, &g) : gather(w, &g);
}
