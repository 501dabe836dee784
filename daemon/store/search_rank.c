/*
 * The best of what was found, by BM25 (Robertson and Zaragoza, 2009) over the newest RANK_MOST pieces
 * that have all the words: what that leaves out is said. A word's weight is counted once, in the newest
 * shard that has it, and at most so far that a word that is everywhere costs no more than others.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"
#include "daemon/store/search_look.h"
#include "daemon/store/search_open.h"
#include "daemon/store/tokenizer.h"

#define RANK_MOST 4000
#define COUNT_MOST 10000
#define LOAD_MS 20 /* what was found is a little work still, and worth it */
#define K1 1.2
#define B 0.75
#define NAME_WEIGHT 4.0

/* ---- the function in SQL ---- */

static int count_row(const Fts5ExtensionApi *api, Fts5Context *fts, void *ctx)
{
	int64_t *n = ctx;

	(void)api;
	(void)fts;
	return ++*n >= COUNT_MOST ? SQLITE_DONE : SQLITE_OK;
}

static int weigh(const Fts5ExtensionApi *api, Fts5Context *fts, struct search_weights *w)
{
	sqlite3_int64 rows = 0, tokens = 0;
	int rc = api->xRowCount(fts, &rows);

	if (rc == SQLITE_OK)
		rc = api->xColumnTotalSize(fts, -1, &tokens);
	w->n = min_of((size_t)api->xPhraseCount(fts), array_len(w->idf));
	for (size_t i = 0; rc == SQLITE_OK && i < w->n; i++) {
		int64_t n = 0;

		rc = api->xQueryPhrase(fts, (int)i, &n, count_row);
		w->idf[i] = fmax(log(((double)rows - (double)n + 0.5) / ((double)n + 0.5)), 1e-6);
	}
	w->mean = rows > 0 ? fmax((double)tokens / (double)rows, 1) : 1;
	w->known = rc == SQLITE_OK;
	return rc;
}

/* How often the phrase is there, names weighing more; the column of threads is none of the text. */
static int occurrences(const Fts5ExtensionApi *api, Fts5Context *fts, int phrase, double *tf)
{
	Fts5PhraseIter at;
	int column, offset;
	int rc = api->xPhraseFirst(fts, phrase, &at, &column, &offset);

	*tf = 0;
	for (; rc == SQLITE_OK && column >= 0; api->xPhraseNext(fts, &at, &column, &offset))
		*tf += column == 0 ? NAME_WEIGHT : column == 1 ? 1 : 0;
	return rc;
}

static void score(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *out, int n, sqlite3_value **values)
{
	struct search_weights *w = ((struct db *)api->xUserData(fts))->weights;
	double sum = 0, tf;
	int tokens = 0, rc = w->known ? SQLITE_OK : weigh(api, fts, w);

	(void)n;
	(void)values;
	if (rc == SQLITE_OK)
		rc = api->xColumnSize(fts, -1, &tokens);
	for (size_t i = 0; rc == SQLITE_OK && i < w->n; i++) {
		rc = occurrences(api, fts, (int)i, &tf);
		sum += w->idf[i] * tf * (K1 + 1) / (tf + K1 * (1 - B + B * tokens / w->mean));
	}
	if (rc == SQLITE_OK)
		sqlite3_result_double(out, sum);
	else
		sqlite3_result_error_code(out, rc);
}

int search_rank_register(sqlite3 *said, struct db *db)
{
	fts5_api *api = tokenizer_fts5(said);

	if (!api || api->xCreateFunction(api, "said_score", db, score, NULL) != SQLITE_OK)
		return STORE_E_BUSY;
	return 0;
}

/* ---- the best so far: a heap, the least on top ---- */

static bool is_less(const struct found *a, const struct found *b)
{
	return a->score != b->score ? a->score < b->score : a->base < b->base;
}

static void sink(struct found *v, size_t n, size_t i)
{
	for (size_t least = i;; i = least) {
		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < n; c++)
			if (is_less(&v[c], &v[least]))
				least = c;
		if (least == i)
			return;
		struct found f = v[i];

		v[i] = v[least];
		v[least] = f;
	}
}

