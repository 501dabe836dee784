/* quick_check of both files by a reader, as far as its time goes. */
#include "daemon/store/check.h"

#include <string.h>

#include "common/mem.h"
#include "daemon/store/db.h"

struct op_check *op_check_new(void)
{
	struct op_check *op = mem_new(sizeof(*op));

	op->job.run = op_check_run;
	return op;
}

void op_check_free(struct op_check *op)
{
	if (!op)
		return;
	mem_free(op->chat.words);
	mem_free(op->library.words);
	job_fini(&op->job);
	mem_free(op);
}

static int check(struct db *db, sqlite3 *conn, struct check_file *f, char **why)
{
	sqlite3_stmt *stmt;
	const char *verdict;
	bool row = false;
	int r = db_query(&stmt, db, conn, why, "PRAGMA quick_check(1)");

	f->words = mem_free(f->words); /* it may be broken off and run anew */
	if (r == 0)
		r = db_step(stmt, &row, why);
	verdict = r == 0 && row ? db_col_text(stmt, 0) : NULL;
	if (r == 0 && (!verdict || strcmp(verdict, "ok") != 0))
		f->words = mem_dup(verdict ? verdict : "no verdict");
	db_release(stmt);
	f->cut = r == STORE_E_DEADLINE && !db->yielded;
	return f->cut ? 0 : r;
}

int op_check_run(struct db *db, struct job *j)
{
	struct op_check *op = container_of(j, struct op_check, job);
	int r = check(db, db->chat, &op->chat, &j->why);

	return r ? r : op->chat.cut ? (op->library.cut = true, 0) : check(db, db->lib, &op->library, &j->why);
}
