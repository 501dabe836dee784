/*
 * What happened to accounts. The newest are kept: so many failures and so many others, each counted
 * by itself. Anybody who may connect can make failures, and must not push out the rest.
 */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/account_in.h"
#include "daemon/store/rows.h"

#define KEPT_FAILED 10000
#define KEPT_OTHERS 100000
#define USED_EVERY_US (3600 * INT64_C(1000000)) /* when an account or a token was seen is known to the hour */

/* By id, not by time: a clock may be set back. */
static int forget_oldest(struct db *db, bool failed, char **why)
{
	return db_run(db, db->chat, why,
		"DELETE FROM ragchat_record WHERE failed = ?1 AND id IN (SELECT id FROM ragchat_record WHERE failed = ?1 "
		"ORDER BY id DESC LIMIT 16 OFFSET ?2)",
		db_int(failed), db_int(failed ? KEPT_FAILED : KEPT_OTHERS));
}

int record_add(struct db *db, const struct record *r, char **why)
{
	int res = db_run(db, db->chat, why,
		"INSERT INTO ragchat_record(at, failed, kind, account, actor, uid, detail) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		db_int(clock_wall_us()), db_int(r->failed), db_text(r->kind), db_text(r->account), db_text(r->actor->name),
		r->actor->uid < 0 ? db_null() : db_int(r->actor->uid), db_text(r->detail));

	/* Counting takes longer than adding: now and then is enough. */
	if (res == 0 && sqlite3_last_insert_rowid(db->chat) % 16 == 0)
		res = forget_oldest(db, r->failed, why);
	return res;
}

struct op_record *op_record_new(void)
{
	struct op_record *op = mem_new(sizeof(*op));

	op->job.run = op_record_run;
	return op;
}

void op_record_free(struct op_record *op)
{
	if (!op)
		return;
	mem_free(op->account);
	mem_free(op->detail);
	actor_fini(&op->actor);
	job_fini(&op->job);
	mem_free(op);
}

int op_record_run(struct db *db, struct job *j)
{
	struct op_record *op = container_of(j, struct op_record, job);
	const struct record record = { op->failed, op->kind, op->account, op->detail, &op->actor };
	int64_t now = clock_wall_us();
	int r = op->seen[0] ? account_row_ensure(db, op->seen, ROLE_USER, now, &j->why) : 0;

	if (r == 0 && op->seen[0])
		r = db_run(db, db->chat, &j->why, "UPDATE ragchat_account SET seen = ?1 WHERE id = ?2 AND COALESCE(seen, 0) < ?3",
			db_int(now), db_text(op->seen), db_int(now - USED_EVERY_US));
	if (r == 0 && op->used[0]) {
		r = db_run(db, db->chat, &j->why, "UPDATE ragchat_token SET used = ?1 WHERE id = ?2 AND COALESCE(used, 0) < ?3",
			db_int(now), db_text(op->used), db_int(now - USED_EVERY_US));
		if (r == 0 && !sqlite3_changes64(db->chat))
			return 0; /* each command logs in anew: its hour is on record already */
	}
	return r ? r : record_add(db, &record, &j->why);
}

/* ---- reading ---- */

struct op_record_list *op_record_list_new(void)
{
	struct op_record_list *op = mem_new(sizeof(*op));

	op->job.run = op_record_list_run;
	op->before = INT64_MAX;
	return op;
}

void op_record_list_free(struct op_record_list *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++) {
		mem_free(op->rows[i].kind);
		mem_free(op->rows[i].account);
		mem_free(op->rows[i].actor);
		mem_free(op->rows[i].detail);
	}
	mem_free(op->rows);
	mem_free(op->account);
	job_fini(&op->job);
	mem_free(op);
}

static void take(sqlite3_stmt *stmt, struct record_row *row)
{
	*row = (struct record_row){
		.id = db_col_int(stmt, 0),
		.at_us = db_col_int(stmt, 1),
		.failed = db_col_int(stmt, 2) != 0,
		.kind = text_column(stmt, 3),
		.account = text_column(stmt, 4),
		.actor = text_column(stmt, 5),
		.uid = sqlite3_column_type(stmt, 6) == SQLITE_NULL ? -1 : db_col_int(stmt, 6),
		.detail = text_column(stmt, 7),
	};
}

int op_record_list_run(struct db *db, struct job *j)
{
	struct op_record_list *op = container_of(j, struct op_record_list, job);
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &j->why,
		"SELECT id, at, failed, kind, account, actor, uid, detail FROM ragchat_record WHERE id < ?1 "
		"AND (?2 IS NULL OR account = ?2 OR actor = ?2) AND (?3 = 0 OR failed) ORDER BY id DESC LIMIT ?4",
		db_int(op->before), db_text(op->account), db_int(op->failed), db_int(op->limit + 1));

	op->rows = mem_new((size_t)op->limit * sizeof(*op->rows));
	while (r == 0 && (r = db_step(stmt, &row, &j->why)) == 0 && row) {
		if (op->n == (size_t)op->limit) {
			op->more = true;
			break;
		}
		take(stmt, &op->rows[op->n++]);
	}
	db_release(stmt);
	return r;
}
