/* Reading a segment: every page is checked once, every number each time. */
#include "daemon/segment/segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/order.h"

#define DOCUMENT_BYTES 16
#define INDEX_BYTES 16

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

uint64_t segment_hash(const uint8_t *p, size_t n)
{
	uint64_t a = 1, b = 2, c = 3, d = 4, tail = n;

	for (; n >= 32; n -= 32, p += 32) {
		a = mix(a, le_get64(p));
		b = mix(b, le_get64(p + 8));
		c = mix(c, le_get64(p + 16));
		d = mix(d, le_get64(p + 24));
	}
	for (; n; n--, p++)
		tail = mix(tail, *p);
	return mix(mix(mix(mix(tail, a), b), c), d);
}

/* ---- what is right ---- */

static bool page_is_right(const struct segment *s, uint64_t page)
{
	uint64_t from = page << SEGMENT_PAGE_BITS;
	uint64_t n = min_of(s->foot.pages_at - from, (uint64_t)SEGMENT_PAGE);

	return segment_hash(s->p + from, n) == le_get64(s->p + s->foot.pages_at + 8 * page);
}

bool segment_is_bad(struct segment *s)
{
	s->corrupt = s->corrupt || (s->lost && atomic_load_explicit(s->lost, memory_order_relaxed));
	return s->corrupt;
}

/* Bytes [at, at + n) of what the pages cover; NULL: they are not there, or not right. */
static const uint8_t *bytes_at(struct segment *s, uint64_t at, uint64_t n)
{
	if (segment_is_bad(s) || at > s->foot.pages_at || n > s->foot.pages_at - at) {
		s->corrupt = true;
		return NULL;
	}
	for (uint64_t page = at >> SEGMENT_PAGE_BITS; page << SEGMENT_PAGE_BITS < at + n; page++) {
		if (s->seen[page >> 3] >> (page & 7) & 1)
			continue;
		if (!page_is_right(s, page)) {
			s->corrupt = true;
			return NULL;
		}
		s->seen[page >> 3] |= (uint8_t)(1 << (page & 7));
	}
	return s->p + at;
}

bool segment_check(struct segment *s)
{
	return bytes_at(s, 0, s->foot.pages_at) != NULL;
}

/* ---- opening ---- */

static void read_foot(const uint8_t *p, struct segment_foot *foot)
{
	uint64_t v[SEGMENT_FOOT / 8] = { 0 };

	for (size_t i = 0; i < array_len(v); i++)
		v[i] = le_get64(p + 8 * i);
	memcpy(foot, v, sizeof(*foot));
}

static uint64_t pages_of(const struct segment_foot *f)
{
	return (f->pages_at + SEGMENT_PAGE - 1) >> SEGMENT_PAGE_BITS;
}

/* Sections one behind the other, each as long as its numbers say. */
static bool foot_is_right(const struct segment_foot *f, size_t n)
{
	return f->size == n && f->documents <= UINT32_MAX && f->passages <= UINT32_MAX &&
	       f->nblocks <= n && SEGMENT_HEAD <= f->blocks && f->blocks <= f->index &&
	       f->index <= n && f->documents <= f->passages && f->documents <= n &&
	       f->index + INDEX_BYTES * f->nblocks == f->documents_at &&
	       f->documents_at + DOCUMENT_BYTES * f->documents == f->lengths_at &&
	       f->lengths_at + 2 * f->passages == f->pages_at &&
	       f->pages_at + 8 * pages_of(f) + SEGMENT_FOOT == n &&
	       f->terms <= f->nblocks * SEGMENT_BLOCK;
}

