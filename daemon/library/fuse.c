/*
 * Reciprocal rank fusion (Cormack, Clarke, Buettcher 2009) of the passages found by words and those
 * near by vector. What the words found best stays before everything: a passage that is merely near
 * never pushes out one that says it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/library/library_in.h"
#include "daemon/library/retrieve_in.h"
#include "daemon/store/vectors.h"

#define RRF_K 60.0
#define KEPT 3 /* of the words' best, where they answer */
#define NEAR 60

struct fused {
	struct hit hit;
	double score;
	size_t at; /* equal scores: as they came */
};

static int by_score(const void *a, const void *b)
{
	const struct fused *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static struct fused *find(struct fused *v, size_t n, int64_t passage)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].hit.passage == passage)
			return &v[i];
	return NULL;
}

/*
 * Words have nothing of it, but one passage is nearer than the nearest of so many would be by
 * chance (of n normal values the highest lies about sqrt(2 ln n) deviations above their mean): then
 * it is worth a look. What the numbers of a model mean by themselves, nobody knows.
 */
static bool stands_out(const struct db_vectors *s)
{
	if (s->looked < 50 || !s->nhits || s->deviation <= 0)
		return false;
	return (s->hits[0].score - s->mean) / s->deviation > sqrt(2 * log((double)s->looked)) + 1;
}

static void fuse(struct retrieve *r, struct db_vectors *near)
{
	struct db_search *s = &r->search;
	size_t n = 0, kept = r->band == FOUND_NOTHING ? 0 : min_of(s->nhits, (size_t)KEPT);
	struct fused *v = mem_new((s->nhits + near->nhits + 1) * sizeof(*v));
	double least = s->nhits ? s->hits[s->nhits - 1].score : 0;

	for (size_t i = 0; i < s->nhits; i++, n++)
		v[n] = (struct fused){ s->hits[i], 1 / (RRF_K + 1 + (double)i) + (i < kept ? 1 : 0), n };
	for (size_t i = 0; i < near->nhits; i++) {
		struct fused *known = find(v, n, near->hits[i].passage);
		double score = 1 / (RRF_K + 1 + (double)i);

		if (known) {
			known->score += known->at < kept ? 0 : score; /* among themselves the words decide */
			hit_fini(&near->hits[i]);
			continue;
		}
		near->hits[i].score = fmax(least, 0.001); /* of the words' scale */
		v[n] = (struct fused){ near->hits[i], score, n };
		n++;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_score);
	mem_free(s->hits);
	s->hits = mem_new((n + 1) * sizeof(*s->hits));
	s->nhits = n;
	for (size_t i = 0; i < n; i++)
		s->hits[i] = v[i].hit;
	mem_free(v);
}

int fuse_run(struct retrieve *r, struct db *db)
{
	struct db_vectors near = {
		.account = &r->account,
		.collection = r->collection,
		.documents = (const char *const *)r->documents,
		.ndocuments = r->ndocuments,
		.model = r->library->vectors.model,
		.question = r->vector,
		.dimension = r->dimension,
		.limit = NEAR,
	};
	int e = db_vectors_search(db, &near);

	if (e == STORE_E_DEADLINE) {
		r->cut = true;
		e = 0;
	}
	if (e == 0) {
		bool out = r->band == FOUND_NOTHING && stands_out(&near);

		fuse(r, &near);
		if (out)
			r->band = FOUND_WEAK;
	} else {
		for (size_t i = 0; i < near.nhits; i++)
			hit_fini(&near.hits[i]);
	}
	mem_free(near.hits);
	return e;
}
