/*
 * The best passages of segments, exactly, without looking at most of them.
 *
 * For each range of passages the segment says how much each term can make of one there at most,
 * window and name included. Added up over the terms of a question that bounds the range; ranges are
 * opened from the highest bound down until the bound falls below the worst of the best so far.
 * Within an open range every passage gets its score by a quick way; those that could be among the
 * best get it once more by the way of rank.c, to the bit. (Block-max pruning as in Mallia, Suel and
 * Tonellotto, "Faster learned sparse retrieval with block-max pruning", with bounds of our score.)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/bm25.h"
#include "daemon/store/documents.h"
#include "daemon/store/rank_in.h"

#define SKIP_EVERY 32    /* entries */
#define ASK_ENTRIES 8192 /* between two questions whether to go on */
#define SPAN_MAX (SEGMENT_RANGE + 2 * (BM25_WINDOW + 1))
#define SLACK 1.0001     /* of bounds, which are summed in floats */
#define NEARLY (1 - 1e-9) /* of quick scores */

struct skip { /* to an entry */
	uint32_t range, next_range, entry, postings;
};

struct term_list { /* a term in a segment */
	uint16_t term;
	bool name_only;
	struct segment_term t;
	struct skip *skips;
	size_t nskips, cap_skips;
};

struct interval { /* of places */
	uint32_t from, to;
};

struct found { /* a posting of the open range or around it */
	uint32_t at;
	struct tally tally;
};

struct bound {
	float most;
	uint32_t range;
};

struct segment_search {
	struct term_list *lists;
	size_t nlists;
	/* only (scope) or all but (gone) these places count */
	struct interval *intervals;
	size_t nintervals;
	bool only;
};

struct open_range {
	uint32_t from, to;       /* places of the range, the last included */
	uint32_t low, high;      /* ... and of all windows of them */
	uint32_t lo[SEGMENT_RANGE], hi[SEGMENT_RANGE];
	uint16_t length[SEGMENT_RANGE];
	uint32_t window[SEGMENT_RANGE]; /* terms of it */
	uint32_t document[SEGMENT_RANGE], first[SEGMENT_RANGE];
	bool may[SEGMENT_RANGE], has[SEGMENT_RANGE]; /* be seen; has a term */
	double quick[SEGMENT_RANGE];
	float sum[SPAN_MAX + 1]; /* of one term, up to each place */
	uint32_t rows[SPAN_MAX + 1];
	struct found *found;
	size_t nfound, cap_found;
	struct tally *tallies; /* found, by place */
	size_t cap_tallies;
};

struct run {
	struct scorer *s;
	struct rank *k;
	struct segment *seg;
	struct segment_search *x;
	double ratio; /* how much more than the bounds say this question's means make possible */
	struct bound *bounds;
	size_t nbounds;
	struct open_range o;
	/* the name of one document */
	uint32_t named;
	bool named_known;
	struct tally *name;
	size_t nname;
	unsigned asked;
};

static bool go_on(struct rank *k)
{
	if (!k->ended && k->go_on && !k->go_on(k->ctx))
		k->ended = true;
	return !k->ended;
}

/* ---- what may be seen ---- */

/* The first interval that ends at or behind `place`. */
static size_t interval_from(const struct segment_search *x, uint32_t place)
{
	size_t low = 0, high = x->nintervals;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (x->intervals[mid].to < place)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool may_be_seen(const struct segment_search *x, uint32_t place)
{
	size_t i = interval_from(x, place);

	return (i < x->nintervals && x->intervals[i].from <= place) == x->only;
}

/* Documents by the ids of their first passages, as places. */
static int find_intervals(
	struct segment_search *x, struct segment *s, const struct rank_range *v, size_t n)
{
	struct segment_document d;

	x->intervals = calloc(n + 1, sizeof(*x->intervals));
	if (!x->intervals)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t at = segment_document_from(s, v[i].first);

		if (s->corrupt)
			return SEGMENT_E_CORRUPT;
		if (at >= s->foot.documents || !segment_document(s, at, &d) ||
			d.first != v[i].first || !d.passages)
			continue;
		x->intervals[x->nintervals++] = (struct interval){ d.at, d.at + d.passages - 1 };
	}
	return 0;
}

/* ---- how many have a term ---- */

/* In the intervals only. */
static void count_in(
	struct segment *s, const struct segment_search *x, struct term_list *l, uint64_t *df, uint64_t *name_df)
{
	struct segment_entries it;
	struct segment_entry e;
	struct segment_posting p;
	size_t at = 0;

