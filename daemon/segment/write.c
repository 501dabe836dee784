/* Writing a segment: bytes out, page by page, with what it takes to find them again. */
#include "daemon/segment/write_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/bm25.h"
#include "daemon/segment/order.h"

#define OUT_BYTES (256 << 10)

/* ---- bytes out ---- */

static int fail(struct segment_writer *w, int r)
{
	if (!w->error)
		w->error = r;
	return w->error;
}

/* Full pages are hashed and handed over. All of it: the last one, too. */
static int hand_over(struct segment_writer *w, bool all, bool hash)
{
	size_t n = w->out.len, at = 0;
	uint8_t h[8];

	if (!all)
		n -= n % SEGMENT_PAGE;
	for (at = 0; hash && at < n; at += SEGMENT_PAGE) {
		le_put64(h, segment_hash(w->out.data + at, min_of(n - at, (size_t)SEGMENT_PAGE)));
		if (buf_add(&w->pages, h, 8) != 0)
			return fail(w, -ENOMEM);
	}
	if (n && !w->error) {
		int r = w->put(w->ctx, w->out.data, n);

		if (r != 0)
			return fail(w, r);
	}
	w->handed += n;
	buf_consume(&w->out, n);
	return w->error;
}

static int add(struct segment_writer *w, const void *p, size_t n)
{
	if (buf_add(&w->out, p, n) != 0)
		return fail(w, -ENOMEM);
	return w->out.len >= OUT_BYTES ? hand_over(w, false, true) : w->error;
}

static uint64_t offset(const struct segment_writer *w)
{
	return w->handed + w->out.len;
}

/* ---- beginning ---- */

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static int take_documents(struct segment_writer *w, const struct segment_document *v, size_t n)
{
	uint64_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].at != at || (i && v[i].first <= v[i - 1].first) || at > INT32_MAX)
			return SEGMENT_E_ORDER;
		at += v[i].passages;
	}
	if (at > INT32_MAX)
		return SEGMENT_E_ORDER;
	w->foot.documents = n;
	w->foot.passages = at;
	w->documents = mem_try_dup(n ? v : (const void *)"", n * sizeof(*v));
	return w->documents ? 0 : -ENOMEM;
}

static int take_lengths(struct segment_writer *w, const uint16_t *v)
{
	size_t n = w->foot.passages;
	double mean, mean_window;

	w->lengths = mem_try_dup(n ? v : (const void *)"", n * sizeof(*v));
	w->around = calloc(n + 1, sizeof(*w->around));
	w->name = calloc(n + 1, sizeof(*w->name));
	w->named = calloc(n + 1, 1);
	if (!w->lengths || !w->around || !w->name || !w->named)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		w->foot.words += v[i];
	mean = bm25_mean((double)w->foot.words, (double)n);
	mean_window = bm25_mean_window((double)w->foot.words, (double)w->foot.documents);
	w->foot.mean = bits_of(mean);
	w->foot.mean_window = bits_of(mean_window);
	bound_windows(w, mean, mean_window);
	return 0;
}

int segment_writer_new(struct segment_writer **out, const struct segment_document *documents,
	size_t ndocuments, const uint16_t *lengths, segment_put_fn put, void *ctx)
{
	struct segment_writer *w = mem_new(sizeof(*w));
	uint8_t head[SEGMENT_HEAD] = SEGMENT_MAGIC;
	int r;

	w->put = put;
	w->ctx = ctx;
	le_put32(head + 16, SEGMENT_VERSION);
	r = take_documents(w, documents, ndocuments);
	if (r == 0)
		r = take_lengths(w, lengths);
	if (r == 0)
		r = add(w, head, sizeof(head));
	if (r != 0)
		w = segment_writer_free(w);
	*out = w;
	return r;
}

void segment_writer_rough(struct segment_writer *w)
{
	w->rough = true;
}

void *segment_writer_free(struct segment_writer *w)
{
	if (!w)
		return NULL;
	buf_fini(&w->out);
	buf_fini(&w->pages);
	buf_fini(&w->blocks);
	buf_fini(&w->index);
	buf_fini(&w->entries);
	buf_fini(&w->postings);
	mem_free(w->documents);
	mem_free(w->lengths);
	mem_free(w->around);
	mem_free(w->name);
	mem_free(w->named);
	mem_free(w->intervals);
	return mem_free(w);
}

/* ---- a term ---- */

