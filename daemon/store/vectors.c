/* Making vectors last: which passages want one, taking them in, taking out what is of no use. */
#include "daemon/store/vectors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"

#define TIDIED 1000 /* vectors looked at in one step */

static int make_tables(struct db *db, char **why)
{
	return db_script(db->lib,
		"CREATE TABLE IF NOT EXISTS vector (id INTEGER PRIMARY KEY, scale REAL NOT NULL, data BLOB NOT NULL);"
		"CREATE TABLE IF NOT EXISTS vectors (collection INTEGER PRIMARY KEY, model TEXT NOT NULL, "
		"dimension INTEGER NOT NULL);",
		why);
}

struct op_vectors_next *op_vectors_next_new(void)
{
	struct op_vectors_next *op = mem_new(sizeof(*op));

	op->job.run = op_vectors_next_run;
	return op;
}

void op_vectors_next_free(struct op_vectors_next *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++)
		mem_free(op->texts[i]);
	mem_free(op->model);
	job_fini(&op->job);
	mem_free(op);
}

/* Vectors of passages that are gone, and those of collections that have another model. */
static int tidy(struct db *db, struct op_vectors_next *op)
{
	char **why = &op->job.why;
	int64_t last = op->tidy_after;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_run(db, db->lib, why, "DELETE FROM vectors WHERE model <> ?1", db_text(op->model));

	if (r == 0)
		r = db_query(&stmt, db, db->lib, why,
			"SELECT max(id) FROM (SELECT id FROM vector WHERE id > ?1 ORDER BY id LIMIT ?2)",
			db_int(op->tidy_after), db_int(TIDIED));
	if (r == 0)
		r = db_step(stmt, &row, why);
	op->tidied = r == 0 && (!row || sqlite3_column_type(stmt, 0) == SQLITE_NULL);
	if (r == 0 && !op->tidied)
		last = db_col_int(stmt, 0);
	db_release(stmt);
	if (r == 0 && !op->tidied)
		r = db_run(db, db->lib, why,
			"DELETE FROM vector WHERE id > ?1 AND id <= ?2 AND (NOT EXISTS (SELECT 1 FROM passage p "
			"WHERE p.id = vector.id) OR NOT EXISTS (SELECT 1 FROM vectors c WHERE c.collection = vector.id >> 40))",
			db_int(op->tidy_after), db_int(last));
	op->tidy_after = op->tidied ? 0 : last;
	return r;
}

static int passage_text(struct db *db, int64_t id, char **out, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	struct buf text;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT d.key, p.start, p.end, p.heading FROM passage p JOIN document d ON d.key = (SELECT key "
		"FROM document WHERE first <= ?1 ORDER BY first DESC LIMIT 1) WHERE p.id = ?1 AND d.state = 1",
		db_int(id));

	buf_init(&text, 0);
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		const char *heading = db_col_text(stmt, 3);

		if (heading)
			(void)buf_addf(&text, "%s\n", heading);
		r = text_read(db, db_col_int(stmt, 0), (uint64_t)db_col_int(stmt, 1), (uint64_t)db_col_int(stmt, 2), &text, why);
	}
	db_release(stmt);
	if (r == 0 && text.len)
		*out = buf_steal(&text, NULL);
	buf_fini(&text);
	return r;
}

/* Of one collection, so that what comes back goes into one. */
static int take(struct db *db, struct op_vectors_next *op, int64_t id, bool has)
{
	char *text = NULL;
	int r = 0;

	op->looked++;
	op->have += has;
	if (!has)
		r = passage_text(db, id, &text, &op->job.why);
	op->after = id;
	if (!text)
		return r;
	op->collection = id >> PASSAGE_BITS;
	op->passages[op->n] = id;
	op->texts[op->n++] = text;
	return 0;
}

static int look(struct db *db, struct op_vectors_next *op)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, &op->job.why,
		"SELECT p.id, EXISTS (SELECT 1 FROM vector v JOIN vectors c ON c.collection = p.id >> 40 WHERE "
		"v.id = p.id AND length(v.data) = c.dimension) FROM passage p WHERE p.id > ?1 ORDER BY p.id LIMIT ?2",
		db_int(op->after), db_int(VECTORS_LOOKED));

	while (r == 0 && op->n < VECTORS_BATCH) {
		r = db_step(stmt, &row, &op->job.why);
		if (r != 0 || !row)
			break;
		if (op->n && db_col_int(stmt, 0) >> PASSAGE_BITS != op->collection)
			break;
		r = take(db, op, db_col_int(stmt, 0), db_col_int(stmt, 1) != 0);
	}
	op->end = r == 0 && !row && op->looked < VECTORS_LOOKED;
	db_release(stmt);
	return r;
}

int op_vectors_next_run(struct db *db, struct job *j)
{
	struct op_vectors_next *op = container_of(j, struct op_vectors_next, job);
	int r = make_tables(db, &j->why);

	if (r == 0 && !op->tidied)
		r = tidy(db, op);
	return r || !op->tidied ? r : look(db, op);
}

/* ---- in ---- */

struct op_vectors_put *op_vectors_put_new(void)
{
	struct op_vectors_put *op = mem_new(sizeof(*op));

	op->job.run = op_vectors_put_run;
	return op;
}

void op_vectors_put_free(struct op_vectors_put *op)
{
	if (!op)
		return;
	mem_free(op->v);
	mem_free(op->model);
	job_fini(&op->job);
	mem_free(op);
}

bool vector_pack(const float *v, size_t n, int8_t *out, double *scale)
{
	double length = 0, most = 0;

	for (size_t i = 0; i < n; i++) {
		length += (double)v[i] * (double)v[i];
		most = fmax(most, fabs((double)v[i]));
	}
	length = sqrt(length);
	if (!(length > 0) || !isfinite(length))
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (int8_t)lrint((double)v[i] / most * 127);
	*scale = most / 127 / length;
	return true;
}

static int put_one(struct db *db, struct op_vectors_put *op, size_t i)
{
	int8_t *packed = mem_new(op->dimension);
	double scale;
	int r = 0;

	if (vector_pack(op->v + i * op->dimension, op->dimension, packed, &scale))
		r = db_run(db, db->lib, &op->job.why,
			"INSERT OR REPLACE INTO vector (id, scale, data) SELECT id, ?2, ?3 FROM passage WHERE id = ?1",
			db_int(op->passages[i]), db_real(scale), db_blob(packed, op->dimension));
	mem_free(packed);
	return r;
}

/* The first of a collection says what its vectors are; one of another length starts it anew. */
static int claim(struct db *db, struct op_vectors_put *op)
{
	char **why = &op->job.why;
	int r = db_run(db, db->lib, why,
		"DELETE FROM vectors WHERE collection = ?1 AND (model <> ?2 OR dimension <> ?3)",
		db_int(op->collection), db_text(op->model), db_int((int64_t)op->dimension));

	if (r == 0)
		r = db_run(db, db->lib, why, "INSERT OR IGNORE INTO vectors (collection, model, dimension) VALUES (?1, ?2, ?3)",
			db_int(op->collection), db_text(op->model), db_int((int64_t)op->dimension));
	return r;
}

int op_vectors_put_run(struct db *db, struct job *j)
{
	struct op_vectors_put *op = container_of(j, struct op_vectors_put, job);
	int r = library_begin(db, &j->why);

	if (r != 0)
		return r;
	r = claim(db, op);
	for (size_t i = 0; r == 0 && i < op->n; i++)
		r = put_one(db, op, i);
	if (r == 0)
		return library_commit(db, &j->why);
	db_rollback(db->lib);
	return r;
}
