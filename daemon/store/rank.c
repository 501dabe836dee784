/* The second step of ranking: scores from the notes. */
#include "daemon/store/rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/segment/bm25.h"
#include "daemon/store/documents.h"
#include "daemon/store/library_in.h"
#include "daemon/store/rank_in.h"

#define RANK_BACKGROUND 1000

const struct tally *rank_tallies(const struct rank_rows *rows, size_t i, size_t *n)
{
	size_t end = i + 1 < rows->n ? rows->v[i + 1].at : rows->ntallies;

	*n = end - rows->v[i].at;
	return rows->tallies + rows->v[i].at;
}

/* ---- lengths ---- */

void rank_lengths_fini(struct rank_lengths *l)
{
	for (size_t i = 0; i < l->n; i++)
		mem_free(l->v[i]);
	mem_free(l->v);
	*l = (struct rank_lengths){ 0 };
}

/* Ids come in rising order but for a few steps back: the collection is the one of last time, or
 * near it. */
static const uint8_t *block_of(struct rank *k, int64_t block)
{
	const struct rank_lengths *l = &k->lengths[k->at_lengths];

	while (k->at_lengths && block < l->base)
		l = &k->lengths[--k->at_lengths];
	while (k->at_lengths + 1 < k->nlengths && block >= k->lengths[k->at_lengths + 1].base)
		l = &k->lengths[++k->at_lengths];
	return block >= l->base && (size_t)(block - l->base) < l->n ? l->v[block - l->base] : NULL;
}

static unsigned length_at(struct rank *k, int64_t id)
{
	const uint8_t *p = id >= 0 && k->nlengths ? block_of(k, id >> LENGTHS_BITS) : NULL;

	if (!p)
		return LENGTH_HIDDEN;
	p += 2 * (id & (LENGTHS_COUNT - 1));
	return (unsigned)(p[0] | p[1] << 8);
}

static bool is_hidden(unsigned length)
{
	return (length & 0x7fff) == LENGTH_HIDDEN;
}

/* ---- which rows count ---- */

static bool in_ranges(const struct rank *k, int64_t id, size_t *at)
{
	if (!k->ranges)
		return true;
	while (*at < k->nranges && id >= k->ranges[*at].first + k->ranges[*at].n)
		(*at)++;
	return *at < k->nranges && id >= k->ranges[*at].first;
}

/* Tallies move along, so that they still end where those of the next row begin. */
static void keep_visible(struct rank *k)
{
	struct rank_rows *rows = k->rows;
	size_t kept = 0, tallies = 0, range = 0;

	for (size_t i = 0; i < rows->n; i++) {
		size_t n;
		const struct tally *t = rank_tallies(rows, i, &n);

		if (is_hidden(length_at(k, rows->v[i].id)) || !in_ranges(k, rows->v[i].id, &range))
			continue;
		memmove(rows->tallies + tallies, t, n * sizeof(*t));
		rows->v[kept++] = (struct rank_row){ .id = rows->v[i].id, .at = (uint32_t)tallies };
		tallies += n;
	}
	rows->n = kept;
	rows->ntallies = tallies;
}

double rank_idf(double n, double df)
{
	return log(1 + (max_of(n, df) - df + 0.5) / (df + 0.5));
}

/* ---- scores ---- */

/*
 * What a term is worth to a question, as opposed to a ranking: in a library of three passages a
 * word that is in none would otherwise outweigh all that are in one. RANK_BACKGROUND passages
 * without any of the terms stand for the language.
 */
static double worth_of(double n, double df)
{
	return rank_idf(n + RANK_BACKGROUND, df);
}

/*
 * A word of the question is worth as much as it is rare among the names, however they spell it, and
 * once: a question that says a year three times means no other document than one that says it once.
 */
static void count_said(struct scorer *s, const double *name_df)
{
	double df[UINT8_MAX + 1] = { 0 }, weight[UINT8_MAX + 1] = { 0 };
	const struct rank *k = s->k;
	double asked = 0, times;

	for (size_t i = 0; i < k->nterms; i++) {
		if (k->df[i] && !k->words[i].name_only && !k->words[i].same)
			asked += k->weights[i] * s->idf[i];
		for (size_t w = 0; w < TERM_SAYS; w++) {
			uint8_t word = k->words[i].says[w];

			df[word] = max_of(df[word], name_df[i]);
			weight[word] = max_of(weight[word], min_of(k->weights[i], 1.0));
		}
	}
	times = max_of(1.0, asked / BM25_NAME_ASKED);
	for (size_t w = 1; w <= UINT8_MAX; w++)
		s->said[w] = times * weight[w] * rank_idf((double)k->documents, df[w]);
	s->said[0] = 0;
}

