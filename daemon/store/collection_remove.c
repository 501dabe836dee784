/* Taking a whole collection out, some documents at a time: each is told of, and nothing waits long behind it. */
#include "daemon/store/library_in.h"

#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/carry.h"

#define RUN_US 50000 /* of one job: what waits behind it waits so long */
#define HIDDEN 64    /* documents out of sight before they are swept */

struct removing {
	struct db *db;
	struct op_collection_remove *op;
	int64_t collection;
	char **why;
	bool found; /* a document, the last time */
	bool second; /* ... and it was a second name */
};

struct op_collection_remove *op_collection_remove_new(void)
{
	struct op_collection_remove *op = mem_new(sizeof(*op));

	op->job.run = op_collection_remove_run;
	return op;
}

void op_collection_remove_free(struct op_collection_remove *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	mem_free(op->collection);
	mem_free(op);
}

static int find_collection(struct removing *m)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, m->db, m->db->lib, m->why, "SELECT id FROM collection WHERE account = ?1 AND name = ?2",
		db_text(m->op->account.id), db_text(m->op->collection));

	if (r == 0)
		r = db_step(stmt, &row, m->why);
	m->collection = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

/* All of its words go, and nobody takes them out one by one (sweep_passages): its table is of no rules any more. */
static int give_up_words(struct removing *m)
{
	return db_run(m->db, m->db->lib, m->why, "UPDATE collection SET recipe = 0 WHERE id = ?1 AND recipe <> 0 AND cursor = 0",
		db_int(m->collection));
}

/* Second names first: none is made a first one on its way out. */
static int next_document(struct removing *m, int64_t *key, char **id, char **name)
{
	static const char *const sql[] = {
		"SELECT key, id, name FROM document WHERE first < 0 AND +collection = ?1 AND state = 1 LIMIT 1",
		"SELECT key, id, name FROM document WHERE collection = ?1 AND state = 1 LIMIT 1",
	};
	int r = 0;

	*key = 0;
	for (size_t i = 0; r == 0 && !*key && i < array_len(sql); i++) {
		sqlite3_stmt *stmt = NULL;
		bool row = false;

		m->second = i == 0;
		r = db_query(&stmt, m->db, m->db->lib, m->why, sql[i], db_int(m->collection));
		if (r == 0)
			r = db_step(stmt, &row, m->why);
		if (r == 0 && row) {
			*key = db_col_int(stmt, 0);
			*id = db_col_dup(stmt, 1);
			*name = db_col_dup(stmt, 2);
		}
		db_release(stmt);
	}
	m->found = *key != 0;
	return r;
}

static int hide_one(struct removing *m)
{
	char *id = NULL, *name = NULL;
	int64_t key;
	int r = next_document(m, &key, &id, &name);

	if (r == 0 && key)
		r = m->second ? alias_drop(m->db, key, true, m->why) : library_hide(m->db, key, m->why);
	if (r == 0 && key)
		r = carry_add(m->db, m->op->account.id, "document.removed", id, name, m->why);
	mem_free(id);
	mem_free(name);
	return r;
}

static int hide_some(struct removing *m)
{
	uint64_t until = clock_mono_us() + SLICE_US;
	int64_t n = 0;
	int r = library_begin(m->db, m->why);

	if (r == 0)
		r = give_up_words(m);
	do {
		if (r == 0)
			r = hide_one(m);
		n += r == 0 && m->found;
	} while (r == 0 && m->found && n < HIDDEN && clock_mono_us() < until);
	if (r == 0)
		r = library_commit(m->db, m->why);
	else
		db_rollback(m->db->lib);
	m->op->removed += r == 0 ? n : 0;
	return r;
}

int op_collection_remove_run(struct db *db, struct job *j)
{
	struct op_collection_remove *op = container_of(j, struct op_collection_remove, job);
	struct removing m = { .db = db, .op = op, .why = &j->why };
	uint64_t until = clock_mono_us() + RUN_US;
	int r = find_collection(&m);

	m.found = m.collection != 0;
	while (r == 0 && m.found && clock_mono_us() < until) {
		r = hide_some(&m);
		if (r == 0)
			r = library_sweep(db, &j->why);
	}
	op->more = r == 0 && m.found;
	if (r == 0 && !op->removed)
		return db_fail(&j->why, STORE_E_NOT_FOUND, "no collection '%.200s'", op->collection);
	return r;
}
