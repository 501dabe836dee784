/*
 * The best passages of segments, exactly, without looking at most of them.
 *
 * For each range of passages the segment says how much each term can make of one there at most,
 * window and name included. Added up over the terms of a question that bounds the range; the ranges
 * of all segments are opened (rank_range.c) from the highest bound down until the bound falls below
 * the worst of the best so far. (Block-max pruning as in Mallia, Suel and Tonellotto, "Faster learned
 * sparse retrieval with block-max pruning", with bounds of our score.)
 */
#include <errno.h>
#include <stdlib.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/rank_ranges.h"

#define SKIP_EVERY 8     /* entries */
#define ASK_ENTRIES 8192 /* between two questions whether to go on */

struct bound {
	float most;
	uint32_t range; /* among those of all segments */
};

struct bounds {
	struct bound *v;
	size_t n;
};

/* ---- bounds ---- */

static void weigh(struct scorer *s, struct rank_segment *seg)
{
	struct segment_search *x = seg->search;
	/* how much more than the bounds say this question's means make possible */
	double ratio = max_of(max_of(s->mean / seg->s->mean, s->mean_window / seg->s->mean_window), 1);

	for (size_t i = 0; i < x->nlists; i++) {
		struct term_list *l = &x->lists[i];
		size_t at = i;

		l->weight = s->k->weights[l->term] * s->idf[l->term];
		l->name_weight = BM25_NAME * scorer_name_of(s, l->term);
		l->unit = l->weight * ratio * SEGMENT_STEP * SLACK;
		for (; at && x->lists[x->order[at - 1]].weight < l->weight; at--)
			x->order[at] = x->order[at - 1];
		x->order[at] = (uint16_t)i;
	}
}

static int bound_list(struct rank *k, struct segment *s, struct term_list *l, float *most)
{
	struct segment_entries it;
	struct segment_entry e;
	size_t n = 0;

	segment_entries(&it, s, &l->t);
	for (;; n++) {
		if (n % SKIP_EVERY == 0) {
			if (!mem_try_room(&l->skips, &l->cap_skips, l->nskips + 1, sizeof(*l->skips)))
				return -ENOMEM;
			l->skips[l->nskips].next_range = it.next_range;
			l->skips[l->nskips].entry = (uint32_t)(it.p - l->t.entries);
			l->skips[l->nskips].postings = it.next_at;
		}
		if (!segment_entries_next(&it, &e))
			break;
		if (n % SKIP_EVERY == 0)
			l->skips[l->nskips++].range = e.range;
		if (n % ASK_ENTRIES == 0 && n && !rank_go_on(k))
			return 0;
		if (e.name)
			most[e.range] += (float)(l->name_weight * SLACK + l->unit * e.impact);
		else if (!l->name_only)
			most[e.range] += (float)(l->unit * e.impact);
	}
	s->corrupt |= it.bad;
	return 0;
}

static bool is_wanted(const struct segment_search *x, uint32_t range)
{
	uint32_t from = range << SEGMENT_RANGE_BITS;
	size_t i;

	if (!x->only)
		return true;
	i = interval_from(x, from);
	return i < x->nintervals && x->intervals[i].from < from + SEGMENT_RANGE;
}

static int bound_segment(struct scorer *s, struct rank_segment *seg, struct bounds *b)
{
	struct segment_search *x = seg->search;
	float *most;
	int r = 0;

	if (!x || !x->lists || !x->order || !x->intervals)
		return seg->s->corrupt ? SEGMENT_E_CORRUPT : -ENOMEM;
	if (seg->s->corrupt || !x->nlists)
		return seg->s->corrupt ? SEGMENT_E_CORRUPT : 0;
	most = calloc((size_t)seg->s->ranges + 1, sizeof(*most));
	if (!most)
		return -ENOMEM;
	weigh(s, seg);
	for (size_t i = 0; r == 0 && i < x->nlists && !s->k->ended; i++)
		r = bound_list(s->k, seg->s, &x->lists[i], most);
	for (uint32_t i = 0; r == 0 && i < seg->s->ranges; i++)
		if (most[i] > 0 && !is_hopeless(s->k, most[i]) && is_wanted(x, i))
			b->v[b->n++] = (struct bound){ most[i], x->first + i };
	mem_free(most);
	return r;
}

