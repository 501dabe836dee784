/*
 * Writing a segment. What costs is done here once so that searching need not: for each term and
 * range, the most it can make of a passage there, its window and its document's name included.
 */
#include "daemon/segment/write.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/bm25.h"

#define OUT_BYTES (256 << 10)

struct reach { /* of a passage, in passages */
	uint16_t left, right;         /* how far its window goes */
	uint16_t seen_from, seen_to; /* how far before and behind lies the first and last window with it */
};

struct scratch { /* what a term makes of a passage */
	float own, window;
};

struct interval {
	uint32_t from, to; /* places, both included */
};

struct segment_writer {
	segment_put_fn put;
	void *ctx;
	struct buf out;      /* not handed over yet */
	uint64_t handed;     /* bytes that were */
	uint64_t hashed;     /* bytes whose pages are hashed */
	struct buf pages, blocks, index, entries, postings;
	struct segment_foot foot;
	struct segment_document *documents;
	uint16_t *lengths;
	float *own_weight, *window_weight; /* bm25_saturate = tf * (k1 + 1) / (tf + weight) */
	struct reach *reach;
	struct scratch *scratch; /* all 0 between two terms */
	uint8_t *named;
	struct interval *intervals;
	size_t nintervals, cap_intervals;
	uint8_t last[SEGMENT_TERM_MAX];
	size_t last_len;
	int error;
};

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

/* ---- windows ---- */

/* The same window as daemon/store/rank.c finds, but within [low, high] by itself. */
static uint32_t find_window(
	const struct segment_writer *w, uint32_t low, uint32_t high, uint32_t at, uint32_t *lo, uint32_t *hi)
{
	uint32_t total = w->lengths[at];
	bool left = true, right = true;

	*lo = *hi = at;
	while (total < BM25_WINDOW && *hi - *lo < BM25_WINDOW && (left || right)) {
		left = left && *lo > low;
		if (left)
			total += w->lengths[--*lo];
		right = right && *hi < high;
		if (right)
			total += w->lengths[++*hi];
	}
	return total;
}

static float weight_of(double length, double mean)
{
	return (float)(BM25_K1 * (1 - BM25_B + BM25_B * length / mean));
}

static void find_windows(struct segment_writer *w, double mean, double mean_window)
{
	for (size_t d = 0; d < w->foot.documents; d++) {
		uint32_t low = w->documents[d].at, high = low + w->documents[d].passages - 1;

		for (uint32_t at = low; w->documents[d].passages && at <= high; at++) {
			struct reach *r = &w->reach[at];
			uint32_t lo, hi, total = find_window(w, low, high, at, &lo, &hi);

			r->left = (uint16_t)(at - lo);
			r->right = (uint16_t)(hi - at);
			w->own_weight[at] = weight_of(w->lengths[at], mean);
			w->window_weight[at] = weight_of(total, mean_window);
			for (uint32_t seen = lo; seen <= hi; seen++) {
				struct reach *s = &w->reach[seen];

				if (seen > at)
					s->seen_from = max_of(s->seen_from, (uint16_t)(seen - at));
				else
					s->seen_to = max_of(s->seen_to, (uint16_t)(at - seen));
			}
		}
	}
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
	w->own_weight = calloc(n + 1, sizeof(float));
	w->window_weight = calloc(n + 1, sizeof(float));
	w->reach = calloc(n + 1, sizeof(*w->reach));
	w->scratch = calloc(n + 1, sizeof(*w->scratch));
	w->named = calloc(n + 1, 1);
	if (!w->lengths || !w->own_weight || !w->window_weight || !w->reach || !w->scratch ||
		!w->named)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		w->foot.words += v[i];
	mean = bm25_mean((double)w->foot.words, (double)n);
	mean_window = bm25_mean_window((double)w->foot.words, (double)w->foot.documents);
	w->foot.mean = bits_of(mean);
	w->foot.mean_window = bits_of(mean_window);
	find_windows(w, mean, mean_window);
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
	mem_free(w->own_weight);
	mem_free(w->window_weight);
	mem_free(w->reach);
	mem_free(w->scratch);
	mem_free(w->named);
	mem_free(w->intervals);
	return mem_free(w);
}

/* ---- a term ---- */

static void note_interval(struct segment_writer *w, uint32_t from, uint32_t to)
{
	struct interval *last = w->nintervals ? &w->intervals[w->nintervals - 1] : NULL;

	if (last && from >= last->from && from <= last->to + 1) {
		last->to = max_of(last->to, to);
		return;
	}
	w->intervals = mem_grow(w->intervals, &w->cap_intervals, w->nintervals, sizeof(*w->intervals));
	w->intervals[w->nintervals++] = (struct interval){ from, to };
}

