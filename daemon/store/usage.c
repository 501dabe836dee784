/* Bytes and uploads of an account. */
#include "daemon/store/usage.h"

#include <string.h>

#include "common/mem.h"
#include "daemon/store/db.h"

struct op_kept *op_kept_new(const char *account)
{
	struct op_kept *op = mem_new(sizeof(*op));

	op->job.run = op_kept_run;
	(void)memccpy(op->account, account, '\0', sizeof(op->account));
	return op;
}

void op_kept_free(struct op_kept *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

static int sum(struct db *db, sqlite3 *conn, struct op_kept *op, const char *sql)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, conn, &op->job.why, sql, db_text(op->account));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row)
		op->bytes += (uint64_t)db_col_int(stmt, 0);
	db_release(stmt);
	return r;
}

/* Named, or the planner takes the index by thread and time and reads every text. */
int op_kept_run(struct db *db, struct job *j)
{
	struct op_kept *op = container_of(j, struct op_kept, job);
	int r = sum(db, db->chat, op,
		"SELECT COALESCE(sum(length(CAST(s.output AS BLOB))), 0) FROM ragchat_thread t "
		"JOIN steps s INDEXED BY ragchat_steps_bytes ON s.\"threadId\" = t.id WHERE t.account = ?1");

	return r ? r
		 : sum(db, db->lib, op,
			   "SELECT COALESCE(sum(bytes), 0) FROM collection WHERE account = ?1");
}

struct op_upload_count *op_upload_count_new(const char *account)
{
	struct op_upload_count *op = mem_new(sizeof(*op));

	op->job.run = op_upload_count_run;
	(void)memccpy(op->account, account, '\0', sizeof(op->account));
	return op;
}

void op_upload_count_free(struct op_upload_count *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

int op_upload_count_run(struct db *db, struct job *j)
{
	struct op_upload_count *op = container_of(j, struct op_upload_count, job);
	int r = db_run(db, db->chat, &j->why,
		"INSERT INTO ragchat_upload(account, day, uploads) VALUES (?1, ?2, 1) "
		"ON CONFLICT (account) DO UPDATE SET uploads = CASE day WHEN ?2 THEN uploads + 1 ELSE 1 END, "
		"day = ?2 WHERE day <> ?2 OR uploads < ?3",
		db_text(op->account), db_int(op->day), db_int(op->most));

	op->refused = r == 0 && sqlite3_changes(db->chat) == 0;
	return r;
}
