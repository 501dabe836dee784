/* Threads read: one by REF, and pages by activity. */
#include "common/mem.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

#define PAGE_MAX 1000

struct op_thread_get *op_thread_get_new(void)
{
	struct op_thread_get *op = mem_new(sizeof(*op));

	op->job.run = op_thread_get_run;
	return op;
}

void op_thread_get_free(struct op_thread_get *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	thread_row_fini(&op->thread);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

int op_thread_get_run(struct db *db, struct job *j)
{
	struct op_thread_get *op = container_of(j, struct op_thread_get, job);
	id_str id;
	int r = ref_thread(db, &op->account, op->ref, REF_ANY, id, &op->candidates, &j->why);

	return r ? r : thread_load(db, id, &op->thread, &j->why);
}

struct op_thread_list *op_thread_list_new(void)
{
	struct op_thread_list *op = mem_new(sizeof(*op));

	op->job.run = op_thread_list_run;
	return op;
}

void op_thread_list_free(struct op_thread_list *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->before);
	for (size_t i = 0; i < op->n; i++)
		thread_row_fini(&op->rows[i]);
	mem_free(op->rows);
	mem_free(op->next);
	job_fini(&op->job);
	mem_free(op);
}

int op_thread_list_run(struct db *db, struct job *j)
{
	struct op_thread_list *op = container_of(j, struct op_thread_list, job);
	size_t limit = (size_t)(op->limit < 1 ? 1 : min_of(op->limit, PAGE_MAX)), cap = 0;
	sqlite3_stmt *stmt = NULL;
	int64_t at = INT64_MAX;
	bool row = true;
	id_str id = "";
	int r = op->before ? cursor_read(op->before, &at, id, &j->why) : 0;

	if (r == 0)
		r = db_query(&stmt, db, db->chat, &j->why,
			SQL_THREAD "WHERE t.account = ?1 AND (t.updated, t.id) < (?2, ?3) "
				   "ORDER BY t.updated DESC, t.id DESC LIMIT ?4",
			db_text(op->account.id), db_int(at), db_text(id),
			db_int((int64_t)limit + 1));
	while (r == 0 && (r = db_step(stmt, &row, &j->why)) == 0 && row && op->n < limit) {
		op->rows = mem_grow(op->rows, &cap, op->n, sizeof(*op->rows));
		op->rows[op->n] = (struct thread_row){ 0 };
		thread_from_row(stmt, &op->rows[op->n++]);
	}
	if (r == 0 && row)
		op->next = cursor_make(op->rows[op->n - 1].updated_us, op->rows[op->n - 1].id);
	db_release(stmt);
	return r;
}
