/* Making vectors last: which passages want one, taking them in, taking out what is of no use. */
#include "daemon/store/vectors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"

#define TIDIED 1000 /* vectors looked at in one step */
#define OTHERS 256

/* ---- which collections ---- */

struct op_vectors_list *op_vectors_list_new(void)
{
	struct op_vectors_list *op = mem_new(sizeof(*op));

	op->job.run = op_vectors_list_run;
	return op;
}

void op_vectors_list_free(struct op_vectors_list *op)
{
	if (!op)
		return;
	mem_free(op->shelves);
	mem_free(op->probe.v);
	mem_free(op->model);
	job_fini(&op->job);
	mem_free(op);
}

void vectors_probe_copy(struct vectors_probe *to, const struct vectors_probe *from)
{
	to->v = from->v ? mem_try_dup(from->v, from->dimension * sizeof(*from->v)) : NULL;
	to->dimension = to->v ? from->dimension : 0;
}

#define SAME 0.9 /* the same model on another machine, in other precision: .99; another model: about 0 */

static bool is_same(const struct vectors_probe *probe, const int8_t *packed, const void *other, size_t n)
{
	const int8_t *b = other;
	double ab = 0, aa = 0, bb = 0;

	if (n != probe->dimension)
		return false;
	for (size_t i = 0; i < n; i++) {
		ab += packed[i] * b[i];
		aa += packed[i] * packed[i];
		bb += b[i] * b[i];
	}
	return ab >= SAME * sqrt(aa * bb);
}

/* Of collections (0: of all) whose vectors are another model's, what says that they have any goes: *gone of them. */
static int forget_others(struct db *db, const char *model, const struct vectors_probe *probe, int64_t collection, int64_t *gone, char **why)
{
	int8_t *packed = mem_new(probe->dimension + 1);
	double scale;
	bool row = true, known = probe->v && vector_pack(probe->v, probe->dimension, packed, &scale);
	sqlite3_stmt *stmt = NULL;
	int64_t others[OTHERS];
	size_t n = 0;
	int r = db_query(&stmt, db, db->lib, why, "SELECT collection, model, probe FROM vectors WHERE ?1 = 0 OR collection = ?1",
		db_int(collection));

	while (r == 0 && n < OTHERS) {
		r = db_step(stmt, &row, why);
		if (r != 0 || !row)
			break;
		if (strcmp(db_col_text(stmt, 1), model) != 0 ||
			(known && !is_same(probe, packed, sqlite3_column_blob(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2))))
			others[n++] = db_col_int(stmt, 0);
	}
	db_release(stmt);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = db_run(db, db->lib, why, "DELETE FROM vectors WHERE collection = ?1", db_int(others[i]));
	*gone += (int64_t)n;
	mem_free(packed);
	return r || n < OTHERS ? r : forget_others(db, model, probe, collection, gone, why);
}

/* Vectors of collections that have another model, or none any more. */
static int tidy(struct db *db, struct op_vectors_list *op)
{
	char **why = &op->job.why;
	int64_t last = op->tidied;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = forget_others(db, op->model, &op->probe, 0, &op->others, why);

	if (r == 0)
		r = db_query(&stmt, db, db->lib, why,
			"SELECT max(id) FROM (SELECT id FROM vector WHERE id > ?1 ORDER BY id LIMIT ?2)",
			db_int(op->tidied), db_int(TIDIED));
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		last = db_col_int(stmt, 0);
	db_release(stmt);
	if (r == 0 && last != op->tidied)
		r = db_run(db, db->lib, why,
			"DELETE FROM vector WHERE id > ?1 AND id <= ?2 AND (NOT EXISTS (SELECT 1 FROM passage p "
			"WHERE p.id = vector.id) OR NOT EXISTS (SELECT 1 FROM vectors c WHERE c.collection = vector.id >> 40))",
			db_int(op->tidied), db_int(last));
	op->tidied = last == op->tidied ? -1 : last;
	return r;
}

