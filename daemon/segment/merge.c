/*
 * One segment of several. Terms come out of all of them in one order; postings get new places, and
 * the windows, the ranges and what can be made in them are found anew. Documents that are gone
 * stay behind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/segment/order.h"
#include "daemon/segment/write.h"

#define GONE UINT32_MAX
#define ASK_EVERY 256 /* terms */

struct named {
	uint64_t key; /* order_key: it decides mostly */
	const uint8_t *p;
	size_t n;
};

struct source {
	struct segment *s;
	uint32_t *places; /* old -> new, or GONE */
	struct segment_terms it;
	struct segment_term term;
	struct named name; /* the term's */
	bool there;
};

struct merge {
	struct source *v;
	size_t n;
	uint32_t heap[SEGMENT_MERGE_MAX]; /* of v, those that have a term still */
	size_t nheap;
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

/* ---- a heap of sources: the one with the smallest term on top, among equals the first one ---- */

static int compare(const struct named *a, const struct named *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return order_compare(a->p, a->n, b->p, b->n);
}

static bool is_before(const struct merge *m, uint32_t a, uint32_t b)
{
	int c = compare(&m->v[a].name, &m->v[b].name);

	return c ? c < 0 : a < b;
}

/* What stands at `at` sinks until nothing below it comes before it. */
static void sink(struct merge *m, size_t at)
{
	uint32_t source = m->heap[at];

	for (size_t child; (child = 2 * at + 1) < m->nheap; at = child) {
		child += child + 1 < m->nheap && is_before(m, m->heap[child + 1], m->heap[child]);
		if (!is_before(m, m->heap[child], source))
			break;
		m->heap[at] = m->heap[child];
	}
	m->heap[at] = source;
}

static int next_term(struct source *s)
{
	s->there = segment_terms_next(&s->it, &s->term);
	if (s->there)
		s->name = (struct named){ order_key(s->term.term, s->term.n), s->term.term, s->term.n };
	return s->s->corrupt ? SEGMENT_E_CORRUPT : 0;
}

static int begin_heap(struct merge *m)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n; i++) {
		segment_terms(&m->v[i].it, m->v[i].s);
		r = next_term(&m->v[i]);
		if (m->v[i].there)
			m->heap[m->nheap++] = (uint32_t)i;
	}
	for (size_t i = m->nheap / 2; r == 0 && i-- > 0;)
		sink(m, i);
	return r;
}

/* The top goes on to its next term, or leaves. */
static int advance(struct merge *m)
{
	int r = next_term(&m->v[m->heap[0]]);

	if (!m->v[m->heap[0]].there)
		m->heap[0] = m->heap[--m->nheap];
	if (m->nheap)
		sink(m, 0);
	return r;
}

/* ---- all terms ---- */

/* The smallest one, of all sources that have it. */
static int merge_term(struct merge *m, struct segment_writer *w)
{
	struct named now = m->v[m->heap[0]].name;
	uint8_t text[SEGMENT_TERM_MAX];
	int r = 0;

	memcpy(text, now.p, now.n);
	now.p = text;
	m->npostings = 0;
	while (r == 0 && m->nheap && compare(&m->v[m->heap[0]].name, &now) == 0) {
		r = take_postings(m, &m->v[m->heap[0]]);
		if (r == 0)
			r = advance(m);
	}
	return r ? r : segment_writer_term(w, text, now.n, m->postings, m->npostings);
}

static int merge_terms(
	struct merge *m, struct segment_writer *w, bool (*go_on)(void *), void *go_on_ctx)
{
	unsigned asked = 0;
	int r = begin_heap(m);

	while (r == 0 && m->nheap) {
		if (go_on && ++asked % ASK_EVERY == 0 && !go_on(go_on_ctx))
			return -ECANCELED;
		r = merge_term(m, w);
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