static int add_word(struct segment_writer *w, const uint8_t *term, size_t n, uint64_t df, uint64_t name_df)
{
	size_t shared = 0;
	uint8_t at[16];
	int r = 0;

	if (w->foot.terms % SEGMENT_BLOCK == 0) {
		le_put64(at, w->blocks.len); /* made absolute at the end */
		le_put64(at + 8, offset(w));
		r = buf_add(&w->index, at, sizeof(at));
	} else {
		while (shared < n && shared < w->last_len && term[shared] == w->last[shared])
			shared++;
	}
	r = r ? r : add_varint(&w->blocks, shared);
	r = r ? r : add_varint(&w->blocks, n - shared);
	r = r ? r : buf_add(&w->blocks, term + shared, n - shared);
	r = r ? r : add_varint(&w->blocks, df);
	r = r ? r : add_varint(&w->blocks, name_df);
	r = r ? r : add_varint(&w->blocks, w->entries.len);
	r = r ? r : add_varint(&w->blocks, w->postings.len);
	memcpy(w->last, term, n);
	w->last_len = n;
	w->foot.terms++;
	return r;
}

static bool is_behind(const struct segment_writer *w, const uint8_t *term, size_t n)
{
	return !w->foot.terms || order_compare(term, n, w->last, w->last_len) > 0;
}

int segment_writer_term(struct segment_writer *w, const void *term, size_t n,
	const struct segment_posting *v, size_t nv)
{
	uint64_t names = 0;
	int r;

	if (w->error || !nv)
		return w->error;
	if (n > SEGMENT_TERM_MAX || !is_behind(w, term, n))
		return fail(w, n > SEGMENT_TERM_MAX ? SEGMENT_E_TERM : SEGMENT_E_ORDER);
	buf_reset(&w->entries);
	buf_reset(&w->postings);
	r = bound_term(w, v, nv, &names);
	if (r == 0)
		r = add_word(w, term, n, nv, names);
	w->foot.postings += nv;
	if (r != 0)
		return fail(w, r);
	add(w, w->entries.data, w->entries.len);
	return add(w, w->postings.data, w->postings.len);
}

/* ---- the end ---- */

static void add_documents(struct segment_writer *w)
{
	uint8_t v[16];

	for (size_t i = 0; i < w->foot.documents; i++) {
		le_put64(v, (uint64_t)w->documents[i].first);
		le_put32(v + 8, w->documents[i].at);
		le_put32(v + 12, w->documents[i].passages);
		add(w, v, sizeof(v));
	}
}

static void add_lengths(struct segment_writer *w)
{
	uint8_t v[2];

	for (size_t i = 0; i < w->foot.passages; i++) {
		le_put16(v, w->lengths[i]);
		add(w, v, sizeof(v));
	}
}

static void add_index(struct segment_writer *w)
{
	for (size_t i = 0; i < w->index.len; i += 16)
		le_put64(w->index.data + i, le_get64(w->index.data + i) + w->foot.blocks);
	w->foot.nblocks = w->index.len / 16;
	if (w->index.len)
		add(w, w->index.data, w->index.len);
}

static void add_foot(struct segment_writer *w)
{
	uint8_t foot[SEGMENT_FOOT];
	uint64_t v[SEGMENT_FOOT / 8];

	w->foot.magic = SEGMENT_FOOT_MAGIC;
	w->foot.version = SEGMENT_VERSION;
	w->foot.size = offset(w) + w->pages.len + SEGMENT_FOOT;
	w->foot.pages_hash = segment_hash(w->pages.data, w->pages.len);
	if (buf_add(&w->out, w->pages.data, w->pages.len) != 0)
		fail(w, -ENOMEM);
	memcpy(v, &w->foot, sizeof(v));
	for (size_t i = 0; i < array_len(v); i++)
		le_put64(foot + 8 * i, v[i]);
	le_put64(foot + SEGMENT_FOOT - 8, segment_hash(foot, SEGMENT_FOOT - 8));
	if (buf_add(&w->out, foot, sizeof(foot)) != 0)
		fail(w, -ENOMEM);
}

int segment_writer_end(struct segment_writer *w)
{
	w->foot.blocks = offset(w);
	if (w->blocks.len)
		add(w, w->blocks.data, w->blocks.len);
	w->foot.index = offset(w);
	add_index(w);
	w->foot.documents_at = offset(w);
	add_documents(w);
	w->foot.lengths_at = offset(w);
	add_lengths(w);
	w->foot.pages_at = offset(w);
	hand_over(w, true, true);
	if (!w->error)
		add_foot(w);
	return w->error ? w->error : hand_over(w, true, false);
}
