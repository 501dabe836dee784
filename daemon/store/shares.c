/* Sharing written and listed. What it means for reading is in ref.c. */
#include "daemon/store/shares.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

/* ---- share, and no more ---- */

struct op_share *op_share_new(void)
{
	struct op_share *op = mem_new(sizeof(*op));

	op->job.run = op_share_run;
	op->gid = -1;
	return op;
}

void op_share_free(struct op_share *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->with);
	thread_row_fini(&op->thread);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

/* An account that was removed is none: SQL says it by the row of ragchat_account. */
static int find_account(struct db *db, struct op_share *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT u.id FROM users u LEFT JOIN ragchat_account a ON a.id = u.id "
		"WHERE u.identifier = ?1 AND a.removed IS NULL",
		db_text(op->with));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && !row)
		r = db_fail(&op->job.why, STORE_E_NOT_FOUND,
			"no account '%s' (one is made when its user first runs ragchat)", op->with);
	if (r == 0)
		db_col_id(stmt, 0, op->other);
	db_release(stmt);
	return r;
}

static int find_other(struct db *db, struct op_share *op)
{
	int r;

	if (op->with[0] == '@')
		return str_int(op->with + 1, 0, UINT32_MAX - 1, &op->gid) == 0
			       ? 0
			       : db_fail(&op->job.why, STORE_E_NOT_FOUND,
					 "a group is given by its number, as in @1001");
	r = find_account(db, op);
	if (r == 0 && !strcmp(op->other, op->account.id))
		r = db_fail(&op->job.why, STORE_E_CONFLICT, "the thread is your own");
	return r;
}

static int add(struct db *db, struct op_share *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int64_t there = 0;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT count(*) FROM ragchat_share WHERE thread = ?1", db_text(op->thread.id));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row)
		there = db_col_int(stmt, 0);
	db_release(stmt);
	if (r == 0 && there >= SHARES_MAX)
		r = db_fail(&op->job.why, STORE_E_CONFLICT,
			"the thread is shared with %d already: share it with a group", SHARES_MAX);
	return r ? r
		 : db_run(db, db->chat, &op->job.why,
			   "INSERT OR IGNORE INTO ragchat_share(thread, account, gid, created) "
			   "VALUES (?1, ?2, ?3, ?4)",
			   db_text(op->thread.id), op->gid < 0 ? db_text(op->other) : db_null(),
			   op->gid < 0 ? db_null() : db_int(op->gid), db_int(clock_wall_us()));
}

int op_share_run(struct db *db, struct job *j)
{
	struct op_share *op = container_of(j, struct op_share, job);
	id_str id;
	int r = ref_thread(db, &op->account, op->ref, REF_ANY, REF_OWN, id, &op->candidates, &j->why);

	if (r == 0)
		r = thread_load(db, id, &op->thread, &j->why);
	if (r == 0)
		r = find_other(db, op);
	if (r == 0 && !op->remove)
		r = add(db, op);
	else if (r == 0 && op->gid >= 0)
		r = db_run(db, db->chat, &j->why,
			"DELETE FROM ragchat_share WHERE gid = ?1 AND thread = ?2", db_int(op->gid),
			db_text(id));
	else if (r == 0)
		r = db_run(db, db->chat, &j->why,
			"DELETE FROM ragchat_share WHERE account = ?1 AND thread = ?2",
			db_text(op->other), db_text(id));
	return r;
}

/* ---- the list ---- */

struct op_share_list *op_share_list_new(void)
{
	struct op_share_list *op = mem_new(sizeof(*op));

	op->job.run = op_share_list_run;
	return op;
}

void op_share_list_free(struct op_share_list *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	for (size_t i = 0; i < op->n; i++) {
		mem_free(op->rows[i].name);
		mem_free(op->rows[i].with);
	}
	mem_free(op->rows);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

static struct share_row share_from_row(sqlite3_stmt *stmt)
{
	struct share_row row = { .created_us = db_col_int(stmt, 4) };
	char *name = text_column(stmt, 1);

	db_col_id(stmt, 0, row.thread);
	row.name = name ? name_first_line(name, strlen(name), NAME_SHOWN) : NULL;
	row.with = text_column(stmt, 2);
	if (!row.with)
		row.with = mem_printf("@%" PRId64, db_col_int(stmt, 3));
	mem_free(name);
	return row;
}

int op_share_list_run(struct db *db, struct job *j)
{
	struct op_share_list *op = container_of(j, struct op_share_list, job);
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	size_t cap = 0;
	id_str id;
	int r = op->ref ? ref_thread(db, &op->account, op->ref, REF_ANY, REF_OWN, id, &op->candidates,
				  &j->why)
			: 0;

	if (r == 0)
		r = db_query(&stmt, db, db->chat, &j->why,
			"SELECT t.id, h.name, u.identifier, s.gid, s.created FROM ragchat_thread t "
			"JOIN ragchat_share s ON s.thread = t.id "
			"JOIN threads h ON h.id = t.id AND " SQL_ALIVE
			"LEFT JOIN users u ON u.id = s.account "
			"WHERE t.account = ?1 AND (?2 IS NULL OR t.id = ?2) "
			"AND (s.gid IS NOT NULL OR u.id IS NOT NULL) "
			"ORDER BY t.updated DESC, s.id LIMIT ?3",
			db_text(op->account.id), op->ref ? db_text(id) : db_null(), db_int(SHARES_MAX));
	while (r == 0 && (r = db_step(stmt, &row, &j->why)) == 0 && row) {
		op->rows = mem_grow(op->rows, &cap, op->n, sizeof(*op->rows));
		op->rows[op->n++] = share_from_row(stmt);
	}
	db_release(stmt);
	return r;
}

/* ---- who is in which group ---- */

struct op_members *op_members_new(const char *account)
{
	struct op_members *op = mem_new(sizeof(*op));

	op->job.run = op_members_run;
	(void)memccpy(op->account, account, '\0', sizeof(op->account));
	return op;
}

void op_members_free(struct op_members *op)
{
	if (!op)
		return;
	mem_free(op->gids);
	job_fini(&op->job);
	mem_free(op);
}

static char *json_of(const struct op_members *op)
{
	struct buf b;

	buf_init(&b, 0);
	(void)buf_add_byte(&b, '[');
	for (size_t i = 0; i < op->n; i++)
		(void)buf_addf(&b, "%s%" PRId64, i ? "," : "", op->gids[i]);
	(void)buf_add_byte(&b, ']');
	return buf_steal(&b, NULL);
}

/* Nothing is written where nothing has changed: this runs with each connection. */
int op_members_run(struct db *db, struct job *j)
{
	struct op_members *op = container_of(j, struct op_members, job);
	char *gids = json_of(op);
	int r = db_run(db, db->chat, &j->why,
		"DELETE FROM ragchat_member WHERE account = ?1 AND gid NOT IN (SELECT value FROM json_each(?2))",
		db_text(op->account), db_text(gids));

	if (r == 0)
		r = db_run(db, db->chat, &j->why,
			"INSERT OR IGNORE INTO ragchat_member SELECT ?1, value FROM json_each(?2)",
			db_text(op->account), db_text(gids));
	mem_free(gids);
	return r;
}
