/*
 * Every passage of a segment that holds any of the terms, as rows: for what looks at all of them,
 * the ranking of whole documents. As linear as FTS5's walk, and several times as quick.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/mem.h"
#include "daemon/store/documents.h"
#include "daemon/store/rank_in.h"

#define ASK_EVERY 64 /* ranges */

struct cursor { /* through the ranges of one term */
	uint16_t term;
	bool name_only, there;
	struct segment_term t;
	struct segment_entries it;
	struct segment_entry e;
};

struct found {
	uint8_t at; /* in the range */
	struct tally tally;
};

struct walker {
	struct segment *s;
	struct rank_rows *rows;
	struct cursor *v;
	size_t n;
	struct found *found;
	size_t nfound, cap_found;
};

static int find_terms(struct walker *w, const struct term_weight *words, size_t n)
{
	w->v = calloc(n + 1, sizeof(*w->v));
	if (!w->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct cursor *c = &w->v[w->n];

		if (!segment_find(w->s, words[i].term, words[i].n, &c->t))
			continue;
		c->term = (uint16_t)i;
		c->name_only = words[i].name_only;
		segment_entries(&c->it, w->s, &c->t);
		c->there = segment_entries_next(&c->it, &c->e);
		w->n++;
	}
	return w->s->corrupt ? SEGMENT_E_CORRUPT : 0;
}

static int take_postings(struct walker *w, const struct cursor *c)
{
	const uint8_t *p = c->e.len ? segment_postings(w->s, &c->t, c->e.at, c->e.len) : NULL;
	const uint8_t *end = p ? p + c->e.len : NULL;
	struct segment_posting q;

	if (!mem_try_room(&w->found, &w->cap_found, w->nfound + SEGMENT_RANGE, sizeof(*w->found)))
		return -ENOMEM;
	for (unsigned n = 0; n < SEGMENT_RANGE && segment_posting_next(&p, end, &q); n++) {
		struct tally t = { c->term, q.name, q.heading, q.body };

		if (c->name_only)
			t.heading = t.body = 0;
		if (t.name || t.heading || t.body)
			w->found[w->nfound++] = (struct found){ (uint8_t)q.at, t };
	}
	return 0;
}

/* What was found in one range, term by term, becomes rows, place by place. */
static int add_rows(struct walker *w, uint32_t range)
{
	struct rank_rows *rows = w->rows;
	uint32_t from[SEGMENT_RANGE + 1] = { 0 }, at = (uint32_t)rows->ntallies, number;
	struct segment_document d;

	if (!mem_try_room(&rows->tallies, &rows->cap_tallies, rows->ntallies + w->nfound, sizeof(struct tally)) ||
		!mem_try_room(&rows->v, &rows->cap, rows->n + SEGMENT_RANGE, sizeof(*rows->v)))
		return -ENOMEM;
	for (size_t i = 0; i < w->nfound; i++)
		from[w->found[i].at]++;
	for (uint32_t i = 0; i < SEGMENT_RANGE; i++) {
		uint32_t place = (range << SEGMENT_RANGE_BITS) + i, n = from[i];

		from[i] = at;
		at += n;
		if (!n)
			continue;
		if (!segment_document_at(w->s, place, &d, &number))
			return SEGMENT_E_CORRUPT;
		rows->v[rows->n++] = (struct rank_row){ d.first + (place - d.at), from[i] };
	}
	for (size_t i = 0; i < w->nfound; i++)
		rows->tallies[from[w->found[i].at]++] = w->found[i].tally;
	rows->ntallies = at;
	w->nfound = 0;
	return 0;
}

static int walk_range(struct walker *w, uint32_t range)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n; i++) {
		struct cursor *c = &w->v[i];

		if (!c->there || c->e.range != range)
			continue;
		r = take_postings(w, c);
		c->there = segment_entries_next(&c->it, &c->e);
		w->s->corrupt |= c->it.bad;
	}
	if (r == 0 && w->s->corrupt)
		r = SEGMENT_E_CORRUPT;
	return r ? r : w->nfound ? add_rows(w, range) : 0;
}

static bool next_range(const struct walker *w, uint32_t *range)
{
	bool any = false;

	for (size_t i = 0; i < w->n; i++) {
		const struct cursor *c = &w->v[i];

		if (c->there && (!any || c->e.range < *range))
			*range = c->e.range;
		any |= c->there;
	}
	return any;
}

int rank_segment_rows(struct rank_rows *rows, struct segment *s, const struct term_weight *words, size_t n,
	bool (*go_on)(void *), void *ctx)
{
	struct walker w = { .s = s, .rows = rows };
	unsigned asked = 0;
	uint32_t range = 0;
	int r = find_terms(&w, words, n);

	while (r == 0 && next_range(&w, &range)) {
		rows->full |= rows->n + SEGMENT_RANGE > RANK_ROWS_MAX || rows->ntallies > UINT32_MAX / 2;
		if (rows->full || (++asked % ASK_EVERY == 0 && !go_on(ctx)))
			break;
		r = walk_range(&w, range);
	}
	mem_free(w.v);
	mem_free(w.found);
	return r;
}
