/* What a question means in each segment: which places count, where its terms are, how many passages have them. */
#include <errno.h>
#include <stdlib.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/documents.h"
#include "daemon/store/rank_ranges.h"

bool rank_go_on(struct rank *k)
{
	if (!k->ended && k->go_on && !k->go_on(k->ctx))
		k->ended = true;
	return !k->ended;
}

/* ---- what may be seen ---- */

size_t interval_from(const struct segment_search *x, uint32_t place)
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
		if (!rank_go_on(k))
			return;
	}
}

static int prepare(struct rank *k, struct rank_segment *seg)
{
	struct segment_search *x = calloc(1, sizeof(*x));
	int r;

	seg->search = x;
	if (x) {
		x->lists = calloc(k->nterms + 1, sizeof(*x->lists));
		x->order = calloc(k->nterms + 1, sizeof(*x->order));
	}
	if (!x || !x->lists || !x->order)
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

void rank_segment_forget(struct rank_segment *seg)
{
	struct segment_search *x = seg->search;

	if (!x)
		return;
	for (size_t i = 0; i < x->nlists; i++)
		mem_free(x->lists[i].skips);
	mem_free(x->lists);
	mem_free(x->order);
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
