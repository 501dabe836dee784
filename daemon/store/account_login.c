/* What a log-in needs to know of an account, and its password. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/account_in.h"
#include "daemon/store/rows.h"

char *secret_free(char *s)
{
	return mem_wipe(s, s ? strlen(s) : 0);
}

struct op_login *op_login_new(void)
{
	struct op_login *op = mem_new(sizeof(*op));

	op->job.run = op_login_run;
	op->uid = op->token_uid = -1;
	return op;
}

void op_login_free(struct op_login *op)
{
	if (!op)
		return;
	mem_free(op->name);
	mem_free(op->account.name);
	secret_free(op->hash);
	job_fini(&op->job);
	mem_wipe(op, sizeof(*op));
}

static int64_t number_or(sqlite3_stmt *stmt, int i, int64_t none)
{
	return sqlite3_column_type(stmt, i) == SQLITE_NULL ? none : db_col_int(stmt, i);
}

/* Columns: id, identifier, role, uid, password. */
static void take(sqlite3_stmt *stmt, struct account *out, int64_t *uid, char **hash)
{
	db_col_id(stmt, 0, out->id);
	mem_free(out->name);
	out->name = text_column(stmt, 1);
	out->role = db_col_int(stmt, 2) == ROLE_ADMIN ? ROLE_ADMIN : ROLE_USER;
	if (uid)
		*uid = number_or(stmt, 3, -1);
	if (hash)
		*hash = db_col_dup(stmt, 4);
}

#define SQL_ACCOUNT "SELECT u.id, u.identifier, COALESCE(a.role, 0), a.uid, a.password "

int account_by_name(struct db *db, const char *name, struct account *out, int64_t *uid, char **hash, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why,
		SQL_ACCOUNT "FROM users u LEFT JOIN ragchat_account a ON a.id = u.id "
			    "WHERE u.identifier = ?1 AND a.removed IS NULL",
		db_text(name));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		take(stmt, out, uid, hash);
	db_release(stmt);
	return r ? r : row ? 0 : db_fail(why, STORE_E_NOT_FOUND, "no such account");
}

static int by_token(struct db *db, struct op_login *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		SQL_ACCOUNT ", t.uid, t.expires, t.id FROM ragchat_token t JOIN users u ON u.id = t.account "
			    "LEFT JOIN ragchat_account a ON a.id = u.id "
			    "WHERE t.digest = ?1 AND t.expires > ?2 AND a.removed IS NULL",
		db_blob(op->digest, sizeof(op->digest)), db_int(clock_wall_us()));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		take(stmt, &op->account, &op->uid, NULL);
		op->token_uid = number_or(stmt, 5, -1);
		op->expires_us = db_col_int(stmt, 6);
		(void)snprintf(op->token, sizeof(op->token), "%s", db_col_text(stmt, 7));
	}
	db_release(stmt);
	return r ? r : row ? 0 : STORE_E_NOT_FOUND;
}

int op_login_run(struct db *db, struct job *j)
{
	struct op_login *op = container_of(j, struct op_login, job);

	return op->name ? account_by_name(db, op->name, &op->account, &op->uid, &op->hash, &j->why) : by_token(db, op);
}

/* ---- a password is set ---- */

struct op_password_set *op_password_set_new(void)
{
	struct op_password_set *op = mem_new(sizeof(*op));

	op->job.run = op_password_set_run;
	return op;
}

void op_password_set_free(struct op_password_set *op)
{
	if (!op)
		return;
	mem_free(op->name);
	secret_free(op->hash);
	secret_free(op->was);
	actor_fini(&op->actor);
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

int account_row_ensure(struct db *db, const char *id, enum account_role role, int64_t now_us, char **why)
{
	return db_run(db, db->chat, why,
		"INSERT INTO ragchat_account(id, role, created) VALUES(?1, ?2, ?3) ON CONFLICT(id) DO NOTHING",
		db_text(id), db_int(role), db_int(now_us));
}

/* Where the password was changed meanwhile, the new one stays. */
static int improve(struct db *db, struct op_password_set *op)
{
	return db_run(db, db->chat, &op->job.why,
		"UPDATE ragchat_account SET password = ?1 WHERE password = ?2 AND id = (SELECT id FROM users WHERE identifier = ?3)",
		db_text(op->hash), db_text(op->was), db_text(op->name));
}

static int find_or_make(struct db *db, struct op_password_set *op, int64_t now, char **old)
{
	int r = account_by_name(db, op->name, &op->account, NULL, old, &op->job.why);

	if (r != STORE_E_NOT_FOUND || !op->make)
		return r;
	op->job.why = mem_free(op->job.why);
	op->account.name = mem_dup(op->name);
	return account_insert(db, op->name, now, op->account.id, &op->job.why);
}

static int replace(struct db *db, struct op_password_set *op)
{
	const struct record record = { .kind = "password", .account = op->name, .actor = &op->actor };
	char **why = &op->job.why, *old = NULL;
	int64_t now = clock_wall_us();
	int r = find_or_make(db, op, now, &old);

	if (r == 0 && op->once && old)
		r = STORE_E_CONFLICT;
	secret_free(old);
	if (r == 0)
		r = account_row_ensure(db, op->account.id, op->role, now, why);
	if (r == 0)
		r = db_run(db, db->chat, why, "UPDATE ragchat_account SET password = ?1, password_at = ?2 WHERE id = ?3",
			db_text(op->hash), db_int(now), db_text(op->account.id));
	if (r == 0)
		r = tokens_end(db, op->account.id, &op->ended, why);
	return r ? r : record_add(db, &record, why);
}

int op_password_set_run(struct db *db, struct job *j)
{
	struct op_password_set *op = container_of(j, struct op_password_set, job);

	return op->was ? improve(db, op) : replace(db, op);
}
