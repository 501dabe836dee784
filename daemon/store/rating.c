/*
 * Ratings: rows of feedbacks. A Chainlit stores them for the run, which is our turn's id, and shows a
 * step twice that has two; older ones stored them for the answer's message.
 */
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/columns.h"
#include "daemon/store/history.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

struct op_rate *op_rate_new(void)
{
	struct op_rate *op = mem_new(sizeof(*op));

	op->job.run = op_rate_run;
	turn_row_fini(&op->turn);
	return op;
}

void op_rate_free(struct op_rate *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->comment);
	turn_row_fini(&op->turn);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

int rating_load(struct db *db, struct turn_row *t, char **why)
{
	bool comments = columns_has(db->columns, TABLE_FEEDBACKS, "comment"), row = false;
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, db, db->chat, why,
		comments ? "SELECT value, comment FROM feedbacks WHERE \"forId\" IN (?1, ?2) ORDER BY \"forId\" = ?1 DESC, rowid DESC LIMIT 1"
			 : "SELECT value, NULL FROM feedbacks WHERE \"forId\" IN (?1, ?2) ORDER BY \"forId\" = ?1 DESC, rowid DESC LIMIT 1",
		db_text(t->id), db_text(t->answer_step));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		t->rating = db_col_int(stmt, 0) > 0;
		t->comment = text_column(stmt, 1);
	}
	db_release(stmt);
	return r;
}

struct old {
	char *id, *comment;
	id_str run;
};

/* The row that is there already, the run's before the message's. */
static int find_old(struct db *db, const struct op_rate *op, struct old *old, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false, comments = columns_has(db->columns, TABLE_FEEDBACKS, "comment");
	char *sql = mem_printf("SELECT f.id, %s, t.run_step FROM ragchat_turn t LEFT JOIN feedbacks f "
			       "ON f.\"forId\" IN (t.run_step, t.answer_step) WHERE t.id = ?1 "
			       "ORDER BY f.\"forId\" = t.run_step DESC, f.rowid DESC LIMIT 1",
		comments ? "f.comment" : "NULL");
	int r = db_query(&stmt, db, db->chat, why, sql, db_text(op->turn.id));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		old->id = db_col_dup(stmt, 0);
		old->comment = db_col_dup(stmt, 1);
		db_col_id(stmt, 2, old->run);
	}
	db_release(stmt);
	mem_free(sql);
	return r;
}

static int rate(struct db *db, struct op_rate *op, struct old *old)
{
	char **why = &op->job.why;
	const char *run = old->run[0] ? old->run : op->turn.id;
	const char *comment = op->comment ? op->comment : old->comment;
	id_str id;
	int r = db_run(db, db->chat, why, "DELETE FROM feedbacks WHERE \"forId\" IN (?1, ?2)", db_text(run),
		db_text(op->turn.answer_step));

	if (r != 0 || op->rating == RATING_NONE)
		return r;
	uuid_v4(id);
	const struct cell cells[] = {
		{ "id", db_text(old->id ? old->id : id) },
		{ "forId", db_text(run) },
		{ "threadId", db_text(op->turn.thread) },
		{ "value", db_int(op->rating) },
		{ "comment", comment && *comment ? db_text(comment) : db_null() },
	};
	return db_insert(db, TABLE_FEEDBACKS, cells, array_len(cells), why);
}

int op_rate_run(struct db *db, struct job *j)
{
	struct op_rate *op = container_of(j, struct op_rate, job);
	const struct turn_want want = { .rating = true };
	struct old old = { .id = NULL };
	id_str id;
	int r = ref_turn(db, &op->account, op->ref, REF_OWN, id, NULL, &op->candidates, &j->why);

	if (r == 0)
		r = turn_load(db, id, &want, &op->turn, &j->why);
	if (r == 0)
		r = find_old(db, op, &old, &j->why);
	if (r == 0)
		r = rate(db, op, &old);
	mem_free(old.id);
	mem_free(old.comment);
	return r ? r : turn_load(db, id, &want, &op->turn, &j->why);
}
