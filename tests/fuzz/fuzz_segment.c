/*
 * A segment of any bytes, opened, read whole, asked and merged: it may be refused, and it may say
 * nonsense, but nothing outside of it is touched and every loop ends. The hashes are made right
 * first, or nothing would get past them.
 */
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/write.h"
#include "daemon/store/documents.h"
#include "daemon/store/rank.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define TERMS 4
#define DATA_MAX 65536

static int put_bytes(void *ctx, const void *p, size_t n)
{
	return buf_add(ctx, p, n);
}

static uint8_t *first_segment(size_t *n)
{
	static const char *const words[] = { "alpha", "beta", "gamma", "delta", "epsilon", "zeta" };
	struct segment_builder *b = segment_builder_new();
	struct buf out = { 0 };
	unsigned chance = 7;

	for (int64_t d = 0; d < 12; d++) {
		segment_builder_document(b, 100 + 50 * d);
		for (int p = 0; p <= d * 3; p++) {
			if (p == 0)
				(void)segment_builder_word(b, SEGMENT_NAME, "name", 4);
			for (int w = 0; w < 30; w++) {
				const char *word = words[((chance = chance * 1103515245 + 12345) >> 16) % 6];

				(void)segment_builder_word(b, SEGMENT_BODY, word, strlen(word));
			}
			(void)segment_builder_passage(b, 30);
		}
	}
	if (segment_builder_write(b, false, put_bytes, &out) != 0)
		abort();
	segment_builder_free(b);
	return (uint8_t *)buf_steal(&out, n);
}

/* What the input says is written over a segment: triples of place (two bytes) and value. */
static void change(uint8_t *p, size_t n, const uint8_t *data, size_t len)
{
	for (; len >= 3; len -= 3, data += 3)
		p[(data[0] | data[1] << 8) % n] = data[2];
}

static void make_right(uint8_t *p, size_t n)
{
	uint8_t *foot = p + n - SEGMENT_FOOT;
	uint64_t at = le_get64(foot + 8 * 7), pages;

	le_put64(foot + 8 * 2, n);
	if (at > n - SEGMENT_FOOT)
		return;
	pages = (at + SEGMENT_PAGE - 1) >> SEGMENT_PAGE_BITS;
	if (pages * 8 > n - SEGMENT_FOOT - at)
		return;
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t from = i << SEGMENT_PAGE_BITS;

		le_put64(p + at + 8 * i,
			segment_hash(p + from, min_of(at - from, (uint64_t)SEGMENT_PAGE)));
	}
	le_put64(foot + SEGMENT_FOOT - 16, segment_hash(p + at, 8 * pages));
	le_put64(foot + SEGMENT_FOOT - 8, segment_hash(foot, SEGMENT_FOOT - 8));
}

static void ask(struct segment *s)
{
	struct term_weight terms[TERMS] = { { .term = "alpha", .n = 5, .weight = 1 },
		{ .term = "beta", .n = 4, .weight = .3, .own = true },
		{ .term = "name", .n = 4, .weight = 1, .name_only = true },
		{ .term = "zeta", .n = 4, .weight = 1 } };
	struct rank_range gone = { 200, 10 };
	struct rank_segment v = { .s = s, .gone = &gone, .ngone = 1 };
	struct rank_rows rows = { 0 };
	double weights[TERMS] = { 1, .3, 1, 1 }, idf[TERMS];
	bool own[TERMS] = { 0 };
	int64_t df[TERMS];
	struct rank k = { .rows = &rows, .documents = 12, .passages = 210, .terms = 6300,
		.weights = weights, .own = own, .nterms = TERMS, .limit = 5, .segments = &v,
		.nsegments = 1, .words = terms, .idf = idf, .df = df };

	(void)rank_run(&k);
	mem_free(k.hits);
}

static void read_and_merge(const uint8_t *p, size_t n)
{
	struct segment_source v[2];
	struct segment s;
	struct buf out = { .max = 1 << 22 };
	uint64_t passages;

	if (segment_open(&s, p, n) == 0) {
		ask(&s);
		v[0] = v[1] = (struct segment_source){ .s = &s };
		s.corrupt = false;
		(void)segment_merge(v, 1, put_bytes, &out, NULL, NULL, &passages);
	}
	segment_close(&s);
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t *first;
	static size_t first_len;
	uint8_t *p;

	if (!first)
		first = first_segment(&first_len);
	if (n > DATA_MAX)
		return 0;
	read_and_merge(data, n);
	p = mem_try_dup(first, first_len);
	change(p, first_len, data, n);
	make_right(p, first_len);
	read_and_merge(p, first_len);
	mem_free(p);
	return 0;
}