	segment_entries(&it, s, &l->t);
	while (at < x->nintervals && segment_entries_next(&it, &e)) {
		uint32_t from = e.range << SEGMENT_RANGE_BITS;
		const uint8_t *v, *end;

		while (at < x->nintervals && x->intervals[at].to < from)
			at++;
		if (at == x->nintervals || x->intervals[at].from >= from + SEGMENT_RANGE || !e.len)
			continue;
		v = segment_postings(s, &l->t, e.at, e.len);
		for (end = v ? v + e.len : v; segment_posting_next(&v, end, &p);) {
			size_t i = interval_from(x, from + p.at);

			if (i == x->nintervals || x->intervals[i].from > from + p.at)
				continue;
			++*df;
			*name_df += p.name > 0;
		}
	}
	if (it.bad)
		s->corrupt = true;
}

static void count(struct rank *k, struct segment *s, const struct segment_search *x, double *name_df)
{
	for (size_t i = 0; i < x->nlists; i++) {
		struct term_list *l = &x->lists[i];
		uint64_t df = 0, names = 0;

		if (x->nintervals)
			count_in(s, x, l, &df, &names);
		if (!x->only) {
			df = l->t.df - min_of(df, l->t.df);
			names = l->t.name_df - min_of(names, l->t.name_df);
		}
		k->df[l->term] += (int64_t)(l->name_only ? names : df);
		name_df[l->term] += (double)names;
		if (!go_on(k))
			return;
	}
}

static int prepare(struct rank *k, struct rank_segment *seg)
{
	struct segment_search *x = calloc(1, sizeof(*x));
	int r;

	seg->search = x;
	if (x)
		x->lists = calloc(k->nterms + 1, sizeof(*x->lists));
	if (!x || !x->lists)
		return -ENOMEM;
	x->only = k->ranges != NULL;
	r = x->only ? find_intervals(x, seg->s, k->ranges, k->nranges)
		    : find_intervals(x, seg->s, seg->gone, seg->ngone);
	if (r != 0 || (x->only && !x->nintervals))
		return r;
	for (size_t i = 0; i < k->nterms; i++) {
		struct term_list *l = &x->lists[x->nlists];

		if (!segment_find(seg->s, k->words[i].term, k->words[i].n, &l->t))
			continue;
		l->term = (uint16_t)i;
		l->name_only = k->words[i].name_only;
		x->nlists++;
	}
	return seg->s->corrupt ? SEGMENT_E_CORRUPT : 0;
}

static void forget(struct rank_segment *seg)
{
	struct segment_search *x = seg->search;

	if (!x)
		return;
	for (size_t i = 0; i < x->nlists; i++)
		mem_free(x->lists[i].skips);
	mem_free(x->lists);
	mem_free(x->intervals);
	seg->search = mem_free(x);
}

/* An error here is found again by rank_segments_run. */
void rank_segments_count(struct rank *k, double *name_df)
{
	for (size_t i = 0; i < k->nsegments && !k->ended; i++)
		if (prepare(k, &k->segments[i]) == 0)
			count(k, k->segments[i].s, k->segments[i].search, name_df);
}

/* ---- bounds ---- */

static double weight_of(const struct run *g, const struct term_list *l)
{
	return g->k->weights[l->term] * g->s->idf[l->term];
}

static double name_weight_of(const struct run *g, const struct term_list *l)
{
	return BM25_NAME * g->k->weights[l->term] * g->s->name_idf[l->term];
}

static int bound_list(struct run *g, struct term_list *l, float *most)
{
	double unit = weight_of(g, l) * g->ratio * SEGMENT_STEP * SLACK,
	       name = name_weight_of(g, l) * SLACK;
	struct segment_entries it;
	struct segment_entry e;
	size_t n = 0;

	segment_entries(&it, g->seg, &l->t);
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
		if (n % ASK_ENTRIES == 0 && n && !go_on(g->k))
			return 0;
		if (e.name)
			most[e.range] += (float)(name + unit * e.impact);
		else if (!l->name_only)
			most[e.range] += (float)(unit * e.impact);
	}
	g->seg->corrupt |= it.bad;
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

static bool is_hopeless(const struct rank *k, double most)
{
	return k->nhits == k->limit && most < k->hits[0].score;
}

static int make_bounds(struct run *g)
{
	float *most = calloc((size_t)g->seg->ranges + 1, sizeof(*most));
	int r = most ? 0 : -ENOMEM;

	g->bounds = mem_try(((size_t)g->seg->ranges + 1) * sizeof(*g->bounds));
	if (!g->bounds)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < g->x->nlists && !g->k->ended; i++)
		r = bound_list(g, &g->x->lists[i], most);
	for (uint32_t i = 0; r == 0 && i < g->seg->ranges; i++)
		if (most[i] > 0 && !is_hopeless(g->k, most[i]) && is_wanted(g->x, i))
			g->bounds[g->nbounds++] = (struct bound){ most[i], i };
	for (size_t i = g->nbounds / 2; i--;)
		sink(g->bounds, g->nbounds, i);
	mem_free(most);
	return r;
}

