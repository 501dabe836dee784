/*
 * One segment of several. Terms come out of all of them in one order; postings get new places, and
 * the windows, the ranges and what can be made in them are found anew. Documents that are gone
 * stay behind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/write.h"

#define GONE UINT32_MAX
#define ASK_EVERY 256 /* terms */

struct source {
	struct segment *s;
	uint32_t *places; /* old -> new, or GONE */
	struct segment_terms it;
	struct segment_term term;
	bool there;
};

struct merge {
	struct source *v;
	size_t n;
	struct segment_document *documents;
	size_t ndocuments, cap_documents;
	uint16_t *lengths;
	size_t npassages, cap_lengths;
	struct segment_posting *postings;
	size_t npostings, cap_postings;
};

/* ---- documents ---- */

static int take_document(struct merge *m, struct source *from, const struct segment_document *d)
{
	if (!mem_try_room(&m->documents, &m->cap_documents, m->ndocuments + 1, sizeof(*m->documents)) ||
		!mem_try_room(&m->lengths, &m->cap_lengths, m->npassages + d->passages, sizeof(*m->lengths)))
		return -ENOMEM;
	m->documents[m->ndocuments++] = (struct segment_document){
		.first = d->first, .at = (uint32_t)m->npassages, .passages = d->passages
	};
	for (uint32_t i = 0; i < d->passages; i++) {
		from->places[d->at + i] = (uint32_t)m->npassages;
		m->lengths[m->npassages++] = (uint16_t)segment_length(from->s, d->at + i);
	}
	return m->npassages > INT32_MAX ? SEGMENT_E_ORDER : 0;
}

static int take_documents(struct merge *m, struct source *from, const struct segment_source *src)
{
	struct segment_document d;
	size_t gone = 0;
	int r = 0;

	from->s = src->s;
	from->places = mem_try((src->s->foot.passages + 1) * sizeof(*from->places));
	if (!from->places)
		return -ENOMEM;
	memset(from->places, 0xff, (src->s->foot.passages + 1) * sizeof(*from->places));
	for (uint32_t i = 0; r == 0 && i < src->s->foot.documents; i++) {
		if (!segment_document(src->s, i, &d))
			return SEGMENT_E_CORRUPT;
		while (gone < src->ngone && src->gone[gone] < d.first)
			gone++;
		if (gone == src->ngone || src->gone[gone] != d.first)
			r = take_document(m, from, &d);
	}
	return r;
}

/* ---- terms ---- */

static int take_postings(struct merge *m, struct source *from)
{
	const struct segment_term *t = &from->term;
	const uint8_t *p = segment_postings(from->s, t, 0, (uint32_t)t->postings_len);
	struct segment_entries it;
	struct segment_entry e;
	struct segment_posting q;

	if (!p || !mem_try_room(&m->postings, &m->cap_postings, m->npostings + t->postings_len,
			  sizeof(*m->postings)))
		return p ? -ENOMEM : SEGMENT_E_CORRUPT;
	segment_entries(&it, from->s, t);
	while (segment_entries_next(&it, &e)) {
		const uint8_t *at = p + e.at, *end = at + e.len;

		while (segment_posting_next(&at, end, &q)) {
			q.at += e.range << SEGMENT_RANGE_BITS;
			if (q.at >= from->s->foot.passages)
				return SEGMENT_E_CORRUPT;
			q.at = from->places[q.at];
			if (q.at != GONE)
				m->postings[m->npostings++] = q;
		}
	}
	return it.bad ? SEGMENT_E_CORRUPT : 0;
}

static int compare(const struct segment_term *a, const struct segment_term *b)
{
	int c = memcmp(a->term, b->term, min_of(a->n, b->n));

	return c ? c : a->n < b->n ? -1 : a->n > b->n;
}

/* The smallest term of all; NULL: no more. */
static struct source *smallest(struct merge *m)
{
	struct source *best = NULL;

	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].there && (!best || compare(&m->v[i].term, &best->term) < 0))
			best = &m->v[i];
	return best;
}

static int merge_term(struct merge *m, struct segment_writer *w, struct source *first)
{
	struct segment_term term = first->term;
	uint8_t text[SEGMENT_TERM_MAX];
	int r = 0;

	memcpy(text, term.term, term.n);
	term.term = text;
	m->npostings = 0;
	for (size_t i = 0; r == 0 && i < m->n; i++) {
		struct source *s = &m->v[i];

		if (!s->there || compare(&s->term, &term) != 0)
			continue;
		r = take_postings(m, s);
		s->there = segment_terms_next(&s->it, &s->term);
		if (s->s->corrupt)
			r = SEGMENT_E_CORRUPT;
	}
	return r ? r : segment_writer_term(w, text, term.n, m->postings, m->npostings);
}

static int merge_terms(
	struct merge *m, struct segment_writer *w, bool (*go_on)(void *), void *go_on_ctx)
{
	struct source *s;
	unsigned asked = 0;
	int r = 0;

	for (size_t i = 0; i < m->n; i++) {
		segment_terms(&m->v[i].it, m->v[i].s);
		m->v[i].there = segment_terms_next(&m->v[i].it, &m->v[i].term);
		if (m->v[i].s->corrupt)
			return SEGMENT_E_CORRUPT;
	}
	while (r == 0 && (s = smallest(m))) {
		if (go_on && ++asked % ASK_EVERY == 0 && !go_on(go_on_ctx))
			return -ECANCELED;
		r = merge_term(m, w, s);
	}
	return r;
}

int segment_merge(const struct segment_source *v, size_t n, segment_put_fn put, void *ctx,
	bool (*go_on)(void *), void *go_on_ctx, uint64_t *passages)
{
	struct merge m = { .n = n };
	struct segment_writer *w = NULL;
	int r = 0;

	if (n > SEGMENT_MERGE_MAX)
		return SEGMENT_E_ORDER;
	m.v = calloc(n + 1, sizeof(*m.v));
	r = m.v ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_documents(&m, &m.v[i], &v[i]);
	if (r == 0)
		r = segment_writer_new(&w, m.documents, m.ndocuments, m.lengths, put, ctx);
	if (r == 0)
		r = merge_terms(&m, w, go_on, go_on_ctx);
	if (r == 0)
		r = segment_writer_end(w);
	*passages = m.npassages;
	segment_writer_free(w);
	for (size_t i = 0; m.v && i < n; i++)
		mem_free(m.v[i].places);
	mem_free(m.v);
	mem_free(m.documents);
	mem_free(m.lengths);
	mem_free(m.postings);
	return r;
}
