/* Events written and read. */
#include "daemon/store/events.h"

#include "common/clock.h"
#include "common/fair.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/rows.h"

#define FORGET_EVERY 16 /* counting takes longer than adding */

/* ---- writing ---- */

/* By number, and by time no further than a number: a clock may be set back. */
static int forget_oldest(struct db *db, const char *account, int64_t last, char **why)
{
	return db_run(db, db->chat, why,
		"DELETE FROM ragchat_event WHERE account = ?1 AND n < (SELECT min(n) + 64 FROM ragchat_event WHERE account = ?1) "
		"AND n < ?2 AND (n <= ?2 - ?3 OR at < ?4)",
		db_text(account), db_int(last), db_int(EVENT_KEEP), db_int(clock_wall_us() - EVENT_KEEP_US));
}

static int next_number(struct db *db, const char *account, int64_t *n, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why,
		"INSERT INTO ragchat_event_mark(account, last) VALUES(?1, 1) "
		"ON CONFLICT(account) DO UPDATE SET last = last + 1 RETURNING last",
		db_text(account));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		*n = db_col_int(stmt, 0);
	if (r == 0)
		r = db_step(stmt, &row, why); /* to its end, or the change is not made */
	db_release(stmt);
	return r;
}

int event_add(struct db *db, const char *account, const struct event_row *e, char **why)
{
	int64_t n = 0;
	int r = next_number(db, account, &n, why);

	if (r == 0)
		r = db_run(db, db->chat, why,
			"INSERT INTO ragchat_event(account, n, at, kind, id, thread, name, state) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
			db_text(account), db_int(n), db_int(clock_wall_us()), db_text(e->kind), db_text(e->id),
			e->thread[0] ? db_text(e->thread) : db_null(), db_text(e->name), db_text(e->state));
	if (r == 0 && n % FORGET_EVERY == 0)
		r = forget_oldest(db, account, n, why);
	if (r == 0)
		db_news(db, fair_key(account));
	return r;
}

static int add_named(struct db *db, const char *account, struct event_row *e, const char *thread, char **why)
{
	char *name = NULL;
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, "SELECT " SQL_NAME " FROM threads WHERE id = ?1", db_text(thread));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		name = text_column(stmt, 0);
	db_release(stmt);
	e->name = name;
	if (r == 0)
		r = event_add(db, account, e, why);
	mem_free(name);
	return r;
}

int event_of_thread(struct db *db, const char *account, const char *kind, const char *thread, char **why)
{
	struct event_row e = { .kind = kind };

	(void)snprintf(e.id, sizeof(e.id), "%s", thread);
	return add_named(db, account, &e, thread, why);
}

int event_of_turn(struct db *db, const char *account, const char *kind, const char *thread, const char *turn, const char *state, char **why)
{
	struct event_row e = { .kind = kind, .state = state };

	(void)snprintf(e.id, sizeof(e.id), "%s", turn);
	(void)snprintf(e.thread, sizeof(e.thread), "%s", thread);
	return add_named(db, account, &e, thread, why);
}

/* ---- reading ---- */

struct op_event_list *op_event_list_new(void)
{
	struct op_event_list *op = mem_new(sizeof(*op));

	op->job.run = op_event_list_run;
	op->after = -1;
	return op;
}

void op_event_list_free(struct op_event_list *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++) {
		mem_free((void *)op->rows[i].kind);
		mem_free((void *)op->rows[i].name);
		mem_free((void *)op->rows[i].state);
	}
	mem_free(op->rows);
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

static int find_ends(struct db *db, struct op_event_list *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT m.last, COALESCE((SELECT min(n) FROM ragchat_event WHERE account = ?1), m.last + 1) "
		"FROM ragchat_event_mark m WHERE m.account = ?1",
		db_text(op->account.id));

	op->last = 0;
	op->first = 1;
	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		op->last = db_col_int(stmt, 0);
		op->first = db_col_int(stmt, 1);
	}
	db_release(stmt);
	return r;
}

static void take(sqlite3_stmt *stmt, struct event_row *e)
{
	*e = (struct event_row){
		.n = db_col_int(stmt, 0),
		.at_us = db_col_int(stmt, 1),
		.kind = text_column(stmt, 2),
		.name = text_column(stmt, 5),
		.state = text_column(stmt, 6),
	};
	db_col_id(stmt, 3, e->id);
	db_col_id(stmt, 4, e->thread);
}

int op_event_list_run(struct db *db, struct job *j)
{
	struct op_event_list *op = container_of(j, struct op_event_list, job);
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = find_ends(db, op);

	op->gone = r == 0 && op->after >= 0 && (op->after < op->first - 1 || op->after > op->last);
	if (r != 0 || op->after < 0 || op->gone || op->after == op->last)
		return r;
	r = db_query(&stmt, db, db->chat, &j->why,
		"SELECT n, at, kind, id, thread, name, state FROM ragchat_event WHERE account = ?1 AND n > ?2 ORDER BY n LIMIT ?3",
		db_text(op->account.id), db_int(op->after), db_int(op->limit));
	op->rows = mem_new((size_t)op->limit * sizeof(*op->rows));
	while (r == 0 && op->n < (size_t)op->limit && (r = db_step(stmt, &row, &j->why)) == 0 && row)
		take(stmt, &op->rows[op->n++]);
	db_release(stmt);
	return r;
}
