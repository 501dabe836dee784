/* Inside ranking: what the scores of passages and of documents share. */
#pragma once

#include "daemon/store/rank.h"

#define RANK_K1 1.2

/* The tallies of row i. */
const struct tally *rank_tallies(const struct rank_rows *rows, size_t i, size_t *n);
double rank_idf(double n, double df);
/* Among the best, if it is. */
void rank_keep(struct rank *k, struct rank_hit hit);
/* Scores each document of the rows; passages: the hit of each row. 0, -ENOMEM. */
int rank_documents(struct rank *k, const struct rank_hit *passages);
