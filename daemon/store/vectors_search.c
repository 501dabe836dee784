/*
 * The nearest vectors by looking at all of them: products of 8-bit integers, so many that the
 * compiler makes wide instructions of them. Keeps to its lane's deadline as every statement does.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"
#include "daemon/store/vectors.h"

#define RANGES_MAX 1024

struct near {
	int64_t id;
	double cosine;
};
struct looking {
	struct db *db;
	struct db_vectors *s;
	char **why;
	int8_t *question;
	double scale, sum, squares;
	struct near *best; /* rising: the worst first */
	size_t n;
	struct range {
		int64_t first, last;
	} ranges[RANGES_MAX];
	size_t nranges;
};

#define WIDE 32 /* a loop whose length is known is made wide at -O2, another one is not: 6 ms instead of 33 for 100 000 of 384 */

static int dot(const int8_t *a, const int8_t *b, size_t n)
{
	size_t i = 0;
	int sum = 0;

	for (; i + WIDE <= n; i += WIDE)
		for (size_t k = 0; k < WIDE; k++)
			sum += a[i + k] * b[i + k];
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static void keep(struct looking *l, int64_t id, double cosine)
{
	size_t at;

	if (l->n == l->s->limit && cosine <= l->best[0].cosine)
		return;
	if (l->n < l->s->limit)
		memmove(l->best + 1, l->best, l->n++ * sizeof(*l->best));
	for (at = 0; at + 1 < l->n && l->best[at + 1].cosine < cosine; at++)
		l->best[at] = l->best[at + 1];
	l->best[at] = (struct near){ id, cosine };
}

/* Whole collections, or the documents that are named, as ranges of passages. */
static int add_ranges(struct looking *l, const char *ref)
{
	struct db_vectors *s = l->s;
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = ref ? db_query(&stmt, l->db, l->db->lib, l->why,
			      "SELECT e.first, e.first + e.passages - 1 FROM collection c JOIN vectors m ON m.collection = c.id "
			      "JOIN document d ON d.collection = c.id JOIN document e ON e.key = " SQL_TARGET " WHERE "
			      "c.account = ?1 AND (?2 IS NULL OR c.name = ?2) AND m.model = ?3 AND m.dimension = ?4 AND "
			      "d.state = 1 AND (d.id = ?5 OR d.name = ?5)",
			      db_text(s->account->id), db_text(s->collection), db_text(s->model), db_int((int64_t)s->dimension), db_text(ref))
		    : db_query(&stmt, l->db, l->db->lib, l->why,
			      "SELECT c.id << 40, ((c.id + 1) << 40) - 1 FROM collection c JOIN vectors m ON m.collection = c.id WHERE "
			      "c.account = ?1 AND (?2 IS NULL OR c.name = ?2) AND m.model = ?3 AND m.dimension = ?4",
			      db_text(s->account->id), db_text(s->collection), db_text(s->model), db_int((int64_t)s->dimension));

	while (r == 0 && l->nranges < RANGES_MAX) {
		r = db_step(stmt, &row, l->why);
		if (r != 0 || !row)
			break;
		l->ranges[l->nranges++] = (struct range){ db_col_int(stmt, 0), db_col_int(stmt, 1) };
	}
	db_release(stmt);
	return r;
}

static int look_through(struct looking *l, const struct range *range)
{
	size_t dimension = l->s->dimension;
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, l->db, l->db->lib, l->why, "SELECT id, scale, data FROM vector WHERE id BETWEEN ?1 AND ?2",
		db_int(range->first), db_int(range->last));

	while (r == 0) {
		double cosine;

		r = db_step(stmt, &row, l->why);
		if (r != 0 || !row)
			break;
		if ((size_t)sqlite3_column_bytes(stmt, 2) != dimension)
			continue;
		cosine = dot(l->question, sqlite3_column_blob(stmt, 2), dimension) * l->scale * db_col_real(stmt, 1, 0);
		l->s->looked++;
		l->sum += cosine;
		l->squares += cosine * cosine;
		keep(l, db_col_int(stmt, 0), cosine);
	}
	db_release(stmt);
	return r;
}

static int load_best(struct looking *l)
{
	struct db_vectors *s = l->s;
	int r = 0;

	s->hits = mem_new((l->n + 1) * sizeof(*s->hits));
	for (size_t i = l->n; r == 0 && i > 0; i--) {
		struct hit *h = &s->hits[s->nhits];
		bool found = false;

		r = hit_load(l->db, l->best[i - 1].id, true, h, &found, l->why);
		h->score = l->best[i - 1].cosine;
		if (r == 0 && found)
			s->nhits++;
		else
			hit_fini(h);
	}
	return r;
}

static int look(struct looking *l)
{
	struct db_vectors *s = l->s;
	int r = 0, looked = 0;

	if (!s->ndocuments)
		r = add_ranges(l, NULL);
	for (size_t i = 0; r == 0 && i < s->ndocuments; i++)
		r = s->documents[i] ? add_ranges(l, s->documents[i]) : 0;
	for (size_t i = 0; r == 0 && looked == 0 && i < l->nranges; i++)
		looked = look_through(l, &l->ranges[i]);
	if (r != 0 || (looked != 0 && looked != STORE_E_DEADLINE) || l->db->yielded)
		return r ? r : looked;
	if (looked == STORE_E_DEADLINE)
		db_deadline(l->db, 0);
	r = load_best(l);
	if (s->looked) {
		s->mean = l->sum / (double)s->looked;
		s->deviation = sqrt(fmax(0, l->squares / (double)s->looked - s->mean * s->mean));
	}
	return r ? r : looked;
}

int db_vectors_search(struct db *db, struct db_vectors *s)
{
	char *why = NULL;
	struct looking *l = mem_new(sizeof(*l));
	int r = 0;

	s->hits = NULL;
	s->nhits = 0;
	s->looked = 0;
	*l = (struct looking){ .db = db, .s = s, .why = &why };
	l->question = mem_new(s->dimension + 1);
	l->best = mem_new((s->limit + 1) * sizeof(*l->best));
	if (vector_pack(s->question, s->dimension, l->question, &l->scale))
		r = look(l);
	mem_free(l->question);
	mem_free(l->best);
	mem_free(l);
	mem_free(why);
	return r;
}
