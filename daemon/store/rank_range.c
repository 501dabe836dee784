/*
 * One range of a segment, opened: every passage in it that has a term gets its score by a quick way,
 * term by term, the weightiest first, and is left alone as soon as what the other terms can make of it
 * is not enough. Those that are left get it once more by the way of rank.c, to the bit.
 */
#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/rank_ranges.h"

/* ---- where ---- */

/* Checked as far as the furthest window goes. */
static const uint8_t *lengths_at(struct segment *s, uint32_t from, uint32_t n)
{
	for (uint32_t at = from; at < from + n; at += SEGMENT_PAGE / 4)
		(void)segment_length(s, at);
	(void)segment_length(s, from + n - 1);
	return s->corrupt ? NULL : s->p + s->foot.lengths_at + 2 * (uint64_t)from;
}

static uint32_t length_of(const struct open_range *o, uint32_t at)
{
	return le_get16(o->lengths + 2 * (at - o->low));
}

static bool begin_range(struct run *g, uint32_t range)
{
	struct open_range *o = &g->o;
	uint32_t last = (uint32_t)g->seg->foot.passages - 1, sum = 0, low, high;

	o->from = range << SEGMENT_RANGE_BITS;
	o->to = min_of(o->from + SEGMENT_RANGE - 1, last);
	o->low = o->from - min_of(o->from, (uint32_t)BM25_WINDOW);
	o->high = min_of(last, o->to + BM25_WINDOW);
	o->lengths = lengths_at(g->seg, o->low, o->high - o->low + 1);
	if (!o->lengths)
		return false;
	for (low = o->from; low > o->low && sum < BM25_WINDOW;)
		sum += length_of(o, --low);
	for (high = o->to, sum = 0; high < o->high && sum < BM25_WINDOW;)
		sum += length_of(o, ++high);
	o->lengths += 2 * (low - o->low);
	o->low = low;
	o->high = high;
	memset(o->has, 0, sizeof(o->has));
	o->nfound = o->n = 0;
	return true;
}

/* ---- what is there ---- */

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

static void note_found(struct open_range *o, const struct term_list *l, const struct segment_posting *p, uint32_t at)
{
	struct tally t = { l->term, p->name, p->heading, p->body };

	if (l->name_only)
		t.heading = t.body = 0;
	if (!t.name && !t.heading && !t.body)
		return;
	o->found[o->nfound++] = (struct found){ at, t };
	if (at >= o->from && at <= o->to)
		o->has[at - o->from] = true;
}

static int gather_entry(struct run *g, const struct term_list *l, const struct segment_entry *e)
{
	struct open_range *o = &g->o;
	uint32_t from = e->range << SEGMENT_RANGE_BITS;
	const uint8_t *v = segment_postings(g->seg, &l->t, e->at, e->len), *end = v ? v + e->len : v;
	struct segment_posting p;

	if (!v)
		return SEGMENT_E_CORRUPT;
	/* a posting is a byte at least: as many as there are bytes */
	if (!mem_try_room(&o->found, &o->cap_found, o->nfound + e->len, sizeof(*o->found)))
		return -ENOMEM;
	while (segment_posting_next(&v, end, &p))
		if (from + p.at >= o->low && from + p.at <= o->high)
			note_found(o, l, &p, from + p.at);
	return 0;
}

/* The postings of one list in the span. */
static int gather(struct run *g, const struct term_list *l, struct part *part)
{
	struct open_range *o = &g->o;
	uint32_t range = o->from >> SEGMENT_RANGE_BITS, low = o->low >> SEGMENT_RANGE_BITS,
		 high = o->high >> SEGMENT_RANGE_BITS;
	struct segment_entries it;
	struct segment_entry e;
	int r = 0;

	*part = (struct part){ .from = o->nfound };
	begin_entries(g->seg, l, low, &it);
	while (r == 0 && segment_entries_next(&it, &e) && e.range <= high) {
		if (e.range < low)
			continue;
		if (e.range == range) {
			part->named = e.name;
			part->most = e.name || !l->name_only ? l->unit * e.impact : 0;
			part->most += e.name ? l->name_weight * SLACK : 0;
		}
		if (e.len)
			r = gather_entry(g, l, &e);
	}
	part->to = o->nfound;
	return r ? r : it.bad || g->seg->corrupt ? SEGMENT_E_CORRUPT : 0;
}

/* ---- candidates ---- */

static bool may_be_seen(const struct segment_search *x, uint32_t place)
{
	size_t i = interval_from(x, place);

	return (i < x->nintervals && x->intervals[i].from <= place) == x->only;
}

/* As window_of in rank.c, within the document [low, high]. */
static void find_window(const struct open_range *o, uint32_t low, uint32_t high, struct runner *c)
{
	uint32_t total = length_of(o, c->at), lo = c->at, hi = c->at;
	bool left = true, right = true;

	c->length = total;
	while (total < BM25_WINDOW && hi - lo < BM25_WINDOW && (left || right)) {
		left = left && lo > low;
		if (left)
			total += length_of(o, --lo);
		right = right && hi < high;
		if (right)
			total += length_of(o, ++hi);
	}
	c->lo = lo;
	c->hi = hi;
	c->window = total;
}

/* The document with the place: often the one behind the last. */
static bool find_document(struct segment *s, uint32_t at, struct segment_document *d, uint32_t *number)
{
	if (d->passages && at - d->at < d->passages)
		return true;
	if (d->passages && *number + 1 < s->foot.documents) {
		if (!segment_document(s, ++*number, d))
			return false;
		if (at - d->at < d->passages)
			return true;
	}
	return segment_document_at(s, at, d, number);
}