/* Spellings of one word: hardly ever two of them in one passage. */
static void count_same(struct rank *k, double *name_df)
{
	for (size_t i = 0; i < k->nterms; i++) {
		unsigned word = rank_word(k, (unsigned)i);

		if (word == i)
			continue;
		k->df[word] = min_of(k->df[word] + k->df[i], max_of(k->passages, k->df[word]));
		name_df[word] += name_df[i];
	}
	for (size_t i = 0; i < k->nterms; i++) {
		k->df[i] = k->df[rank_word(k, (unsigned)i)];
		name_df[i] = name_df[rank_word(k, (unsigned)i)];
	}
}

static void count_df(struct scorer *s, double *name_df)
{
	struct rank *k = s->k;

	for (size_t i = 0; i < k->nterms; i++)
		k->df[i] = 0;
	for (size_t i = 0; i < k->rows->ntallies; i++) {
		const struct tally *t = &k->rows->tallies[i];

		k->df[t->term]++;
		name_df[t->term] += t->name > 0;
	}
	rank_segments_count(k, name_df);
	count_same(k, name_df);
	for (size_t i = 0; i < k->nterms; i++) {
		s->idf[i] = rank_idf((double)k->passages, (double)k->df[i]);
		k->idf[i] = worth_of((double)k->passages, (double)k->df[i]);
	}
	count_said(s, name_df);
}

void scorer_sum_up(struct scorer *s, const struct tally *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double tf = t[i].body + BM25_HEADING * t[i].heading;
		unsigned word = rank_word(s->k, t[i].term);

		if (tf > 0 && s->tf[word] == 0)
			s->used[s->nused++] = (uint16_t)word;
		s->tf[word] += tf;
	}
}

void scorer_sum_name(struct scorer *s)
{
	for (size_t i = 0; i < s->nname; i++) {
		unsigned word = rank_word(s->k, s->name[i].term);

		if (!s->name[i].name || !s->k->words[word].says[0])
			continue;
		if (s->tf[word] == 0)
			s->used[s->nused++] = (uint16_t)word;
		s->tf[word] += BM25_HEADING * s->name[i].name;
	}
}

void scorer_score(
	struct scorer *s, double length, double mean, double times, struct rank_hit *hit)
{
	for (size_t i = 0; i < s->nused; i++) {
		uint16_t term = s->used[i];
		double part = times * s->k->weights[term] * bm25_saturate(s->tf[term], length, mean);

		hit->score += part * s->idf[term];
		hit->own += s->k->own[term] ? part * s->k->idf[term] : 0;
		s->tf[term] = 0;
	}
	s->nused = 0;
}

double scorer_name_of(const struct scorer *s, unsigned term)
{
	double score = 0;

	for (size_t w = 0; w < TERM_SAYS; w++)
		score += s->said[s->k->words[term].says[w]];
	return score;
}

/* A number says something beside a word only: in files called by numbers any figure would be a name. */
double scorer_name(struct scorer *s)
{
	bool word = false;
	double score = 0;

	s->look++;
	for (size_t i = 0; i < s->nname; i++) {
		const uint8_t *says = s->k->words[s->name[i].term].says;

		if (!s->name[i].name)
			continue;
		for (size_t w = 0; w < TERM_SAYS; w++) {
			score += s->seen[says[w]] == s->look ? 0 : s->said[says[w]];
			s->seen[says[w]] = s->look;
		}
		word = word || !s->k->number || !s->k->number[s->name[i].term];
	}
	return word ? score : 0;
}

/* Widen [*lo, *hi] to both sides within the document. The terms in it. */
static unsigned window_of(const struct scorer *s, int64_t *lo, int64_t *hi)
{
	struct rank *k = s->k;
	unsigned total = length_at(k, *lo) & 0x7fff;
	bool left = true, right = true;

	while (total < BM25_WINDOW && *hi - *lo < BM25_WINDOW && (left || right)) {
		left = left && !(length_at(k, *lo) & LENGTH_FIRST) &&
		       !is_hidden(length_at(k, *lo - 1));
		if (left)
			total += length_at(k, --*lo) & 0x7fff;
		right = right && !(length_at(k, *hi + 1) & LENGTH_FIRST) &&
			!is_hidden(length_at(k, *hi + 1));
		if (right)
			total += length_at(k, ++*hi) & 0x7fff;
	}
	return total;
}

static void sum_window(struct scorer *s, size_t row, int64_t lo, int64_t hi)
{
	const struct rank_rows *rows = s->k->rows;
	size_t from = row, n;
	const struct tally *t;

	while (from > 0 && rows->v[from - 1].id >= lo)
		from--;
	for (; from < rows->n && rows->v[from].id <= hi; from++) {
		t = rank_tallies(rows, from, &n);
		scorer_sum_up(s, t, n);
	}
}

