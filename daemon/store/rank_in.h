/* Inside ranking: what passages and documents, rows and segments share, so that each score is the same to the bit. */
#pragma once

#include "daemon/store/documents.h"
#include "daemon/store/rank.h"

/* The term that stands for the word. */
static inline unsigned rank_word(const struct rank *k, unsigned term)
{
	uint16_t same = k->words[term].same;

	return same ? same - 1u : term;
}
/* The tallies of row i. */
const struct tally *rank_tallies(const struct rank_rows *rows, size_t i, size_t *n);
double rank_idf(double n, double df);
/* Among the best, if it is. */
void rank_keep(struct rank *k, struct rank_hit hit);
/* Scores each document of the rows; passages: the hit of each row. 0, -ENOMEM. */
int rank_documents(struct rank *k, const struct rank_hit *passages);

struct scorer {
	struct rank *k;
	double mean, mean_window;
	double *idf;
	double said[UINT8_MAX + 1];   /* per word of the question: what a name is worth that says it */
	uint64_t seen[UINT8_MAX + 1], look; /* ... that was looked at last */
	double *tf;     /* per term, of what is summed up now */
	uint16_t *used; /* ... and which of them are not 0 */
	size_t nused;
	/* tallies of the first passage of the document, where its name is */
	const struct tally *name;
	size_t nname;
};
void scorer_sum_up(struct scorer *s, const struct tally *t, size_t n);
void scorer_sum_name(struct scorer *s);
/* Add the BM25 of what was summed up, so many times, to a hit; forgets it. */
void scorer_score(
	struct scorer *s, double length, double mean, double times, struct rank_hit *hit);
double scorer_name(struct scorer *s); /* what the document's name says of the question */
/* The same of one term alone, at most: a name that says the word by two terms counts it once. */
double scorer_name_of(const struct scorer *s, unsigned term);

/* ---- rank_count.c, rank_segments.c ---- */

/* Finds the terms; adds how many passages, and names, have them. */
void rank_segments_count(struct rank *k, double *name_df);
/* Keeps the best of the segments' passages among the hits. 0, -ENOMEM, SEGMENT_E_CORRUPT */
int rank_segments_run(struct scorer *s);
