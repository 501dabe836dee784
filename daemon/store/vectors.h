/*
 * Vectors of passages, in library.db, where a server for embeddings is configured: unit vectors as
 * 8-bit integers with a scale, of one model and dimension a collection. Another model: they go, and
 * come anew. A passage that goes takes its vector along.
 */
#pragma once

#include "daemon/store/documents.h"

#define VECTORS_BATCH 32 /* what servers take at once without being told to take more */
#define VECTORS_LOOKED 4000 /* passages looked at in one step */

struct vectors_shelf {
	int64_t collection, passages;
	bool has_some; /* or did at least */
	id_str account;
};
/* What the server makes of VECTORS_PROBE: by this a model is known, whatever it calls itself. */
#define VECTORS_PROBE "The quick brown fox jumps over the lazy dog near the river bank."
struct vectors_probe {
	float *v; /* NULL: not known yet */
	size_t dimension;
};

/* STORE_LIBRARY: which collections there are. Vectors of another model go first, bit by bit. */
struct op_vectors_list {
	struct job job;
	char *model;
	struct vectors_probe probe;
	int64_t tidied; /* in and out: so far; -1: all is tidy, and only then the collections are told */
	struct vectors_shelf *shelves;
	size_t n, cap;
	int64_t others; /* collections that turned out to have another model's */
};
struct op_vectors_list *op_vectors_list_new(void);
int op_vectors_list_run(struct db *db, struct job *j);
void op_vectors_list_free(struct op_vectors_list *op);

/* STORE_LIBRARY: passages of a collection that have no vector yet. */
struct op_vectors_next {
	struct job job;
	int64_t collection;
	int64_t after; /* in: passage looked at last; 0: from the beginning. out: likewise */
	size_t most;   /* texts, up to VECTORS_BATCH */
	/* out */
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
	float *v;    /* n times dimension */
	struct vectors_probe probe;
	size_t kept; /* out: the others have no direction */
	bool anew;   /* out: what the collection had was another model's: it has only these now */
};
struct op_vectors_put *op_vectors_put_new(void);
int op_vectors_put_run(struct db *db, struct job *j);
void op_vectors_put_free(struct op_vectors_put *op);

void vectors_probe_copy(struct vectors_probe *to, const struct vectors_probe *from);

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