/* Between the rows of two documents at least one first passage lies, perhaps without a row of its
 * own. */
static bool same_document(const struct scorer *s, int64_t before, int64_t id)
{
	while (id > before)
		if (length_at(s->k, id--) & LENGTH_FIRST)
			return false;
	return true;
}

static struct rank_hit score_row(struct scorer *s, size_t row)
{
	const struct rank_rows *rows = s->k->rows;
	int64_t id = rows->v[row].id, lo = id, hi = id;
	unsigned length = length_at(s->k, id), window;
	struct rank_hit hit = { .id = id };
	size_t n;
	const struct tally *t = rank_tallies(rows, row, &n);

	if (row == 0 || !same_document(s, rows->v[row - 1].id, id)) {
		s->name = t;
		s->nname = length & LENGTH_FIRST ? n : 0;
	}
	scorer_sum_up(s, t, n);
	scorer_sum_name(s);
	scorer_score(s, length & 0x7fff, s->mean, 1, &hit);
	window = window_of(s, &lo, &hi);
	sum_window(s, row, lo, hi);
	scorer_score(s, window, s->mean_window, BM25_AROUND, &hit);
	hit.score += BM25_NAME * scorer_name(s);
	return hit;
}

double rank_most(void)
{
	return (BM25_K1 + 1) * (1 + BM25_AROUND);
}

/* ---- the best ---- */

/* Equal scores: the earlier passage is the better one, so that every run says the same. */
static bool is_worse(const struct rank_hit *a, const struct rank_hit *b)
{
	return a->score < b->score || (a->score == b->score && a->id > b->id);
}

static void swap(struct rank_hit *a, struct rank_hit *b)
{
	struct rank_hit t = *a;

	*a = *b;
	*b = t;
}

/* A heap whose top is the worst of the best. */
static void sift_down(struct rank_hit *v, size_t n, size_t at)
{
	for (;;) {
		size_t worst = at, child = 2 * at + 1;

		if (child < n && is_worse(&v[child], &v[worst]))
			worst = child;
		if (child + 1 < n && is_worse(&v[child + 1], &v[worst]))
			worst = child + 1;
		if (worst == at)
			return;
		swap(&v[at], &v[worst]);
		at = worst;
	}
}

void rank_keep(struct rank *k, struct rank_hit hit)
{
	if (k->nhits < k->limit) {
		size_t at = k->nhits++;

		k->hits[at] = hit;
		for (; at && is_worse(&k->hits[at], &k->hits[(at - 1) / 2]); at = (at - 1) / 2)
			swap(&k->hits[at], &k->hits[(at - 1) / 2]);
	} else if (k->limit && is_worse(&k->hits[0], &hit)) {
		k->hits[0] = hit;
		sift_down(k->hits, k->nhits, 0);
	}
}

static int by_score(const void *a, const void *b)
{
	const struct rank_hit *x = a, *y = b;

	return is_worse(x, y) ? 1 : is_worse(y, x) ? -1 : 0;
}

static int keep_passages(struct scorer *s)
{
	for (size_t i = 0; i < s->k->rows->n; i++)
		rank_keep(s->k, score_row(s, i));
	return rank_segments_run(s);
}

/* A document is shown by its best passage. */
static int keep_documents(struct scorer *s)
{
	struct rank_hit *passages = calloc(s->k->rows->n + 1, sizeof(*passages));
	int r = -ENOMEM;

	for (size_t i = 0; passages && i < s->k->rows->n; i++)
		passages[i] = score_row(s, i);
	if (passages)
		r = rank_documents(s->k, passages);
	mem_free(passages);
	return r;
}

int rank_run(struct rank *k)
{
	struct scorer s = {
		.k = k,
		.mean = bm25_mean((double)k->terms, (double)k->passages),
		.mean_window = bm25_mean_window((double)k->terms, (double)k->documents),
		.idf = calloc(k->nterms + 1, sizeof(double)),
		.tf = calloc(k->nterms + 1, sizeof(double)),
		.used = calloc(k->nterms + 1, sizeof(uint16_t)),
	};
	double *name_df = calloc(k->nterms + 1, sizeof(*name_df));
	int r = 0;

	k->nhits = 0;
	k->hits = calloc(k->limit + 1, sizeof(*k->hits));
	if (!s.idf || !name_df || !s.tf || !s.used || !k->hits || k->rows->failed)
		r = -ENOMEM;
	if (r == 0) {
		keep_visible(k);
		count_df(&s, name_df);
		r = k->whole ? keep_documents(&s) : keep_passages(&s);
	}
	if (r == 0)
		qsort(k->hits, k->nhits, sizeof(*k->hits), by_score);
	mem_free(s.idf);
	mem_free(name_df);
	mem_free(s.tf);
	mem_free(s.used);
	return r;
}
