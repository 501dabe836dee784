/*
 * Reciprocal rank fusion (Cormack, Clarke, Buettcher 2009) of the passages found by words and those
 * near by vector, each order weighted by how much of the question the words found: where a passage has
 * all of it they know best, where the documents put it into other words the vectors do. What the words
 * found best stays first where it answers: a passage that is merely near never pushes out one that says it.
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

#define RRF_K 10.0 /* not the 60 of the paper, whose lists were many: of two the first places tell most */
#define KEPT 1 /* of the words' best, where they answer */
#define NEAR 60
/* the share of the best above chance from which the nearest count at all, and in full; and the deviations for that */
#define AGREE_LEAST 0.12
#define AGREE_FULL 0.52
#define STAND_FULL 1.5

struct fused {
	struct hit hit;
	double score;
	size_t at; /* equal scores: as they came */
	bool near; /* has its share of the nearest */
};

static int by_score(const void *a, const void *b)
{
	const struct fused *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Where documents are ranked, any passage of one stands for it. */
static bool same_hit(const struct hit *a, const struct hit *b, bool whole)
{
	return whole ? !strcmp(a->document, b->document) : a->passage == b->passage;
}

static struct fused *find(struct fused *v, size_t n, const struct hit *h, bool whole)
{
	for (size_t i = 0; i < n; i++)
		if (same_hit(&v[i].hit, h, whole))
			return &v[i];
	return NULL;
}

/* How many deviations above their mean the nearest lies, more than the highest of so many would by chance. */
static double above_chance(const struct db_vectors *s)
{
	if (!s->looked || !s->nhits || s->deviation <= 0)
		return 0;
	return (s->hits[0].score - s->mean) / s->deviation - sqrt(2 * log((double)s->looked));
}

/* y0 up to x0, y1 from x1 on, a line between. */
static double ramp(double x, double x0, double y0, double x1, double y1)
{
	return y0 + (y1 - y0) * fmin(1, fmax(0, (x - x0) / (x1 - x0)));
}

/* By the coverage of the question; tuned on SQuAD 2 and on paraphrases of it without its words, with a good model and a bad one. */
static double weight_of_words(double coverage)
{
	return ramp(coverage, 0.2, 0.3, 0.7, 1);
}

static double weight_of_nearness(double coverage)
{
	return ramp(coverage, 0.5, 1, 0.8, 0);
}

#define AGREED 10 /* of the words' best */

/*
 * 0..1: what the order by vectors counts. A model that fits the texts has the words' best among the nearest more
 * often than chance has, or a nearest one that stands out; of one that does not (of another language, or broken),
 * neither is so, and the words decide alone.
 */
static double weight_of(const struct db_search *words, const struct db_vectors *near, bool whole)
{
	size_t n = min_of(words->nhits, (size_t)AGREED), both = 0;
	double chance = near->looked ? (double)near->nhits / (double)near->looked : 1, agree = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < near->nhits; k++)
			if (same_hit(&words->hits[i], &near->hits[k], whole)) {
				both++;
				break;
			}
	if (n)
		agree = ((double)both / (double)n - chance - AGREE_LEAST) / (AGREE_FULL - AGREE_LEAST);
	return fmin(1, fmax(0, fmax(agree, above_chance(near) / STAND_FULL)));
}

/*
 * Words have nothing of it, but one passage is nearer than the nearest of so many would be by
 * chance (of n normal values the highest lies about sqrt(2 ln n) deviations above their mean): then
 * it is worth a look. What the numbers of a model mean by themselves, nobody knows.
 */
static bool stands_out(const struct db_vectors *s)
{
	return s->looked >= 50 && above_chance(s) > 1;
}

static void fuse(struct retrieve *r, struct db_vectors *near)
{
	struct db_search *s = &r->search;
	size_t n = 0, rank = 0, kept = r->band == FOUND_NOTHING ? 0 : min_of(s->nhits, (size_t)KEPT);
	struct fused *v = mem_new((s->nhits + near->nhits + 1) * sizeof(*v));
	double words = weight_of_words(r->coverage);
	double weight = s->nhits ? weight_of(s, near, r->whole) * weight_of_nearness(r->coverage) : 1;
	double least = s->nhits ? s->hits[s->nhits - 1].score : 0;

	for (size_t i = 0; i < s->nhits; i++, n++)
		v[n] = (struct fused){ s->hits[i], words / (RRF_K + 1 + (double)i) + (i < kept ? 1 : 0), n, false };
	for (size_t i = 0; i < near->nhits; i++) {
		struct fused *known = find(v, n, &near->hits[i], r->whole);
		double score = weight / (RRF_K + 1 + (double)rank);

		if (known) {
			rank += !known->near;
			known->score += known->at < kept || known->near ? 0 : score; /* among themselves the words decide */
			known->near = true;
			hit_fini(&near->hits[i]);
			continue;
		}
		near->hits[i].score = fmax(least, 0.001); /* of the words' scale */
		v[n] = (struct fused){ near->hits[i], score, n, true };
		n++;
		rank++;
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
