/*
 * Whole documents ranked: BM25 with all that a document holds as one text, however long it is. Its
 * headings and its name count besides, each once: a heading stands with every passage below it. The
 * best passage weighs in: in a long document it says more than how often words occur somewhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/bm25.h"
#include "daemon/store/rank_in.h"

#define WHOLE_B 0.75  /* documents are of any length */
#define WHOLE_NAME 2.0 /* one occurrence there counts like so many in the text */
#define WHOLE_HEADING 1.0
#define WHOLE_BEST 0.3 /* weight of the best passage's score */

struct whole {
	struct rank *k;
	size_t at;    /* the document last found */
	double mean;  /* terms of a document */
	double *idf;  /* per term */
	int64_t *df;  /* per term: documents that have it */
	size_t *last; /* per term: the document counted last, + 1 */
	double *text; /* per term, of one document: how often in it ... */
	uint8_t *heading, *name; /* ... and at most in one of these */
};

/* The document that a row lies in; rows rise. NULL: it has left since the index named it. */
static const struct rank_document *document_of(struct whole *w, int64_t id)
{
	const struct rank *k = w->k;

	while (w->at < k->nwhole && id >= k->whole[w->at].first + k->whole[w->at].passages)
		w->at++;
	return w->at < k->nwhole && id >= k->whole[w->at].first ? &k->whole[w->at] : NULL;
}

static void count(struct whole *w)
{
	const struct rank_rows *rows = w->k->rows;

	w->at = 0;
	for (size_t i = 0; i < rows->n; i++) {
		size_t n;
		const struct tally *t = rank_tallies(rows, i, &n);

		if (!document_of(w, rows->v[i].id))
			continue;
		for (size_t j = 0; j < n; j++) {
			unsigned word = rank_word(w->k, t[j].term);

			w->df[word] += w->last[word] != w->at + 1;
			w->last[word] = w->at + 1;
		}
	}
	for (size_t i = 0; i < w->k->nterms; i++)
		w->idf[i] = rank_idf((double)w->k->documents, (double)w->df[i]);
	w->at = 0;
}

static void add_row(struct whole *w, size_t row)
{
	size_t n;
	const struct tally *t = rank_tallies(w->k->rows, row, &n);

	for (size_t i = 0; i < n; i++) {
		unsigned word = rank_word(w->k, t[i].term);

		w->text[word] += t[i].body;
		w->heading[word] = max_of(w->heading[word], t[i].heading);
		w->name[word] = max_of(w->name[word], t[i].name);
	}
}

/* Of what was added up, which is forgotten. */
static double score(struct whole *w, const struct rank_document *d)
{
	double sum = 0, norm = BM25_K1 * (1 - WHOLE_B + WHOLE_B * (double)d->terms / w->mean);

	for (size_t i = 0; i < w->k->nterms; i++) {
		double tf = w->text[i] + WHOLE_HEADING * w->heading[i] + WHOLE_NAME * w->name[i];

		sum += w->k->weights[i] * w->idf[i] * tf * (BM25_K1 + 1) / (tf + norm);
		w->text[i] = 0;
		w->heading[i] = w->name[i] = 0;
	}
	return sum;
}

static void keep_all(struct whole *w, const struct rank_hit *passages)
{
	const struct rank_rows *rows = w->k->rows;

	for (size_t i = 0; i < rows->n;) {
		const struct rank_document *d = document_of(w, rows->v[i].id);
		struct rank_hit best = passages[i];

		if (!d) {
			i++;
			continue;
		}
		for (; i < rows->n && rows->v[i].id < d->first + d->passages; i++) {
			if (passages[i].score > best.score)
				best = passages[i];
			add_row(w, i);
		}
		best.score = score(w, d) + WHOLE_BEST * best.score;
		rank_keep(w->k, best);
	}
}

int rank_documents(struct rank *k, const struct rank_hit *passages)
{
	double mean = k->documents ? (double)k->terms / (double)k->documents : 1;
	struct whole w = {
		.k = k,
		.mean = max_of(mean, 1),
		.idf = calloc(k->nterms + 1, sizeof(double)),
		.df = calloc(k->nterms + 1, sizeof(int64_t)),
		.last = calloc(k->nterms + 1, sizeof(size_t)),
		.text = calloc(k->nterms + 1, sizeof(double)),
		.heading = calloc(k->nterms + 1, 1),
		.name = calloc(k->nterms + 1, 1),
	};
	bool whole = w.idf && w.df && w.last && w.text && w.heading && w.name;

	if (whole) {
		count(&w);
		keep_all(&w, passages);
	}
	mem_free(w.idf);
	mem_free(w.df);
	mem_free(w.last);
	mem_free(w.text);
	mem_free(w.heading);
	mem_free(w.name);
	return whole ? 0 : -ENOMEM;
}
