/* Taking a whole collection out, document by document: each is told of, and nothing waits long behind it. */
#include "daemon/store/library_in.h"

#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"

#define RUN_US 50000 /* of one job: what waits behind it waits so long */

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

/* Second names first: none is made a first one on its way out. *key 0: no more. */
static int next_of_collection(struct db *db, struct op_collection_remove *op, int64_t *key, char **ref)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, &op->job.why,
		"SELECT d.key, d.id FROM collection c JOIN document d ON d.collection = c.id WHERE "
		"c.account = ?1 AND c.name = ?2 AND d.state = 1 ORDER BY d.first < 0 DESC LIMIT 1",
		db_text(op->account.id), db_text(op->collection));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	*key = r == 0 && row ? db_col_int(stmt, 0) : 0;
	*ref = *key ? db_col_dup(stmt, 1) : NULL;
	db_release(stmt);
	return r;
}

static int remove_one(struct db *db, struct op_collection_remove *op, bool *found)
{
	struct op_document_remove one = { .account = op->account };
	int64_t key = 0;
	int r = next_of_collection(db, op, &key, &one.ref);

	*found = key != 0;
	if (r == 0 && key)
		r = op_document_remove_run(db, &one.job);
	if (one.job.why && !op->job.why)
		op->job.why = mem_dup(one.job.why);
	job_fini(&one.job);
	mem_free(one.ref);
	document_row_fini(&one.doc);
	candidates_fini(&one.candidates);
	return r;
}

int op_collection_remove_run(struct db *db, struct job *j)
{
	struct op_collection_remove *op = container_of(j, struct op_collection_remove, job);
	uint64_t until = clock_mono_us() + RUN_US;
	bool found = true;
	int r = 0;

	while (r == 0 && found && clock_mono_us() < until) {
		r = remove_one(db, op, &found);
		op->removed += r == 0 && found;
	}
	op->more = r == 0 && found;
	if (r == 0 && !op->removed)
		return db_fail(&j->why, STORE_E_NOT_FOUND, "no collection '%.200s'", op->collection);
	return r;
}