static double double_of(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

int segment_open(struct segment *s, const uint8_t *p, size_t n)
{
	struct segment_foot *f = &s->foot;
	const uint8_t *foot;

	*s = (struct segment){ .p = p };
	if (n < SEGMENT_HEAD + SEGMENT_FOOT || memcmp(p, SEGMENT_MAGIC, 16) != 0)
		return SEGMENT_E_CORRUPT;
	foot = p + n - SEGMENT_FOOT;
	read_foot(foot, f);
	if (f->magic != SEGMENT_FOOT_MAGIC || segment_hash(foot, SEGMENT_FOOT - 8) != f->foot_hash)
		return SEGMENT_E_CORRUPT;
	if (f->version != SEGMENT_VERSION || le_get32(p + 16) != SEGMENT_VERSION)
		return SEGMENT_E_VERSION;
	if (!foot_is_right(f, n) || segment_hash(p + f->pages_at, 8 * pages_of(f)) != f->pages_hash)
		return SEGMENT_E_CORRUPT;
	s->mean = double_of(f->mean);
	s->mean_window = double_of(f->mean_window);
	if (!(s->mean >= 1) || !(s->mean_window >= 1))
		return SEGMENT_E_CORRUPT;
	s->ranges = (uint32_t)((f->passages + SEGMENT_RANGE - 1) >> SEGMENT_RANGE_BITS);
	s->seen = calloc(pages_of(f) / 8 + 1, 1);
	return s->seen ? 0 : -ENOMEM;
}

void segment_close(struct segment *s)
{
	s->seen = mem_free(s->seen);
	s->p = NULL;
	s->corrupt = true;
}

/* ---- documents and passages ---- */

bool segment_document(struct segment *s, uint32_t i, struct segment_document *out)
{
	const uint8_t *p =
		i < s->foot.documents
			? bytes_at(s, s->foot.documents_at + (uint64_t)DOCUMENT_BYTES * i,
				  DOCUMENT_BYTES)
			: NULL;

	if (!p)
		return false;
	*out = (struct segment_document){ (int64_t)le_get64(p), le_get32(p + 8), le_get32(p + 12) };
	if (out->at > s->foot.passages || out->passages > s->foot.passages - out->at)
		s->corrupt = true;
	return !s->corrupt;
}

/* The first document for which `key`, its first place or passage, is more than the value. */
static uint32_t document_above(struct segment *s, int64_t value, bool place)
{
	uint32_t low = 0, high = (uint32_t)s->foot.documents;
	struct segment_document d;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (!segment_document(s, mid, &d))
			return 0;
		if ((place ? (int64_t)d.at : d.first) > value)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

bool segment_document_at(
	struct segment *s, uint32_t place, struct segment_document *out, uint32_t *i)
{
	uint32_t above = document_above(s, place, true);

	if (!above || !segment_document(s, above - 1, out))
		return false;
	*i = above - 1;
	return place - out->at < out->passages;
}

uint32_t segment_document_from(struct segment *s, int64_t id)
{
	return document_above(s, id - 1, false);
}

unsigned segment_length(struct segment *s, uint32_t place)
{
	const uint8_t *p = place < s->foot.passages
				   ? bytes_at(s, s->foot.lengths_at + 2 * (uint64_t)place, 2)
				   : NULL;

	return p ? le_get16(p) : 0;
}

/* ---- terms ---- */

static bool block_begin(struct segment_terms *it, uint64_t block)
{
	struct segment *s = it->s;
	const uint8_t *p = block < s->foot.nblocks
				   ? bytes_at(s, s->foot.index + INDEX_BYTES * block, INDEX_BYTES)
				   : NULL;
	uint64_t at, end;

	it->block = block;
	it->p = it->end = NULL;
	it->left = 0;
	it->n = 0;
	if (!p)
		return false;
	at = le_get64(p);
	it->data = le_get64(p + 8);
	end = s->foot.index;
	if (block + 1 < s->foot.nblocks) {
		p = bytes_at(s, s->foot.index + INDEX_BYTES * (block + 1), INDEX_BYTES);
		end = p ? le_get64(p) : 0;
	}
	if (at < s->foot.blocks || at > end || end > s->foot.index) {
		s->corrupt = true;
		return false;
	}
	it->p = bytes_at(s, at, end - at);
	it->end = it->p ? it->p + (end - at) : NULL;
	it->left = SEGMENT_BLOCK;
	return it->p != NULL;
}

/* Its data are where they should be, but not looked at. */
static bool term_read(struct segment_terms *it, struct segment_term *out, uint64_t *data)
{
	uint64_t shared = get_varint(&it->p, it->end), rest = get_varint(&it->p, it->end);

	if (shared > it->n || rest > SEGMENT_TERM_MAX - shared ||
		rest > (uint64_t)(it->end - it->p))
		goto corrupt;
	memcpy(it->text + shared, it->p, rest);
	it->p += rest;
	it->n = shared + rest;
	out->term = it->text;
	out->n = it->n;
	out->df = get_varint(&it->p, it->end);
	out->name_df = get_varint(&it->p, it->end);
	out->entries_len = get_varint(&it->p, it->end);
	out->postings_len = get_varint(&it->p, it->end);
	*data = it->data;
	if (out->entries_len > it->s->foot.blocks || out->postings_len > UINT32_MAX ||
		out->df > it->s->foot.passages || out->name_df > out->df)
		goto corrupt;
	it->data += out->entries_len + out->postings_len;
	if (*data > it->s->foot.blocks || it->data > it->s->foot.blocks)
		goto corrupt;
	it->left--;
	return true;
corrupt:
	it->s->corrupt = true;
	return false;
}

static bool term_data(struct segment *s, struct segment_term *t, uint64_t data)
{
	const uint8_t *p = bytes_at(s, data, t->entries_len);

	/* of postings only the ranges are looked at that are worth it: see segment_postings */
	t->entries = p;
	t->postings = s->p + data + t->entries_len;
	return p != NULL;
}

const uint8_t *segment_postings(
	struct segment *s, const struct segment_term *t, uint32_t at, uint32_t n)
{
	return bytes_at(s, (uint64_t)(t->postings - s->p) + at, n);
}

void segment_terms(struct segment_terms *it, struct segment *s)
{
	it->s = s;
	(void)block_begin(it, 0);
}

bool segment_terms_next(struct segment_terms *it, struct segment_term *out)
{
	uint64_t data;

	if (it->s->corrupt)
		return false;
	if (it->p >= it->end || !it->left) {
		if (it->block + 1 >= it->s->foot.nblocks || !block_begin(it, it->block + 1))
			return false;
	}
	return term_read(it, out, &data) && term_data(it->s, out, data) &&
	       segment_postings(it->s, out, 0, (uint32_t)out->postings_len);
}

bool segment_find(struct segment *s, const void *term, size_t n, struct segment_term *out)
{
	uint64_t low = 0, high = s->foot.nblocks, data = 0;
	struct segment_terms it;
	int c = -1;

	it.s = s;
	while (low < high) { /* the last block whose first term is not behind this one */
		uint64_t mid = low + (high - low) / 2;

		if (!block_begin(&it, mid) || !term_read(&it, out, &data))
			return false;
		if (order_compare(out->term, out->n, term, n) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || !block_begin(&it, low - 1))
		return false;
	while (c < 0 && it.left && it.p < it.end) {
		if (!term_read(&it, out, &data))
			return false;
		c = order_compare(out->term, out->n, term, n);
	}
	out->term = NULL;
	return c == 0 && term_data(s, out, data);
}