static int list(struct db *db, struct op_vectors_list *op)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, &op->job.why, "SELECT id, passages, account, "
		"EXISTS (SELECT 1 FROM vectors v WHERE v.collection = c.id) FROM collection c ORDER BY id");

	while (r == 0) {
		struct vectors_shelf *shelf;

		r = db_step(stmt, &row, &op->job.why);
		if (r != 0 || !row)
			break;
		op->shelves = mem_grow(op->shelves, &op->cap, op->n, sizeof(*op->shelves));
		shelf = &op->shelves[op->n++];
		*shelf = (struct vectors_shelf){ .collection = db_col_int(stmt, 0), .passages = db_col_int(stmt, 1),
			.has_some = db_col_int(stmt, 3) != 0 };
		(void)snprintf(shelf->account, sizeof(shelf->account), "%s", db_col_text(stmt, 2) ? db_col_text(stmt, 2) : "");
	}
	db_release(stmt);
	return r;
}

int op_vectors_list_run(struct db *db, struct job *j)
{
	struct op_vectors_list *op = container_of(j, struct op_vectors_list, job);
	int r = op->tidied < 0 ? 0 : tidy(db, op);

	return r || op->tidied >= 0 ? r : list(db, op);
}

/* ---- which passages ---- */

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
	job_fini(&op->job);
	mem_free(op);
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

static int take(struct db *db, struct op_vectors_next *op, int64_t id, bool has)
{
	char *text = NULL;
	int r = has ? 0 : passage_text(db, id, &text, &op->job.why);

	op->looked++;
	op->have += has;
	op->after = id;
	if (!text)
		return r;
	op->passages[op->n] = id;
	op->texts[op->n++] = text;
	return 0;
}

int op_vectors_next_run(struct db *db, struct job *j)
{
	struct op_vectors_next *op = container_of(j, struct op_vectors_next, job);
	int64_t from = max_of(op->after, op->collection << PASSAGE_BITS);
	size_t most = min_of(op->most, (size_t)VECTORS_BATCH);
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, &j->why,
		"SELECT p.id, EXISTS (SELECT 1 FROM vector v JOIN vectors c ON c.collection = ?2 WHERE v.id = p.id AND "
		"length(v.data) = c.dimension) FROM passage p WHERE p.id >= ?1 AND p.id < ((?2 + 1) << 40) ORDER BY p.id LIMIT ?3",
		db_int(from + (from == op->after)), db_int(op->collection), db_int(VECTORS_LOOKED));

	while (r == 0 && op->n < most) {
		r = db_step(stmt, &row, &j->why);
		if (r != 0 || !row)
			break;
		r = take(db, op, db_col_int(stmt, 0), db_col_int(stmt, 1) != 0);
	}
	op->end = r == 0 && !row && op->looked < VECTORS_LOOKED;
	db_release(stmt);
	return r;
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
	mem_free(op->probe.v);
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
	else
		op->kept--;
	mem_free(packed);
	return r;
}

/* The first of a collection says what its vectors are; those of another model start it anew. */
static int claim(struct db *db, struct op_vectors_put *op)
{
	int8_t *packed = mem_new(op->probe.dimension + 1);
	int64_t gone = 0;
	double scale;
	int r = forget_others(db, op->model, &op->probe, op->collection, &gone, &op->job.why);

	op->anew = gone > 0;
	if (r == 0 && (op->probe.dimension != op->dimension || !vector_pack(op->probe.v, op->probe.dimension, packed, &scale)))
		r = db_fail(&op->job.why, STORE_E_CONFLICT, "its vectors have another length than before");
	if (r == 0)
		r = db_run(db, db->lib, &op->job.why,
			"INSERT OR IGNORE INTO vectors (collection, model, dimension, probe) VALUES (?1, ?2, ?3, ?4)",
			db_int(op->collection), db_text(op->model), db_int((int64_t)op->dimension), db_blob(packed, op->dimension));
	mem_free(packed);
	return r;
}

int op_vectors_put_run(struct db *db, struct job *j)
{
	struct op_vectors_put *op = container_of(j, struct op_vectors_put, job);
	int r = library_begin(db, &j->why);

	if (r != 0)
		return r;
	op->kept = op->n;
	r = claim(db, op);
	for (size_t i = 0; r == 0 && i < op->n; i++)
		r = put_one(db, op, i);
	if (r == 0)
		return library_commit(db, &j->why);
	db_rollback(db->lib);
	return r;
}