static void keep(struct op_search *op, const struct found *hit)
{
	size_t most = (size_t)op->limit * 3; /* a turn may be there with several of its pieces */

	if (op->at.nbest < most) {
		op->at.best = mem_grow(op->at.best, &op->at.best_cap, op->at.nbest, sizeof(*op->at.best));
		op->at.best[op->at.nbest++] = *hit;
		if (op->at.nbest == most)
			for (size_t i = most / 2 + 1; i-- > 0;)
				sink(op->at.best, most, i);
	} else if (is_less(&op->at.best[0], hit)) {
		op->at.best[0] = *hit;
		sink(op->at.best, most, 0);
	}
}

static int rank_in(struct look *k, const struct shard *s)
{
	struct op_search *op = k->op;
	char table[SAID_TABLE], sql[256];
	sqlite3_stmt *stmt;
	bool row = false, meant = true;
	int r;

	said_table(table, s->id);
	(void)snprintf(sql, sizeof(sql), "SELECT rowid, said_score(%s) FROM %s WHERE %s MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC",
		table, table, table);
	r = db_query(&stmt, k->db, k->db->said, k->why, sql, db_text(buf_cstr(&k->match)), db_int(k->from), db_int(op->at.to));
	while (r == 0 && !k->narrowed && op->ranked < RANK_MOST && (r = db_step(stmt, &row, k->why)) == 0 && row) {
		struct found hit = found_of(db_col_int(stmt, 0));

		hit.score = db_col_real(stmt, 1, 0);
		op->at.to = db_col_int(stmt, 0);
		search_arrived(k);
		r = !db_go_on(k->db) ? STORE_E_DEADLINE : k->tag_each ? search_meant(k, hit.base, &meant) : 0;
		if (r != 0)
			break;
		op->at.to = db_col_int(stmt, 0) - 1;
		op->ranked += meant;
		if (meant)
			keep(op, &hit);
	}
	db_release(stmt);
	return r;
}

static int by_score(const void *a, const void *b)
{
	return is_less(a, b) ? 1 : is_less(b, a) ? -1 : 0;
}

/* The pieces of one turn are one hit. */
static int load_best(struct look *k)
{
	struct op_search *op = k->op;
	int r = 0;

	for (; r == 0 && op->n < (size_t)op->limit && op->at.loaded < op->at.nbest; op->at.loaded += r == 0) {
		const struct found *hit = &op->at.best[op->at.loaded];
		bool again = false;

		for (size_t i = 0; i < op->at.loaded && !again; i++)
			again = op->at.best[i].base == hit->base;
		if (!again)
			r = search_add_hit(k, hit);
	}
	return r;
}

static int look_through(struct look *k)
{
	struct op_search *op = k->op;
	bool any = false;
	int r = 0;

	k->db->weights = &op->at.weights;
	for (size_t i = 0; r == 0 && op->ranked < RANK_MOST && i < k->nshards; i += !k->narrowed) {
		r = db_go_on(k->db) ? scope_match(k, &k->shards[i], &any) : STORE_E_DEADLINE;
		if (r == 0 && any)
			r = rank_in(k, &k->shards[i]);
		if (r == 0 && op->ranked < RANK_MOST && !k->narrowed)
			op->at.to = (k->shards[i].first << SAID_BITS) - 1;
	}
	k->db->weights = NULL;
	return r;
}

int search_best(struct look *k)
{
	struct op_search *op = k->op;
	int r = op->at.sorted ? 0 : look_through(k);

	if (r == STORE_E_DEADLINE && !k->db->yielded) {
		op->cut = true;
		op->job.deadline_ms = clock_mono_ms() + LOAD_MS;
		db_deadline(k->db, op->job.deadline_ms);
		r = 0;
	}
	if (r == 0 && !op->at.sorted) {
		if (op->cut || op->ranked >= RANK_MOST)
			op->ranked_from_us = (op->at.to >> SAID_BITS) + 1;
		if (op->at.nbest)
			qsort(op->at.best, op->at.nbest, sizeof(*op->at.best), by_score);
		op->at.sorted = true;
	}
	return r == 0 ? load_best(k) : r;
}
