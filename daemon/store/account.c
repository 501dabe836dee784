/* Accounts, and the counts for status. */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/account_in.h"
#include "daemon/store/columns.h"
#include "daemon/store/library_in.h"
#include "daemon/store/rows.h"
#include "daemon/store/turns.h"

struct op_account *op_account_new(void)
{
	struct op_account *op = mem_new(sizeof(*op));

	op->job.run = op_account_run;
	return op;
}

void op_account_free(struct op_account *op)
{
	if (!op)
		return;
	mem_free(op->name);
	mem_free(op->fallback);
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

/* Takes the first row as the account. STORE_E_NOT_FOUND when there is none. */
static int take(sqlite3_stmt *stmt, int r, struct op_account *op)
{
	char **why = &op->job.why;
	bool row = false;

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && !row) {
		r = STORE_E_NOT_FOUND;
	} else if (r == 0) {
		mem_free(op->account.name);
		op->account.name = text_column(stmt, 1);
		db_col_id(stmt, 0, op->account.id);
		if (!op->account.id[0])
			r = db_fail(why, STORE_E_NOT_OURS,
				"the account '%s' has an id that is none of Chainlit's",
				op->account.name ? op->account.name : "");
	}
	db_release(stmt);
	return r;
}

static int find_named(struct db *db, struct op_account *op, const char *name)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT id, identifier FROM users WHERE identifier = ?1", db_text(name));

	return take(stmt, r, op);
}

static int find_only(struct db *db, struct op_account *op)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT id, identifier FROM users WHERE (SELECT count(*) FROM (SELECT 1 FROM "
		"users LIMIT 2)) = 1");

	return take(stmt, r, op);
}

int account_insert(struct db *db, const char *name, int64_t now_us, id_str id, char **why)
{
	char stamp[CLOCK_ISO_LEN + 1];

	uuid_v4(id);
	clock_iso(now_us, stamp);
	const struct cell cells[] = {
		{ "id", db_text(id) },
		{ "identifier", db_text(name) },
		{ "createdAt", db_text(stamp) },
		{ "metadata", db_text("{}") },
	};
	return db_insert(db, TABLE_USERS, cells, array_len(cells), why);
}

static int make(struct db *db, struct op_account *op, const char *name)
{
	mem_free(op->account.name);
	op->account.name = mem_dup(name);
	op->created = true;
	return account_insert(db, name, clock_wall_us(), op->account.id, &op->job.why);
}

int op_account_run(struct db *db, struct job *j)
{
	struct op_account *op = container_of(j, struct op_account, job);
	const char *name = op->name ? op->name : op->fallback;
	int r;

	if (!name || !*name)
		return db_fail(&j->why, -EINVAL, "an account needs a name");
	r = op->name ? STORE_E_NOT_FOUND : find_only(db, op);
	if (r == STORE_E_NOT_FOUND)
		r = find_named(db, op, name);
	return r == STORE_E_NOT_FOUND ? make(db, op, name) : r;
}

struct op_stats *op_stats_new(void)
{
	struct op_stats *op = mem_new(sizeof(*op));

	op->job.run = op_stats_run;
	return op;
}

void op_stats_free(struct op_stats *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->journal_mode);
	job_fini(&op->job);
	mem_free(op);
}

static int count_threads(struct db *db, struct op_stats *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT count(*), COALESCE(sum(turns), 0) FROM ragchat_thread WHERE account = ?1",
		db_text(op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		op->threads = db_col_int(stmt, 0);
		op->turns = db_col_int(stmt, 1);
	}
	db_release(stmt);
	return r;
}

/* The library keeps these counts with its collections. */
static int count_documents(struct db *db, struct op_stats *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, &op->job.why,
		"SELECT COALESCE(sum(documents), 0), COALESCE(sum(passages), 0), "
		"COALESCE(sum(passages) FILTER (WHERE recipe <> ?2), 0) + "
		"(SELECT COALESCE(sum(d.passages), 0) FROM document d JOIN collection o ON o.id = d.collection WHERE "
		"d.renew <> 0 AND o.account = ?1 AND o.recipe = ?2), "
		"COALESCE(sum(passages * (cursor & ?3) / max(next, 1)) FILTER (WHERE recipe <> ?2), 0), "
		"COALESCE(max(recipe = ?4 AND passages > 0), 0) FROM collection WHERE account = ?1",
		db_text(op->account.id), db_int(words_fingerprint()),
		db_int(((int64_t)1 << PASSAGE_BITS) - 1), db_int(RECIPE_DAMAGED));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		op->documents = db_col_int(stmt, 0);
		op->passages = db_col_int(stmt, 1);
		op->stale = db_col_int(stmt, 2);
		op->rebuilt = db_col_int(stmt, 3);
		op->damaged = db_col_int(stmt, 4);
	}
	db_release(stmt);
	return r;
}

static int file_figures(struct db *db, struct op_stats *op)
{
	char **why = &op->job.why;
	int64_t pages = 0, size = 0, version = 0;
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_get_int(db->chat, "PRAGMA page_count", 0, &pages, why);

	if (r == 0)
		r = db_get_int(db->chat, "PRAGMA page_size", 0, &size, why);
	if (r == 0)
		r = db_get_int(db->chat, "PRAGMA user_version", 0, &version, why);
	if (r != 0)
		return r;
	op->bytes = pages * size;
	op->schema = (int)version;
	r = db_query(&stmt, db, db->chat, why, "PRAGMA journal_mode");
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		op->journal_mode = db_col_dup(stmt, 0);
	db_release(stmt);
	return r;
}

int op_stats_run(struct db *db, struct job *j)
{
	struct op_stats *op = container_of(j, struct op_stats, job);
	int r = count_threads(db, op);

	if (r == 0)
		r = file_figures(db, op);
	if (r == 0 && db->lib)
		r = count_documents(db, op);
	return r;
}