/* ---- one range ---- */

static void begin_entries(
	const struct segment *s, const struct term_list *l, uint32_t range, struct segment_entries *it)
{
	size_t low = 0, high = l->nskips;

	segment_entries(it, s, &l->t);
	while (low < high) { /* the last skip that is not behind the range */
		size_t mid = low + (high - low) / 2;

		if (l->skips[mid].range <= range)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return;
	it->p += l->skips[low - 1].entry;
	it->next_range = l->skips[low - 1].next_range;
	it->next_at = l->skips[low - 1].postings;
}

static const uint8_t *lengths_at(struct segment *s, uint32_t from, uint32_t n)
{
	for (uint32_t at = from; at < from + n; at += SEGMENT_PAGE / 4)
		(void)segment_length(s, at);
	(void)segment_length(s, from + n - 1);
	return s->corrupt ? NULL : s->p + s->foot.lengths_at + 2 * (uint64_t)from;
}

/* As window_of in rank.c, within one document. */
static uint32_t find_window(const uint8_t *lengths, uint32_t low, uint32_t high, uint32_t at,
	uint32_t *lo, uint32_t *hi)
{
	uint32_t total = le_get16(lengths + 2 * (at - low));
	bool left = true, right = true;

	*lo = *hi = at;
	while (total < BM25_WINDOW && *hi - *lo < BM25_WINDOW && (left || right)) {
		left = left && *lo > low;
		if (left)
			total += le_get16(lengths + 2 * (--*lo - low));
		right = right && *hi < high;
		if (right)
			total += le_get16(lengths + 2 * (++*hi - low));
	}
	return total;
}

/* The part of a document that lies in the range, with what windows may reach of it. */
static bool find_windows_of(struct run *g, const struct segment_document *d, uint32_t number)
{
	struct open_range *o = &g->o;
	uint32_t from = max_of(d->at, o->from), to = min_of(d->at + d->passages - 1, o->to);
	uint32_t low = from - min_of(from - d->at, (uint32_t)BM25_WINDOW),
		 high = min_of(d->at + d->passages - 1, to + BM25_WINDOW);
	const uint8_t *lengths = lengths_at(g->seg, low, high - low + 1);

	for (uint32_t at = from; lengths && at <= to; at++) {
		uint32_t i = at - o->from;

		o->window[i] = find_window(lengths, low, high, at, &o->lo[i], &o->hi[i]);
		o->length[i] = (uint16_t)le_get16(lengths + 2 * (at - low));
		o->document[i] = number;
		o->first[i] = d->at;
		o->may[i] = may_be_seen(g->x, at);
		o->has[i] = false;
		o->quick[i] = 0;
		o->low = min_of(o->low, o->lo[i]);
		o->high = max_of(o->high, o->hi[i]);
	}
	return lengths != NULL;
}

static bool find_windows(struct run *g, uint32_t range)
{
	struct open_range *o = &g->o;
	struct segment_document d;
	uint32_t number;

	o->from = o->low = o->high = range << SEGMENT_RANGE_BITS;
	o->to = min_of(o->from + SEGMENT_RANGE, (uint32_t)g->seg->foot.passages) - 1;
	for (uint32_t at = o->from; at <= o->to; at = d.at + d.passages)
		if (!segment_document_at(g->seg, at, &d, &number) || !find_windows_of(g, &d, number))
			return false;
	return o->high - o->low < SPAN_MAX;
}

/* How often a term is in the name of the document that begins there. */
static unsigned name_count(struct run *g, const struct term_list *l, uint32_t first)
{
	struct segment_entries it;
	struct segment_entry e = { 0 };
	struct segment_posting p;
	const uint8_t *v, *end;

	if (!l->t.name_df)
		return 0;
	begin_entries(g->seg, l, first >> SEGMENT_RANGE_BITS, &it);
	do
		if (!segment_entries_next(&it, &e))
			return 0;
	while (e.range < first >> SEGMENT_RANGE_BITS);
	if (e.range != first >> SEGMENT_RANGE_BITS || !e.name || !e.len)
		return 0;
	v = segment_postings(g->seg, &l->t, e.at, e.len);
	for (end = v ? v + e.len : v; segment_posting_next(&v, end, &p);)
		if (p.at == (first & (SEGMENT_RANGE - 1)))
			return p.name;
	return 0;
}

static bool note_found(struct run *g, const struct term_list *l, const struct segment_posting *p, uint32_t at)
{
	struct open_range *o = &g->o;
	struct tally t = { l->term, p->name, p->heading, p->body };

	if (l->name_only)
		t.heading = t.body = 0;
	if (!t.name && !t.heading && !t.body)
		return true;
	if (!mem_try_room(&o->found, &o->cap_found, o->nfound + 1, sizeof(*o->found)))
		return false;
	o->found[o->nfound++] = (struct found){ at, t };
	if (at >= o->from && at <= o->to)
		o->has[at - o->from] = true;
	return true;
}

/* The postings of one term in the span; *named: a document of the range has it in its name. */
static int gather(struct run *g, const struct term_list *l, bool *named)
{
	struct open_range *o = &g->o;
	struct segment_entries it;
	struct segment_entry e;
	struct segment_posting p;

	*named = false;
	begin_entries(g->seg, l, o->low >> SEGMENT_RANGE_BITS, &it);
	while (segment_entries_next(&it, &e) && e.range <= o->high >> SEGMENT_RANGE_BITS) {
		const uint8_t *v, *end;
		uint32_t from = e.range << SEGMENT_RANGE_BITS;

		if (e.range < o->low >> SEGMENT_RANGE_BITS)
			continue;
		*named |= e.name && from == o->from;
		if (!e.len)
			continue;
		v = segment_postings(g->seg, &l->t, e.at, e.len);
		for (end = v ? v + e.len : v; segment_posting_next(&v, end, &p);)
			if (from + p.at >= o->low && from + p.at <= o->high &&
				!note_found(g, l, &p, from + p.at))
				return -ENOMEM;
	}
	return it.bad || g->seg->corrupt ? SEGMENT_E_CORRUPT : 0;
}

static double saturate(double tf, double length, double mean)
{
	return tf > 0 ? bm25_saturate(tf, length, mean) : 0;
}

/* What one term makes of each passage of the range. */
static void score_quickly(struct run *g, const struct term_list *l, size_t from_found, bool named)
{
	struct open_range *o = &g->o;
	uint32_t span = o->high - o->low + 1, at = 0, known = UINT32_MAX;
	double weight = weight_of(g, l), name_weight = name_weight_of(g, l);
	float sum = 0;
	unsigned name = 0;

	for (size_t i = from_found; i < o->nfound; i++) {
		const struct tally *t = &o->found[i].tally;

		for (; at <= o->found[i].at - o->low; at++)
			o->sum[at] = sum;
		sum += (float)(t->body + BM25_HEADING * t->heading);
	}
	for (; at <= span; at++)
		o->sum[at] = sum;
	if (sum == 0 && !named)
		return;
	for (uint32_t i = 0; i <= o->to - o->from; i++) {
		uint32_t place = o->from + i - o->low;
		double own = o->sum[place + 1] - o->sum[place],
		       window = o->sum[o->hi[i] + 1 - o->low] - o->sum[o->lo[i] - o->low];

		if (named && o->document[i] != known) {
			known = o->document[i];
			name = name_count(g, l, o->first[i]);
		}
		o->quick[i] += weight * saturate(own + BM25_HEADING * name, o->length[i], g->s->mean);
		o->quick[i] += weight * BM25_AROUND *
			       saturate(window, o->window[i], g->s->mean_window);
		o->quick[i] += name ? name_weight : 0;
	}
}

/* found, which comes term by term, as tallies place by place. */
static bool sort_found(struct open_range *o)
{
	uint32_t span = o->high - o->low + 1, from = 0;

	if (!mem_try_room(&o->tallies, &o->cap_tallies, o->nfound + 1, sizeof(*o->tallies)))
		return false;
	memset(o->rows, 0, (span + 1) * sizeof(*o->rows));
	for (size_t i = 0; i < o->nfound; i++)
		o->rows[o->found[i].at - o->low]++;
	for (uint32_t i = 0; i <= span; i++) {
		uint32_t n = o->rows[i];

		o->rows[i] = from;
		from += n;
	}
	for (size_t i = 0; i < o->nfound; i++)
		o->tallies[o->rows[o->found[i].at - o->low]++] = o->found[i].tally;
	memmove(o->rows + 1, o->rows, span * sizeof(*o->rows)); /* each had moved to the next one's */
	o->rows[0] = 0;
	return true;
}

static void find_name(struct run *g, uint32_t i)
{
	if (g->named_known && g->named == g->o.document[i])
		return;
	g->named = g->o.document[i];
	g->named_known = true;
	g->nname = 0;
	for (size_t l = 0; l < g->x->nlists; l++) {
		unsigned n = name_count(g, &g->x->lists[l], g->o.first[i]);

		if (n)
			g->name[g->nname++] = (struct tally){
				.term = g->x->lists[l].term, .name = (uint8_t)n
			};
	}
	g->s->name = g->name;
	g->s->nname = g->nname;
}

static const struct tally *row(const struct open_range *o, uint32_t place, size_t *n)
{
	*n = o->rows[place - o->low + 1] - o->rows[place - o->low];
	return o->tallies + o->rows[place - o->low];
}

static void score_exactly(struct run *g, uint32_t i)
{
	struct open_range *o = &g->o;
	struct rank_hit hit = { 0 };
	struct segment_document d;
	const struct tally *t;
	size_t n;

	if (!segment_document(g->seg, o->document[i], &d))
		return;
	hit.id = d.first + (o->from + i - d.at);
	find_name(g, i);
	t = row(o, o->from + i, &n);
	scorer_sum_up(g->s, t, n);
	scorer_sum_name(g->s);
	scorer_score(g->s, o->length[i], g->s->mean, 1, &hit);
	for (uint32_t at = o->lo[i]; at <= o->hi[i]; at++) {
		t = row(o, at, &n);
		scorer_sum_up(g->s, t, n);
	}
	scorer_score(g->s, o->window[i], g->s->mean_window, BM25_AROUND, &hit);
	hit.score += BM25_NAME * scorer_name(g->s);
	rank_keep(g->k, hit);
}

static int search_range(struct run *g, uint32_t range)
{
	struct open_range *o = &g->o;
	bool sorted = false;
	int r = find_windows(g, range) ? 0 : SEGMENT_E_CORRUPT;

	o->nfound = 0;
	for (size_t i = 0; r == 0 && i < g->x->nlists; i++) {
		size_t from = o->nfound;
		bool named;

		r = gather(g, &g->x->lists[i], &named);
		if (r == 0 && (o->nfound > from || named))
			score_quickly(g, &g->x->lists[i], from, named);
	}
	for (uint32_t i = 0; r == 0 && i <= o->to - o->from; i++) {
		if (!o->has[i] || !o->may[i] || is_hopeless(g->k, o->quick[i] / NEARLY))
			continue;
		if (!sorted && !sort_found(o))
			return -ENOMEM;
		sorted = true;
		score_exactly(g, i);
	}
	return r;
}

/* ---- the whole ---- */

static int search_segment(struct run *g)
{
	int r = make_bounds(g);

	while (r == 0 && g->nbounds && !is_hopeless(g->k, g->bounds[0].most)) {
		uint32_t range = g->bounds[0].range;

		g->bounds[0] = g->bounds[--g->nbounds];
		if (g->nbounds)
			sink(g->bounds, g->nbounds, 0);
		if (!go_on(g->k))
			break;
		r = search_range(g, range);
	}
	return r ? r : g->seg->corrupt ? SEGMENT_E_CORRUPT : 0;
}

static int run_segment(struct scorer *s, struct rank_segment *seg, struct run *g)
{
	int r = 0;

	g->s = s;
	g->k = s->k;
	g->seg = seg->s;
	g->x = seg->search;
	g->ratio = max_of(max_of(s->mean / seg->s->mean, s->mean_window / seg->s->mean_window), 1);
	g->named_known = false;
	g->nbounds = 0;
	g->bounds = NULL;
	if (!g->x || !g->x->lists || !g->x->intervals)
		return seg->s->corrupt ? SEGMENT_E_CORRUPT : -ENOMEM;
	if (!seg->s->corrupt && g->x->nlists && s->k->limit)
		r = search_segment(g);
	g->bounds = mem_free(g->bounds);
	return r ? r : seg->s->corrupt ? SEGMENT_E_CORRUPT : 0;
}

int rank_segments_run(struct scorer *s)
{
	struct rank *k = s->k;
	struct run *g = k->nsegments ? calloc(1, sizeof(*g)) : NULL;
	int r = 0;

	if (k->nsegments && g)
		g->name = calloc(k->nterms + 1, sizeof(*g->name));
	if (k->nsegments && (!g || !g->name))
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < k->nsegments && !k->ended; i++)
		r = run_segment(s, &k->segments[i], g);
	for (size_t i = 0; i < k->nsegments; i++)
		forget(&k->segments[i]);
	if (g) {
		mem_free(g->o.found);
		mem_free(g->o.tallies);
		mem_free(g->name);
		mem_free(g);
	}
	return r;
}
