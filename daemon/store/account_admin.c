/* Accounts as an admin sees them. Of what they own only how much there is, never what. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/account_in.h"
#include "daemon/store/rows.h"

/* ---- list ---- */

struct op_account_list *op_account_list_new(void)
{
	struct op_account_list *op = mem_new(sizeof(*op));

	op->job.run = op_account_list_run;
	return op;
}

void op_account_list_free(struct op_account_list *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++)
		mem_free(op->rows[i].name);
	mem_free(op->rows);
	mem_free(op->after);
	job_fini(&op->job);
	mem_free(op);
}

static void take(sqlite3_stmt *stmt, struct account_row *row)
{
	*row = (struct account_row){
		.name = text_column(stmt, 1),
		.role = db_col_int(stmt, 2) == ROLE_ADMIN ? ROLE_ADMIN : ROLE_USER,
		.uid = db_col_int(stmt, 3),
		.password = db_col_int(stmt, 4) != 0,
		.created_us = db_col_int(stmt, 5),
		.seen_us = db_col_int(stmt, 6),
		.threads = db_col_int(stmt, 7),
		.tokens = db_col_int(stmt, 8),
	};
	db_col_id(stmt, 0, row->id);
}

int op_account_list_run(struct db *db, struct job *j)
{
	struct op_account_list *op = container_of(j, struct op_account_list, job);
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &j->why,
		"SELECT u.id, u.identifier, COALESCE(a.role, 0), COALESCE(a.uid, -1), a.password IS NOT NULL, COALESCE(a.created, 0), "
		"COALESCE(a.seen, 0), (SELECT count(*) FROM ragchat_thread t WHERE t.account = u.id), "
		"(SELECT count(*) FROM ragchat_token k WHERE k.account = u.id AND k.expires > ?3) "
		"FROM users u LEFT JOIN ragchat_account a ON a.id = u.id WHERE u.identifier > ?1 AND a.removed IS NULL "
		"ORDER BY u.identifier LIMIT ?2",
		db_text(op->after ? op->after : ""), db_int(op->limit + 1), db_int(clock_wall_us()));

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

/* ---- change ---- */

struct op_account_change *op_account_change_new(void)
{
	struct op_account_change *op = mem_new(sizeof(*op));

	op->job.run = op_account_change_run;
	op->uid = -1;
	return op;
}

void op_account_change_free(struct op_account_change *op)
{
	if (!op)
		return;
	mem_free(op->name);
	secret_free(op->hash);
	actor_fini(&op->actor);
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

static int uid_owner(struct db *db, struct op_account_change *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT u.identifier FROM ragchat_account a JOIN users u ON u.id = a.id WHERE a.uid = ?1", db_int(op->uid));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row)
		r = db_fail(&op->job.why, STORE_E_CONFLICT, "uid %lld has an account already: '%s'", (long long)op->uid,
			db_col_text(stmt, 0));
	db_release(stmt);
	return r;
}

static int add(struct db *db, struct op_account_change *op)
{
	char **why = &op->job.why;
	int64_t now = clock_wall_us();
	int r = account_by_name(db, op->name, &op->account, NULL, NULL, why);

	if (r == 0)
		return db_fail(why, STORE_E_CONFLICT, "there is an account '%s' already", op->name);
	if (r != STORE_E_NOT_FOUND)
		return r;
	op->job.why = mem_free(op->job.why);
	r = op->uid >= 0 ? uid_owner(db, op) : 0;
	op->account.name = mem_dup(op->name);
	op->account.role = op->role;
	if (r == 0)
		r = account_insert(db, op->name, now, op->account.id, why);
	return r ? r
		 : db_run(db, db->chat, why,
			   "INSERT INTO ragchat_account(id, uid, role, password, password_at, created) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
			   db_text(op->account.id), op->uid < 0 ? db_null() : db_int(op->uid), db_int(op->role), db_text(op->hash),
			   op->hash ? db_int(now) : db_null(), db_int(now));
}

static int set_role(struct db *db, struct op_account_change *op)
{
	int r = account_row_ensure(db, op->account.id, op->role, clock_wall_us(), &op->job.why);

	op->account.role = op->role;
	return r ? r
		 : db_run(db, db->chat, &op->job.why, "UPDATE ragchat_account SET role = ?1 WHERE id = ?2", db_int(op->role),
			   db_text(op->account.id));
}

/* Out at once; the name is free again. */
static int take_out(struct db *db, struct op_account_change *op)
{
	char **why = &op->job.why, *gone = mem_printf("removed %s", op->account.id);
	int64_t now = clock_wall_us();
	int r = account_row_ensure(db, op->account.id, ROLE_USER, now, why);

	if (r == 0)
		r = db_run(db, db->chat, why, "UPDATE users SET identifier = ?1 WHERE id = ?2", db_text(gone), db_text(op->account.id));
	if (r == 0)
		r = db_run(db, db->chat, why, "UPDATE ragchat_account SET removed = ?1, uid = NULL, role = 0, password = NULL WHERE id = ?2",
			db_int(now), db_text(op->account.id));
	if (r == 0)
		r = tokens_end(db, op->account.id, NULL, why);
	mem_free(gone);
	return r;
}

int op_account_change_run(struct db *db, struct job *j)
{
	static const char *const kinds[] = { "account.add", "account.role", "account.remove" };
	struct op_account_change *op = container_of(j, struct op_account_change, job);
	const struct record record = { .kind = kinds[op->change], .account = op->name, .actor = &op->actor,
		.detail = op->change == ACCOUNT_REMOVE ? NULL : account_role_name(op->role) };
	int r = op->change == ACCOUNT_ADD ? add(db, op) : account_by_name(db, op->name, &op->account, NULL, NULL, &j->why);

	if (r == 0 && op->change == ACCOUNT_ROLE)
		r = set_role(db, op);
	if (r == 0 && op->change == ACCOUNT_REMOVE)
		r = take_out(db, op);
	return r ? r : record_add(db, &record, &j->why);
}

/* ---- what the removed leave behind ---- */

struct op_account_purge *op_account_purge_new(void)
{
	struct op_account_purge *op = mem_new(sizeof(*op));

	op->job.run = op_account_purge_run;
	return op;
}

void op_account_purge_free(struct op_account_purge *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

static int find_removed(struct db *db, struct op_account_purge *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why, "SELECT id FROM ragchat_account WHERE removed IS NOT NULL LIMIT 1");

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row)
		db_col_id(stmt, 0, op->account);
	db_release(stmt);
	return r;
}

