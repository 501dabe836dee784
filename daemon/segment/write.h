/*
 * Writing a segment: documents first, then terms in their order, to a function that takes the bytes
 * one after the other. Pure; what takes the bytes makes a file of them, or not.
 */
#pragma once

#include "common/buf.h"
#include "daemon/segment/segment.h"

typedef int (*segment_put_fn)(void *ctx, const void *p, size_t n); /* 0, else the writer stops */

struct segment_writer; /* memory: some 40 bytes a passage, and the dictionary */
/* documents: rising, `at` from 0 without gaps; lengths: of all passages. Both copied.
 * 0, SEGMENT_E_ORDER, -ENOMEM, what put returned. */
int segment_writer_new(struct segment_writer **out, const struct segment_document *documents,
	size_t ndocuments, const uint16_t *lengths, segment_put_fn put, void *ctx);
/* Before the first term: its bounds are found quickly and bound nothing; for what is small. */
void segment_writer_rough(struct segment_writer *w);
/* Postings by rising place. Terms come in the order of memcmp, each once. */
int segment_writer_term(struct segment_writer *w, const void *term, size_t n,
	const struct segment_posting *v, size_t nv);
int segment_writer_end(struct segment_writer *w);
void *segment_writer_free(struct segment_writer *w);

/* ---- from words ---- */

/* Collects documents, passage by passage, and writes them: 20 bytes an occurrence of a term in a
 * passage, and 40 a term. */
struct segment_builder;
struct segment_builder *segment_builder_new(void);
void segment_builder_document(struct segment_builder *b, int64_t first);
enum segment_column { SEGMENT_NAME, SEGMENT_HEADING, SEGMENT_BODY };
/* 0, SEGMENT_E_TERM (left out), -ENOMEM */
int segment_builder_word(
	struct segment_builder *b, enum segment_column column, const void *term, size_t n);
int segment_builder_passage(struct segment_builder *b, uint16_t length); /* ends it */
struct segment_mark {
	size_t documents, passages, notes;
};
/* Back: as it was at a mark; what was marked later is forgotten. */
struct segment_mark segment_builder_mark(const struct segment_builder *b);
void segment_builder_back(struct segment_builder *b, const struct segment_mark *mark);
/* What another one collected comes behind: its documents' ids count from `first`. -ENOMEM: some of it may have come. */
int segment_builder_append(struct segment_builder *b, const struct segment_builder *from, int64_t first);
void segment_builder_shift(struct segment_builder *b, int64_t by); /* ids of documents, so far */
size_t segment_builder_passages(const struct segment_builder *b);
uint16_t segment_builder_length(const struct segment_builder *b, size_t passage);
int segment_builder_write(struct segment_builder *b, bool rough, segment_put_fn put, void *ctx);
void *segment_builder_free(struct segment_builder *b);

/* ---- from segments ---- */

#define SEGMENT_MERGE_MAX 64
struct segment_source {
	struct segment *s;
	/* documents that are left out: ids of their first passages, rising */
	const int64_t *gone;
	size_t ngone;
};
/*
 * One of several, whose passages follow each other. `go_on` is asked now and then; false ends it
 * with -ECANCELED. May be NULL. `passages`: how many there are in the new one.
 */
int segment_merge(const struct segment_source *v, size_t n, segment_put_fn put, void *ctx,
	bool (*go_on)(void *), void *go_on_ctx, uint64_t *passages);
