/*
 * From words to a segment: each occurrence of a term in a passage is noted once, in the order they
 * come; then they are put in the order of terms, which keeps that of passages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/segment/order.h"
#include "daemon/segment/write.h"

#define NOTHING UINT32_MAX

struct term {
	uint32_t at, len; /* in `text` */
	uint32_t hash, next; /* in its bucket */
	uint32_t last; /* its newest note */
	uint32_t notes, from;
};

struct note {
	uint32_t term;
	struct segment_posting p;
};

struct segment_builder {
	struct buf text;
	struct term *terms;
	size_t nterms, cap_terms;
	uint32_t *buckets;
	size_t nbuckets;
	struct note *notes;
	size_t nnotes, cap_notes;
	struct segment_document *documents;
	size_t ndocuments, cap_documents;
	uint16_t *lengths;
	size_t npassages, cap_lengths;
};

struct segment_builder *segment_builder_new(void)
{
	return mem_new(sizeof(struct segment_builder));
}

void *segment_builder_free(struct segment_builder *b)
{
	if (!b)
		return NULL;
	buf_fini(&b->text);
	mem_free(b->terms);
	mem_free(b->buckets);
	mem_free(b->notes);
	mem_free(b->documents);
	mem_free(b->lengths);
	return mem_free(b);
}

size_t segment_builder_passages(const struct segment_builder *b)
{
	return b->npassages;
}