/* Small first, the account itself last: what stands behind it is found by it. ?1 is its id. */
static const char *const slices[] = {
	"DELETE FROM steps WHERE id IN (SELECT s.id FROM threads h JOIN steps s ON s.\"threadId\" = h.id WHERE h.\"userId\" = ?1 LIMIT 200)",
	"DELETE FROM elements WHERE id IN (SELECT e.id FROM threads h JOIN elements e ON e.\"threadId\" = h.id WHERE h.\"userId\" = ?1 LIMIT 200)",
	"DELETE FROM feedbacks WHERE id IN (SELECT f.id FROM threads h JOIN feedbacks f ON f.\"threadId\" = h.id WHERE h.\"userId\" = ?1 LIMIT 200)",
	"DELETE FROM ragchat_delta WHERE id IN (SELECT d.id FROM ragchat_turn t JOIN ragchat_delta d ON d.turn = t.id WHERE t.account = ?1 LIMIT 200)",
	"DELETE FROM ragchat_share WHERE id IN (SELECT s.id FROM ragchat_thread t JOIN ragchat_share s ON s.thread = t.id WHERE t.account = ?1 LIMIT 200)",
	"DELETE FROM ragchat_share WHERE account = ?1",
	"DELETE FROM ragchat_member WHERE account = ?1",
	"DELETE FROM ragchat_upload WHERE account = ?1",
	"DELETE FROM ragchat_event WHERE account = ?1 AND n < (SELECT min(n) + 200 FROM ragchat_event WHERE account = ?1)",
	"DELETE FROM ragchat_event_mark WHERE account = ?1",
	"DELETE FROM ragchat_turn WHERE id IN (SELECT id FROM ragchat_turn WHERE account = ?1 LIMIT 200)",
	"DELETE FROM ragchat_thread WHERE id IN (SELECT id FROM ragchat_thread WHERE account = ?1 LIMIT 200)",
	"DELETE FROM threads WHERE id IN (SELECT id FROM threads WHERE \"userId\" = ?1 LIMIT 200)",
	"DELETE FROM ragchat_tag WHERE account = ?1",
	"INSERT INTO ragchat_change(account, thread) SELECT id, '' FROM users WHERE id = ?1 AND NOT EXISTS "
	"(SELECT 1 FROM ragchat_change WHERE account = ?1 AND thread = '')",
	"DELETE FROM ragchat_key WHERE account = ?1",
	"DELETE FROM ragchat_terminal WHERE account = ?1",
	"DELETE FROM users WHERE id = ?1",
	"DELETE FROM ragchat_account WHERE id = ?1",
};

int op_account_purge_run(struct db *db, struct job *j)
{
	struct op_account_purge *op = container_of(j, struct op_account_purge, job);
	int64_t deleted = 0;
	int r = find_removed(db, op);

	for (size_t i = 0; r == 0 && !op->look && op->account[0] && deleted == 0 && i < array_len(slices); i++) {
		r = db_run(db, db->chat, &j->why, slices[i], db_text(op->account));
		deleted = r == 0 ? sqlite3_changes64(db->chat) : 0;
	}
	op->more = op->account[0] != '\0';
	return r;
}
