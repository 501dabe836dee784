/*
 * Vectors of passages, in library.db, where a server for embeddings is configured: unit vectors as
 * 8-bit integers with a scale, of one model and dimension a collection. Another model: they go, and
 * come anew. A passage that is gone takes its vector along at the next tidying.
 */
#pragma once

#include "daemon/store/documents.h"

#define VECTORS_BATCH 16
#define VECTORS_LOOKED 4000 /* passages looked at in one step */

/* STORE_LIBRARY: passages that have no vector yet, of one collection; and what is of no use goes, bit by bit. */
struct op_vectors_next {
	struct job job;
	char *model;
	int64_t after;       /* passage looked at last; 0: from the beginning */
	bool tidied;         /* in and out: nothing useless was left at the last step */
	int64_t tidy_after;  /* in and out */
	/* out */
	int64_t collection;
	int64_t passages[VECTORS_BATCH];
	char *texts[VECTORS_BATCH]; /* headings and text */
	size_t n;
	int64_t looked, have; /* passages of this step, and those with a vector */
	bool end;             /* there is none behind */
};
struct op_vectors_next *op_vectors_next_new(void);
int op_vectors_next_run(struct db *db, struct job *j);
void op_vectors_next_free(struct op_vectors_next *op);

/* STORE_LIBRARY */
struct op_vectors_put {
	struct job job;
	char *model;
	int64_t collection;
	int64_t passages[VECTORS_BATCH];
	size_t n, dimension;
	float *v; /* n times dimension */
};
struct op_vectors_put *op_vectors_put_new(void);
int op_vectors_put_run(struct db *db, struct job *j);
void op_vectors_put_free(struct op_vectors_put *op);

/* 8 bits a number, and what they have to be multiplied with. False: there is nothing to scale. */
bool vector_pack(const float *v, size_t n, int8_t *out, double *scale);

/* On a STORE_SCAN thread: the nearest passages, nearest first. */
struct db_vectors {
	const struct account *account;
	const char *collection;
	const char *const *documents;
	size_t ndocuments;
	const char *model;
	const float *question;
	size_t dimension, limit;
	/* out */
	struct hit *hits; /* score: the cosine */
	size_t nhits;
	int64_t looked;
	double mean, deviation; /* of the cosines of all that were looked at */
};
int db_vectors_search(struct db *db, struct db_vectors *s); /* 0, STORE_E_DEADLINE (partial), -errno */