/* Document by document: windows end with them. */
static bool find_candidates(struct run *g)
{
	struct open_range *o = &g->o;
	const double step = BM25_K1 * BM25_B / g->s->mean, window_step = BM25_K1 * BM25_B / g->s->mean_window;
	struct segment_document d = { 0 };
	uint32_t number = 0;

	for (uint32_t at = o->from; at <= o->to; at++) {
		struct runner *c = &o->v[o->n];

		if (!o->has[at - o->from] || !may_be_seen(g->x, at))
			continue;
		if (!find_document(g->seg, at, &d, &number))
			return false;
		*c = (struct runner){ .at = at, .document = number, .first = d.at };
		find_window(o, max_of(d.at, o->low), min_of(d.at + d.passages - 1, o->high), c);
		c->own_weight = BM25_K1 * (1 - BM25_B) + step * c->length;
		c->window_weight = BM25_K1 * (1 - BM25_B) + window_step * c->window;
		o->n++;
	}
	return true;
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

static double saturate(double tf, double weight)
{
	return tf > 0 ? tf * (BM25_K1 + 1) / (tf + weight) : 0;
}

/* What one term makes of each candidate. */
static void score_quickly(struct run *g, const struct term_list *l, const struct part *part)
{
	struct open_range *o = &g->o;
	uint32_t span = o->high - o->low + 1, at = 0, known = UINT32_MAX;
	float sum = 0;
	unsigned name = 0;

	for (size_t i = part->from; i < part->to; i++) {
		const struct tally *t = &o->found[i].tally;

		for (; at <= o->found[i].at - o->low; at++)
			o->sum[at] = sum;
		sum += (float)(t->body + BM25_HEADING * t->heading);
	}
	for (; at <= span; at++)
		o->sum[at] = sum;
	if (sum == 0 && !part->named)
		return;
	for (size_t i = 0; i < o->n; i++) {
		struct runner *c = &o->v[i];
		double own = o->sum[c->at + 1 - o->low] - o->sum[c->at - o->low],
		       window = o->sum[c->hi + 1 - o->low] - o->sum[c->lo - o->low];

		if (part->named && c->document != known) {
			known = c->document;
			name = name_count(g, l, c->first);
		}
		own += BM25_HEADING * name;
		c->quick += l->weight * (saturate(own, c->own_weight) + BM25_AROUND * saturate(window, c->window_weight)) +
			    (name ? l->name_weight : 0);
	}
}

/* Those that can still come among the best if other terms make `rest` of them. */
static void keep_candidates(struct run *g, double rest)
{
	struct open_range *o = &g->o;
	size_t kept = 0;

	if (g->k->nhits < g->k->limit)
		return;
	for (size_t i = 0; i < o->n; i++)
		if (!is_hopeless(g->k, (o->v[i].quick + rest) / NEARLY))
			o->v[kept++] = o->v[i];
	o->n = kept;
}

/* ---- to the bit ---- */

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

static void find_name(struct run *g, const struct runner *c)
{
	if (g->named_known && g->named == c->document)
		return;
	g->named = c->document;
	g->named_known = true;
	g->nname = 0;
	for (size_t l = 0; l < g->x->nlists; l++) {
		unsigned n = name_count(g, &g->x->lists[l], c->first);

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

static void score_exactly(struct run *g, const struct runner *c)
{
	struct open_range *o = &g->o;
	struct rank_hit hit = { 0 };
	struct segment_document d;
	const struct tally *t;
	size_t n;

	if (!segment_document(g->seg, c->document, &d))
		return;
	hit.id = d.first + (c->at - d.at);
	find_name(g, c);
	t = row(o, c->at, &n);
	scorer_sum_up(g->s, t, n);
	scorer_sum_name(g->s);
	scorer_score(g->s, c->length, g->s->mean, 1, &hit);
	for (uint32_t at = c->lo; at <= c->hi; at++) {
		t = row(o, at, &n);
		scorer_sum_up(g->s, t, n);
	}
	scorer_score(g->s, c->window, g->s->mean_window, BM25_AROUND, &hit);
	hit.score += BM25_NAME * scorer_name(g->s);
	rank_keep(g->k, hit);
}

/* ---- the whole ---- */

static int gather_all(struct run *g, double *most)
{
	int r = 0;

	*most = 0;
	for (size_t i = 0; r == 0 && i < g->x->nlists; i++) {
		r = gather(g, &g->x->lists[i], &g->o.parts[i]);
		*most += g->o.parts[i].most;
	}
	return r;
}

int rank_range(struct run *g, uint32_t range)
{
	struct open_range *o = &g->o;
	double rest = 0;
	int r = begin_range(g, range) ? gather_all(g, &rest) : SEGMENT_E_CORRUPT;

	if (r == 0 && !find_candidates(g))
		r = SEGMENT_E_CORRUPT;
	for (size_t i = 0; r == 0 && o->n && i < g->x->nlists; i++) {
		const struct part *part = &o->parts[g->x->order[i]];

		if (part->from == part->to && !part->named)
			continue;
		score_quickly(g, &g->x->lists[g->x->order[i]], part);
		rest -= part->most;
		keep_candidates(g, max_of(rest, 0));
	}
	if (r == 0 && o->n && !sort_found(o))
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < o->n; i++)
		if (!is_hopeless(g->k, o->v[i].quick / NEARLY))
			score_exactly(g, &o->v[i]);
	return r;
}