/* The ranges of all segments, numbered one segment after the other. */
static int bound_all(struct scorer *s, struct bounds *b)
{
	struct rank *k = s->k;
	uint64_t ranges = 0;
	int r = 0;

	for (size_t i = 0; i < k->nsegments; i++) {
		if (k->segments[i].search)
			k->segments[i].search->first = (uint32_t)ranges;
		ranges += k->segments[i].s->ranges;
	}
	b->v = ranges <= UINT32_MAX ? mem_try((ranges + 1) * sizeof(*b->v)) : NULL;
	if (!b->v)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < k->nsegments && !k->ended; i++)
		r = bound_segment(s, &k->segments[i], b);
	return r;
}

/* ---- the highest first ---- */

static void sink(struct bound *v, size_t n, size_t at)
{
	struct bound moved = v[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= n)
			break;
		if (child + 1 < n && v[child + 1].most > v[child].most)
			child++;
		if (v[child].most <= moved.most)
			break;
		v[at] = v[child];
		at = child;
	}
	v[at] = moved;
}

static uint32_t take_highest(struct bounds *b)
{
	uint32_t range = b->v[0].range;

	b->v[0] = b->v[--b->n];
	if (b->n)
		sink(b->v, b->n, 0);
	return range;
}

/* The segment whose range that is. */
static void turn_to(struct run *g, uint32_t range)
{
	struct rank *k = g->k;
	size_t low = 0, high = k->nsegments;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (k->segments[mid].search->first <= range)
			low = mid;
		else
			high = mid;
	}
	g->named_known = g->named_known && g->seg == k->segments[low].s;
	g->seg = k->segments[low].s;
	g->x = k->segments[low].search;
}

static int open_ranges(struct run *g, struct bounds *b)
{
	int r = 0;

	for (size_t i = b->n / 2; i--;)
		sink(b->v, b->n, i);
	while (r == 0 && b->n && !is_hopeless(g->k, b->v[0].most) && rank_go_on(g->k)) {
		uint32_t range = take_highest(b);

		turn_to(g, range);
		r = rank_range(g, range - g->x->first);
	}
	return r;
}

/* ---- the whole ---- */

static struct run *run_new(struct scorer *s)
{
	struct run *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->s = s;
	g->k = s->k;
	g->name = calloc(s->k->nterms + 1, sizeof(*g->name));
	g->o.parts = calloc(s->k->nterms + 1, sizeof(*g->o.parts));
	return g;
}

static void run_free(struct run *g)
{
	if (!g)
		return;
	mem_free(g->o.found);
	mem_free(g->o.tallies);
	mem_free(g->o.parts);
	mem_free(g->name);
	mem_free(g);
}

static bool any_bad(const struct rank *k)
{
	bool bad = false;

	for (size_t i = 0; i < k->nsegments; i++)
		bad |= segment_is_bad(k->segments[i].s);
	return bad;
}

static int search_segments(struct scorer *s)
{
	struct run *g = run_new(s);
	struct bounds b = { .n = 0 };
	int r = g && g->name && g->o.parts ? bound_all(s, &b) : -ENOMEM;

	if (r == 0)
		r = open_ranges(g, &b);
	mem_free(b.v);
	run_free(g);
	return r;
}

int rank_segments_run(struct scorer *s)
{
	struct rank *k = s->k;
	int r = k->nsegments && k->limit && !k->ended ? search_segments(s) : 0;

	if (r == 0 && any_bad(k))
		r = SEGMENT_E_CORRUPT;
	for (size_t i = 0; i < k->nsegments; i++)
		rank_segment_forget(&k->segments[i]);
	return r;
}
