/* Pages of threads by activity; those that are kept to some come from thread_filter.c. */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"
#include "daemon/store/thread_filter.h"

#define PAGE_MAX 1000

struct op_thread_list *op_thread_list_new(void)
{
	struct op_thread_list *op = mem_new(sizeof(*op));

	op->job.run = op_thread_list_run;
	op->until_us = INT64_MAX;
	op->state = -1;
	return op;
}

void op_thread_list_free(struct op_thread_list *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++)
		thread_row_fini(&op->rows[i]);
	mem_free(op->rows);
	mem_free(op->next);
	mem_free(op->account.name);
	mem_free(op->before);
	mem_free(op->tag);
	mem_free(op->text);
	mem_free(op->at.key);
	job_fini(&op->job);
	mem_free(op);
}

/* Up to `limit` rows from a place on, appended in their order. */
static int add_rows(struct db *db, struct op_thread_list *op, const char *sql, int64_t at,
	const char *id, int64_t limit, size_t *cap)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->chat, &op->job.why, sql, db_text(op->account.id), db_int(at),
		db_text(id), db_int(limit));

	while (r == 0 && (r = db_step(stmt, &row, &op->job.why)) == 0 && row) {
		op->rows = mem_grow(op->rows, cap, op->n, sizeof(*op->rows));
		op->rows[op->n] = (struct thread_row){ 0 };
		thread_from_row(stmt, &op->rows[op->n++]);
	}
	db_release(stmt);
	return r;
}

int thread_by_activity(const void *a, const void *b)
{
	const struct thread_row *x = a, *y = b;

	if (x->updated_us != y->updated_us)
		return x->updated_us < y->updated_us ? 1 : -1;
	return -strcmp(x->id, y->id);
}

/*
 * One's own come from their index; what others share is little, and comes beside. A page and one row
 * of each are enough for a page of both.
 */
int op_thread_list_run(struct db *db, struct job *j)
{
	struct op_thread_list *op = container_of(j, struct op_thread_list, job);
	size_t limit = (size_t)(op->limit < 1 ? 1 : min_of(op->limit, PAGE_MAX)), cap = 0, own;
	int64_t at = INT64_MAX;
	id_str id = "";
	int r = op->before ? cursor_read(op->before, &at, id, &j->why) : 0;

	if (op->until_us < at) { /* no id is smaller than none */
		at = op->until_us;
		id[0] = '\0';
	}
	if (r == 0 && op->filtered)
		return threads_filtered(db, op, limit, at, id);
	if (r == 0)
		r = add_rows(db, op,
			SQL_THREAD "WHERE t.account = ?1 AND (t.updated, t.id) < (?2, ?3) "
				   "ORDER BY t.updated DESC, t.id DESC LIMIT ?4",
			at, id, (int64_t)limit + 1, &cap);
	own = op->n;
	if (r == 0)
		r = add_rows(db, op,
			SQL_THREAD "JOIN " SQL_SHARED "ON s.thread = t.id WHERE t.account <> ?1 AND "
				   "(t.updated, t.id) < (?2, ?3) ORDER BY t.updated DESC, t.id DESC LIMIT ?4",
			at, id, (int64_t)limit + 1, &cap);
	for (size_t i = own; r == 0 && i < op->n; i++)
		r = thread_owner(db, &op->account, &op->rows[i], &j->why);
	if (op->n > own && own)
		qsort(op->rows, op->n, sizeof(*op->rows), thread_by_activity);
	if (r == 0 && op->n > limit)
		op->next = cursor_make(op->rows[limit - 1].updated_us, op->rows[limit - 1].id);
	while (op->n > limit)
		thread_row_fini(&op->rows[--op->n]);
	return r;
}
