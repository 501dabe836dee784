/*
 * Ranking: BM25 (Robertson and Zaragoza) with Lucene's idf, of a passage and of what surrounds it.
 *
 * A search runs in two steps. While FTS5 walks the passages that hold any of the terms, the
 *function ragchat_tally notes how often each term occurs in each. The scores are made from these
 *notes afterwards, when the document frequencies are known exactly: one walk, no look-up of sizes,
 *and only what the searcher may see counts. The second step is pure.
 *
 *	score = bm25(passage) + RANK_AROUND * bm25(window around it) + RANK_NAME * its document's
 *name
 *
 * Where whole documents are asked for, each is one text to BM25 (rank_document.c), and its best
 * passage stands for it.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/segment/segment.h"

struct term_weight; /* documents.h */

#define RANK_ROWS_MAX 4000000 /* passages in one search, 12 bytes each: past that it is cut */
#define RANK_TERMS_MAX 255

/* How often a term occurs in the three columns of a passage; 255 means that or more. */
struct tally {
	uint16_t term;
	uint8_t name, heading, body;
};
struct rank_row {
	int64_t id;
	uint32_t at; /* its tallies, up to those of the next row */
};
struct rank_rows {
	struct rank_row *v;
	size_t n, cap;
	struct tally *tallies;
	size_t ntallies, cap_tallies;
	bool full;   /* RANK_ROWS_MAX were reached */
	bool failed; /* out of memory */
};
#define RANK_ROWS_POINTER "ragchat-rows" /* of the value bound as the function's argument */
int rank_register(sqlite3 *lib);         /* the function ragchat_tally(table, rows) */
void rank_rows_fini(struct rank_rows *rows);

/* Passages [first, first + n) that the search keeps to. */
struct rank_range {
	int64_t first, n;
};

/* Blocks of lengths as library.sql has them, of one collection: v[(id >> 12) - base], NULL where
 * there is none. */
struct rank_lengths {
	int64_t base;
	size_t n;
	uint8_t **v;
};
void rank_lengths_fini(struct rank_lengths *l);

struct rank_hit {
	int64_t id;
	double score;
	double own; /* of the terms marked so, by their idf as given out, without the name's score
		     */
};

/* A document, where whole ones are ranked: its passages [first, first + passages), the terms in them. */
struct rank_document {
	int64_t first, passages, terms;
};

/* A segment that is searched besides the rows. */
struct rank_segment {
	struct segment *s;
	const struct rank_range *gone; /* documents of it that nobody sees any more, rising */
	size_t ngone;
	struct segment_search *search; /* private: rank_segments.c */
};

struct rank {
	/* in */
	struct rank_rows *rows; /* rising ids; reordered: only those that may be seen remain */
	const struct rank_lengths *lengths; /* of the collections in the rows, rising */
	size_t nlengths;
	size_t at_lengths;               /* private: the one last used */
	const struct rank_range *ranges; /* rising; NULL: everything that is not hidden */
	size_t nranges;
	int64_t documents, passages, terms; /* of what is searched */
	const double *weights;              /* per term */
	const bool *own;                    /* per term */
	const bool *number;                 /* per term: nothing but digits; NULL: none is */
	size_t nterms;
	size_t limit;
	const struct rank_document *whole; /* rising; NULL: passages are ranked, else documents */
	size_t nwhole;
	struct rank_segment *segments;
	size_t nsegments;
	const struct term_weight *words; /* for segments: nterms of them */
	bool (*go_on)(void *ctx);        /* asked often: false ends it with what there is */
	void *ctx;
	/* out */
	double *idf; /* per term, room for nterms: what it is worth to a question (rank.c), whether
			found or not */
	int64_t *df;
	struct rank_hit *hits; /* best first; malloc'd */
	size_t nhits;
	bool ended; /* go_on said so */
};
/* All rows of a segment behind those there are; what cannot be seen is among them. Errors as rank_run. */
int rank_segment_rows(struct rank_rows *rows, struct segment *s, const struct term_weight *words, size_t n,
	bool (*go_on)(void *), void *ctx);
int rank_run(struct rank *k); /* 0, -ENOMEM, SEGMENT_E_CORRUPT: which one says its `corrupt` */
/* The most that one occurrence after the other of a term with weight 1 and idf 1 can make of a
 * score. */
double rank_most(void);
