/* Tokens: made, listed, revoked. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/account_in.h"
#include "daemon/store/rows.h"

int tokens_end(struct db *db, const char *account, int64_t *n, char **why)
{
	int r = db_run(db, db->chat, why, "DELETE FROM ragchat_token WHERE account = ?1", db_text(account));

	if (n)
		*n = r == 0 ? sqlite3_changes64(db->chat) : 0;
	return r;
}

struct op_token_create *op_token_create_new(void)
{
	struct op_token_create *op = mem_new(sizeof(*op));

	op->job.run = op_token_create_run;
	op->uid = -1;
	return op;
}

void op_token_create_free(struct op_token_create *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->label);
	actor_fini(&op->actor);
	job_fini(&op->job);
	mem_free(op);
}

static int forget_expired(struct db *db, int64_t now, char **why)
{
	return db_run(db, db->chat, why, "DELETE FROM ragchat_token WHERE expires <= ?1", db_int(now));
}

static int count(struct db *db, const char *account, int64_t *n, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, "SELECT count(*) FROM ragchat_token WHERE account = ?1", db_text(account));

	if (r == 0)
		r = db_step(stmt, &row, why);
	*n = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

/* Four random bytes name it among those of all accounts; a name that is taken is refused by the table. */
static int make_id(token_id id)
{
	uint8_t raw[TOKEN_ID_LEN / 2];
	int r = rand_bytes(raw, sizeof(raw));

	if (r == 0)
		hex_encode(raw, sizeof(raw), id);
	return r;
}

int op_token_create_run(struct db *db, struct job *j)
{
	struct op_token_create *op = container_of(j, struct op_token_create, job);
	const struct record record = { .kind = "token.create", .account = op->account.name, .actor = &op->actor, .detail = op->id };
	int64_t now = clock_wall_us(), n = 0;
	int r = forget_expired(db, now, &j->why);

	if (r == 0)
		r = count(db, op->account.id, &n, &j->why);
	if (r == 0 && n >= op->max)
		r = db_fail(&j->why, STORE_E_CONFLICT, "there are %lld tokens already: revoke some", (long long)n);
	if (r == 0)
		r = make_id(op->id);
	if (r == 0)
		r = db_run(db, db->chat, &j->why,
			"INSERT INTO ragchat_token(digest, id, account, uid, label, created, expires) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			db_blob(op->digest, sizeof(op->digest)), db_text(op->id), db_text(op->account.id),
			op->uid < 0 ? db_null() : db_int(op->uid), db_text(op->label), db_int(now), db_int(op->expires_us));
	return r ? r : record_add(db, &record, &j->why);
}

/* ---- listed ---- */

struct op_token_list *op_token_list_new(void)
{
	struct op_token_list *op = mem_new(sizeof(*op));

	op->job.run = op_token_list_run;
	return op;
}

void op_token_list_free(struct op_token_list *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++)
		mem_free(op->rows[i].label);
	mem_free(op->rows);
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

static void take(sqlite3_stmt *stmt, struct token_row *row)
{
	*row = (struct token_row){
		.label = text_column(stmt, 1),
		.uid = sqlite3_column_type(stmt, 2) == SQLITE_NULL ? -1 : db_col_int(stmt, 2),
		.created_us = db_col_int(stmt, 3),
		.expires_us = db_col_int(stmt, 4),
		.used_us = db_col_int(stmt, 5),
	};
	(void)snprintf(row->id, sizeof(row->id), "%s", db_col_text(stmt, 0));
}

int op_token_list_run(struct db *db, struct job *j)
{
	struct op_token_list *op = container_of(j, struct op_token_list, job);
	sqlite3_stmt *stmt;
	size_t cap = 0;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &j->why,
		"SELECT id, label, uid, created, expires, used FROM ragchat_token WHERE account = ?1 AND expires > ?2 "
		"ORDER BY created DESC",
		db_text(op->account.id), db_int(clock_wall_us()));

	while (r == 0 && (r = db_step(stmt, &row, &j->why)) == 0 && row) {
		op->rows = mem_grow(op->rows, &cap, op->n, sizeof(*op->rows));
		take(stmt, &op->rows[op->n++]);
	}
	db_release(stmt);
	return r;
}

/* ---- revoked ---- */

struct op_token_revoke *op_token_revoke_new(void)
{
	struct op_token_revoke *op = mem_new(sizeof(*op));

	op->job.run = op_token_revoke_run;
	return op;
}

void op_token_revoke_free(struct op_token_revoke *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->id);
	actor_fini(&op->actor);
	job_fini(&op->job);
	mem_free(op);
}

int op_token_revoke_run(struct db *db, struct job *j)
{
	struct op_token_revoke *op = container_of(j, struct op_token_revoke, job);
	const struct record record = { .kind = "token.revoke", .account = op->account.name, .actor = &op->actor,
		.detail = op->id ? op->id : "all" };
	int r;

	if (!op->id) {
		r = tokens_end(db, op->account.id, &op->revoked, &j->why);
	} else {
		r = db_run(db, db->chat, &j->why, "DELETE FROM ragchat_token WHERE account = ?1 AND id = ?2",
			db_text(op->account.id), db_text(op->id));
		op->revoked = r == 0 ? sqlite3_changes64(db->chat) : 0;
		if (r == 0 && !op->revoked)
			r = db_fail(&j->why, STORE_E_NOT_FOUND, "no such token");
	}
	return r ? r : record_add(db, &record, &j->why);
}