static int by_from(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* By place, no two that meet. */
static void settle_intervals(struct segment_writer *w)
{
	bool sorted = true;
	size_t n = 0;

	for (size_t i = 1; sorted && i < w->nintervals; i++)
		sorted = w->intervals[i].from > w->intervals[i - 1].to;
	if (sorted)
		return;
	qsort(w->intervals, w->nintervals, sizeof(*w->intervals), by_from);
	for (size_t i = 1; i < w->nintervals; i++) {
		if (w->intervals[i].from <= w->intervals[n].to)
			w->intervals[n].to = max_of(w->intervals[n].to, w->intervals[i].to);
		else
			w->intervals[++n] = w->intervals[i];
	}
	w->nintervals = n + 1;
}

static void spread_text(struct segment_writer *w, const struct segment_posting *p)
{
	const struct reach *r = &w->reach[p->at];
	float tf = (float)(p->body + BM25_HEADING * p->heading);
	uint32_t from = p->at - r->seen_from, to = p->at + r->seen_to;

	w->scratch[p->at].own += tf;
	for (uint32_t at = from; at <= to; at++)
		if (at + w->reach[at].right >= p->at && at - w->reach[at].left <= p->at)
			w->scratch[at].window += tf;
	note_interval(w, from, to);
}

/* A name is found in every passage of its document. */
static int spread_name(struct segment_writer *w, const struct segment_posting *p, size_t *document)
{
	const struct segment_document *d;

	while (*document < w->foot.documents && w->documents[*document].at < p->at)
		++*document;
	d = &w->documents[*document];
	if (*document == w->foot.documents || d->at != p->at || !d->passages)
		return SEGMENT_E_ORDER; /* names come with the first passage */
	for (uint32_t at = d->at; at < d->at + d->passages; at++) {
		w->scratch[at].own += (float)(BM25_HEADING * p->name);
		w->named[at] = 1;
	}
	note_interval(w, d->at, d->at + d->passages - 1);
	return 0;
}

static int add_varint(struct buf *b, uint64_t v)
{
	if (buf_reserve(b, VARINT_MAX) != 0)
		return -ENOMEM;
	b->len += put_varint(b->data + b->len, v);
	return 0;
}

static int add_posting(struct buf *b, const struct segment_posting *p)
{
	uint8_t v[5] = { (uint8_t)((p->at & (SEGMENT_RANGE - 1)) << 2) };
	size_t n = 1;

	if (!p->heading && !p->name && p->body >= 1 && p->body <= 3) {
		v[0] |= (uint8_t)(p->body - 1);
	} else if (p->body < 15 && p->heading < 3 && p->name < 3) {
		v[0] |= 3;
		v[n++] = (uint8_t)(p->body | p->heading << 4 | p->name << 6);
	} else {
		v[0] |= 3;
		v[n++] = 255;
		v[n++] = p->body;
		v[n++] = p->heading;
		v[n++] = p->name;
	}
	return buf_add(b, v, n);
}

struct ranging { /* through the ranges of one term */
	const struct segment_posting *v, *end;
	uint32_t range, next; /* the one summed up now; the one that an entry counts from */
	double most;
	bool open, name;
};

static int end_range(struct segment_writer *w, struct ranging *g)
{
	size_t before = w->postings.len;
	double steps = ceil(g->most * 1.00001 / SEGMENT_STEP);
	int r = 0;

	if (!g->open)
		return 0;
	for (; r == 0 && g->v < g->end && g->v->at >> SEGMENT_RANGE_BITS == g->range; g->v++)
		r = add_posting(&w->postings, g->v);
	if (r == 0)
		r = add_varint(&w->entries, (uint64_t)(g->range - g->next) << 1 | g->name);
	if (r == 0)
		r = buf_add_byte(&w->entries, (uint8_t)min_of(steps, 255));
	if (r == 0)
		r = add_varint(&w->entries, w->postings.len - before);
	g->next = g->range + 1;
	g->open = g->name = false;
	g->most = 0;
	return r;
}

/* What was spread becomes entries, and is 0 again. */
static int gather(struct segment_writer *w, struct ranging *g)
{
	int r = 0;

	for (size_t i = 0; i < w->nintervals; i++) {
		for (uint32_t at = w->intervals[i].from; r == 0 && at <= w->intervals[i].to; at++) {
			struct scratch *s = &w->scratch[at];
			double most = s->own * (BM25_K1 + 1) / (s->own + w->own_weight[at]) +
				      BM25_AROUND * s->window * (BM25_K1 + 1) /
					      (s->window + w->window_weight[at]);

			if (at >> SEGMENT_RANGE_BITS != g->range) {
				r = end_range(w, g);
				g->range = at >> SEGMENT_RANGE_BITS;
			}
			g->open |= s->own > 0 || s->window > 0;
			g->name |= w->named[at];
			g->most = max_of(g->most, most);
			*s = (struct scratch){ 0 };
			w->named[at] = 0;
		}
	}
	return r ? r : end_range(w, g);
}

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
	int c = memcmp(term, w->last, min_of(n, w->last_len));

	return !w->foot.terms || c > 0 || (c == 0 && n > w->last_len);
}

static int spread(struct segment_writer *w, const struct segment_posting *v, size_t nv, uint64_t *names)
{
	size_t document = 0;
	uint32_t next = 0;
	int r = 0;

	w->nintervals = 0;
	for (size_t i = 0; i < nv; i++) {
		if (v[i].at < next || v[i].at >= w->foot.passages)
			return SEGMENT_E_ORDER;
		next = v[i].at + 1;
		spread_text(w, &v[i]);
	}
	for (size_t i = 0; r == 0 && i < nv; i++) {
		if (!v[i].name)
			continue;
		++*names;
		r = spread_name(w, &v[i], &document);
	}
	settle_intervals(w);
	return r;
}

int segment_writer_term(struct segment_writer *w, const void *term, size_t n,
	const struct segment_posting *v, size_t nv)
{
	struct ranging g = { .v = v, .end = v + nv };
	uint64_t names = 0;
	int r;

	if (w->error || !nv)
		return w->error;
	if (n > SEGMENT_TERM_MAX || !is_behind(w, term, n))
		return fail(w, n > SEGMENT_TERM_MAX ? SEGMENT_E_TERM : SEGMENT_E_ORDER);
	buf_reset(&w->entries);
	buf_reset(&w->postings);
	r = spread(w, v, nv, &names);
	if (r == 0)
		r = gather(w, &g);
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
