/* From a uid to its account. */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/account_in.h"
#include "daemon/store/rows.h"

static const char *const roles[] = { [ROLE_USER] = "user", [ROLE_ADMIN] = "admin" };

const char *account_role_name(enum account_role role)
{
	return roles[role];
}

int account_role_parse(const char *name, enum account_role *role)
{
	for (size_t i = 0; i < array_len(roles); i++) {
		if (!strcmp(roles[i], name)) {
			*role = (enum account_role)i;
			return 0;
		}
	}
	return -EINVAL;
}

struct op_peer_account *op_peer_account_new(void)
{
	struct op_peer_account *op = mem_new(sizeof(*op));

	op->job.run = op_peer_account_run;
	return op;
}

void op_peer_account_free(struct op_peer_account *op)
{
	if (!op)
		return;
	mem_free(op->name);
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

static int find(struct db *db, struct op_peer_account *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT u.id, u.identifier, a.role FROM ragchat_account a JOIN users u ON u.id = a.id "
		"WHERE a.uid = ?1 AND a.removed IS NULL",
		db_int(op->uid));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		db_col_id(stmt, 0, op->account.id);
		op->account.name = text_column(stmt, 1);
		op->account.role = db_col_int(stmt, 2) == ROLE_ADMIN ? ROLE_ADMIN : ROLE_USER;
	}
	db_release(stmt);
	return r ? r : row ? 0 : STORE_E_NOT_FOUND;
}

static int is_taken(struct db *db, const char *name, bool *taken, char **why)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, db, db->chat, why, "SELECT 1 FROM users WHERE identifier = ?1", db_text(name));

	if (r == 0)
		r = db_step(stmt, taken, why);
	db_release(stmt);
	return r;
}

/*
 * An account that has the name already and no uid is not handed over: it may be a Chainlit user's,
 * and the same name on this machine proves nothing.
 */
static int choose_name(struct db *db, struct op_peer_account *op)
{
	bool taken = false;
	int r = is_taken(db, op->name, &taken, &op->job.why);

	if (r != 0)
		return r;
	op->account.name = taken ? mem_printf("%s-%lld", op->name, (long long)op->uid) : mem_dup(op->name);
	return 0;
}

static int make(struct db *db, struct op_peer_account *op)
{
	int64_t now = clock_wall_us();
	int r = choose_name(db, op);

	if (r == 0)
		r = account_insert(db, op->account.name, now, op->account.id, &op->job.why);
	if (r == 0)
		r = db_run(db, db->chat, &op->job.why,
			"INSERT INTO ragchat_account(id, uid, role, created) VALUES(?1, ?2, ?3, ?4)",
			db_text(op->account.id), db_int(op->uid), db_int(op->role), db_int(now));
	op->account.role = op->role;
	op->created = r == 0;
	return r;
}

int op_peer_account_run(struct db *db, struct job *j)
{
	struct op_peer_account *op = container_of(j, struct op_peer_account, job);
	int r = find(db, op);

	return r == STORE_E_NOT_FOUND && op->name ? make(db, op) : r;
}