static bool grow(void *array, size_t *cap, size_t n, size_t size)
{
	void **v = array, *p;
	size_t more = *cap ? *cap + *cap / 2 : 256;

	if (n < *cap)
		return true;
	p = realloc(*v, more * size);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

/* ---- terms ---- */

static bool more_buckets(struct segment_builder *b)
{
	size_t n = b->nbuckets ? b->nbuckets * 4 : 4096;
	uint32_t *v = mem_try(n * sizeof(*v));

	if (!v)
		return false;
	memset(v, 0xff, n * sizeof(*v));
	for (size_t i = 0; i < b->nterms; i++) {
		uint32_t *bucket = &v[b->terms[i].hash & (n - 1)];

		b->terms[i].next = *bucket;
		*bucket = (uint32_t)i;
	}
	mem_free(b->buckets);
	b->buckets = v;
	b->nbuckets = n;
	return true;
}

static uint32_t hash_of(const uint8_t *p, size_t n)
{
	uint64_t h = n * 0x9e3779b97f4a7c15ull, v;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	for (v = 0; n; n--, p++)
		v = v << 8 | *p;
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(h >> 32);
}

/* NOTHING: out of memory */
static uint32_t term_of(struct segment_builder *b, const uint8_t *term, size_t n, uint32_t hash)
{
	uint32_t i;

	if (b->nterms * 2 >= b->nbuckets && !more_buckets(b))
		return NOTHING;
	for (i = b->buckets[hash & (b->nbuckets - 1)]; i != NOTHING; i = b->terms[i].next)
		if (b->terms[i].hash == hash && b->terms[i].len == n &&
			!memcmp(b->text.data + b->terms[i].at, term, n))
			return i;
	if (b->text.len + n > UINT32_MAX || b->nterms >= NOTHING - 1 ||
		!grow(&b->terms, &b->cap_terms, b->nterms, sizeof(*b->terms)))
		return NOTHING;
	i = (uint32_t)b->nterms;
	b->terms[i] = (struct term){ .at = (uint32_t)b->text.len,
		.len = (uint32_t)n,
		.hash = hash,
		.next = b->buckets[hash & (b->nbuckets - 1)],
		.last = NOTHING };
	if (buf_add(&b->text, term, n) != 0)
		return NOTHING;
	b->buckets[hash & (b->nbuckets - 1)] = i;
	b->nterms++;
	return i;
}

/* ---- words ---- */

void segment_builder_document(struct segment_builder *b, int64_t first)
{
	b->documents = mem_grow(b->documents, &b->cap_documents, b->ndocuments, sizeof(*b->documents));
	b->documents[b->ndocuments++] =
		(struct segment_document){ .first = first, .at = (uint32_t)b->npassages };
}

int segment_builder_word(
	struct segment_builder *b, enum segment_column column, const void *term, size_t n)
{
	uint32_t i;
	struct note *note;
	uint8_t *count;

	if (n > SEGMENT_TERM_MAX)
		return SEGMENT_E_TERM;
	i = term_of(b, term, n, hash_of(term, n));
	if (i == NOTHING || b->nnotes >= NOTHING - 1)
		return -ENOMEM;
	if (b->terms[i].last == NOTHING || b->notes[b->terms[i].last].p.at != b->npassages) {
		if (!grow(&b->notes, &b->cap_notes, b->nnotes, sizeof(*b->notes)))
			return -ENOMEM;
		b->terms[i].last = (uint32_t)b->nnotes;
		b->terms[i].notes++;
		b->notes[b->nnotes++] =
			(struct note){ .term = i, .p = { .at = (uint32_t)b->npassages } };
	}
	note = &b->notes[b->terms[i].last];
	count = column == SEGMENT_NAME	    ? &note->p.name
		: column == SEGMENT_HEADING ? &note->p.heading
					    : &note->p.body;
	*count += *count < 255;
	return 0;
}

int segment_builder_passage(struct segment_builder *b, uint16_t length)
{
	if (!b->ndocuments || b->npassages >= INT32_MAX ||
		!grow(&b->lengths, &b->cap_lengths, b->npassages, sizeof(*b->lengths)))
		return -ENOMEM;
	b->lengths[b->npassages++] = length;
	b->documents[b->ndocuments - 1].passages++;
	return 0;
}

uint16_t segment_builder_length(const struct segment_builder *b, size_t passage)
{
	return b->lengths[passage];
}

void segment_builder_shift(struct segment_builder *b, int64_t by)
{
	for (size_t i = 0; i < b->ndocuments; i++)
		b->documents[i].first += by;
}

/* ---- of another one ---- */

static void append_documents(struct segment_builder *b, const struct segment_builder *from, int64_t first)
{
	for (size_t i = 0; i < from->ndocuments; i++) {
		segment_builder_document(b, first + from->documents[i].first);
		b->documents[b->ndocuments - 1].at = (uint32_t)b->npassages + from->documents[i].at;
		b->documents[b->ndocuments - 1].passages = from->documents[i].passages;
	}
}

static void append_notes(struct segment_builder *b, const struct segment_builder *from, const uint32_t *terms)
{
	for (size_t i = 0; i < from->nnotes; i++) {
		struct note note = from->notes[i];
		struct term *t = &b->terms[terms[note.term]];

		note.term = terms[note.term];
		note.p.at += (uint32_t)b->npassages;
		t->last = (uint32_t)b->nnotes;
		t->notes++;
		b->notes[b->nnotes++] = note;
	}
}

int segment_builder_append(struct segment_builder *b, const struct segment_builder *from, int64_t first)
{
	uint32_t *terms = mem_try((from->nterms + 1) * sizeof(*terms));
	int r = terms && b->npassages + from->npassages < INT32_MAX && b->nnotes + from->nnotes < NOTHING &&
				mem_try_room(&b->notes, &b->cap_notes, b->nnotes + from->nnotes, sizeof(*b->notes)) &&
				mem_try_room(&b->lengths, &b->cap_lengths, b->npassages + from->npassages, sizeof(*b->lengths))
			? 0
			: -ENOMEM;

	for (size_t i = 0; r == 0 && i < from->nterms; i++) {
		const struct term *t = &from->terms[i];

		terms[i] = term_of(b, from->text.data + t->at, t->len, t->hash);
		r = terms[i] == NOTHING ? -ENOMEM : 0;
	}
	if (r == 0) {
		append_documents(b, from, first);
		append_notes(b, from, terms);
		memcpy(b->lengths + b->npassages, from->lengths, from->npassages * sizeof(*b->lengths));
		b->npassages += from->npassages;
	}
	mem_free(terms);
	return r;
}

/* ---- back ---- */

struct segment_mark segment_builder_mark(const struct segment_builder *b)
{
	return (struct segment_mark){ b->ndocuments, b->npassages, b->nnotes };
}

/* Terms stay; one without a note is not written. */
void segment_builder_back(struct segment_builder *b, const struct segment_mark *mark)
{
	for (size_t i = mark->notes; i < b->nnotes; i++) {
		struct term *t = &b->terms[b->notes[i].term];

		t->notes--;
		t->last = NOTHING; /* the one before, if any, is of another passage */
	}
	b->nnotes = mark->notes;
	b->npassages = mark->passages;
	b->ndocuments = mark->documents;
}

/* ---- writing ---- */

struct place { /* of a term in their order */
	uint64_t key; /* order_key: it decides mostly */
	uint32_t term;
};

static int by_text(const void *a, const void *b, void *arg)
{
	const struct segment_builder *builder = arg;
	const struct place *p = a, *q = b;
	const struct term *x, *y;

	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	x = &builder->terms[p->term];
	y = &builder->terms[q->term];
	return order_compare(builder->text.data + x->at, x->len, builder->text.data + y->at, y->len);
}

static void put_in_order(struct segment_builder *b, const struct place *order, struct segment_posting *v)
{
	uint32_t from = 0;

	for (size_t i = 0; i < b->nterms; i++) {
		b->terms[order[i].term].from = from;
		from += b->terms[order[i].term].notes;
	}
	for (size_t i = 0; i < b->nnotes; i++)
		v[b->terms[b->notes[i].term].from++] = b->notes[i].p;
}

static int write_terms(struct segment_builder *b, const struct place *order,
	const struct segment_posting *v, bool rough, segment_put_fn put, void *ctx)
{
	struct segment_writer *w;
	int r = segment_writer_new(&w, b->documents, b->ndocuments, b->lengths, put, ctx);

	if (r == 0 && rough)
		segment_writer_rough(w);
	for (size_t i = 0; r == 0 && i < b->nterms; i++) {
		const struct term *t = &b->terms[order[i].term];

		r = segment_writer_term(w, b->text.data + t->at, t->len, v, t->notes);
		v += t->notes;
	}
	if (r == 0)
		r = segment_writer_end(w);
	segment_writer_free(w);
	return r;
}

int segment_builder_write(struct segment_builder *b, bool rough, segment_put_fn put, void *ctx)
{
	struct place *order = mem_try((b->nterms + 1) * sizeof(*order));
	struct segment_posting *v = mem_try((b->nnotes + 1) * sizeof(*v));
	int r = order && v ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < b->nterms; i++)
		order[i] = (struct place){ order_key(b->text.data + b->terms[i].at, b->terms[i].len), (uint32_t)i };
	if (r == 0) {
		qsort_r(order, b->nterms, sizeof(*order), by_text, b);
		put_in_order(b, order, v);
		r = write_terms(b, order, v, rough, put, ctx);
	}
	mem_free(order);
	mem_free(v);
	return r;
}
