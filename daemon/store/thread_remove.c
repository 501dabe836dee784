/*
 * A thread goes for good: first out of everybody's sight, then row by row in slices, so that no
 * answer's checkpoint waits for it, the thread's own row last. secure_delete overwrites what the rows
 * held. What a crash leaves half deleted stands in ragchat_passing.
 */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/change.h"
#include "daemon/store/columns.h"
#include "daemon/store/events.h"
#include "daemon/store/history.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"
#include "daemon/store/thread_remove.h"

#define SLICE_US 4000 /* the commit comes on top, and what else the group holds */

struct op_thread_remove *op_thread_remove_new(void)
{
	struct op_thread_remove *op = mem_new(sizeof(*op));

	op->job.run = op_thread_remove_run;
	return op;
}

void op_thread_remove_free(struct op_thread_remove *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->name);
	mem_free(op->left);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

/* ---- out of sight ---- */

int thread_hide(struct db *db, const char *account, const char *id, char **why)
{
	static const char *const steps[] = {
		"INSERT OR IGNORE INTO ragchat_passing(thread, account) VALUES (?2, ?1)",
		"UPDATE threads SET \"userId\" = NULL, \"userIdentifier\" = NULL WHERE id = ?2",
		"DELETE FROM ragchat_key WHERE account = ?1 AND EXISTS "
		"(SELECT 1 FROM ragchat_turn t WHERE t.id = ragchat_key.turn AND t.thread = ?2)",
		"DELETE FROM ragchat_terminal WHERE account = ?1 AND thread = ?2",
		"DELETE FROM ragchat_share WHERE thread = ?2",
		"DELETE FROM ragchat_tag WHERE thread = ?2",
		"DELETE FROM ragchat_thread WHERE id = ?2 AND account = ?1",
	};
	struct event_row e = { .kind = "thread.deleted" };
	int r = 0;

	(void)snprintf(e.id, sizeof(e.id), "%s", id);
	for (size_t i = 0; r == 0 && i < array_len(steps); i++)
		r = db_run(db, db->chat, why, steps[i], db_text(account), db_text(id));
	if (r == 0)
		r = event_add(db, account, &e, why);
	return r ? r : change_add(db, account, id, NULL, why);
}

/* Few turns live at any time: they are the way in. */
static int refuse_live(struct db *db, const struct op_thread_remove *op, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	id_str turn = "";
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT id FROM ragchat_turn INDEXED BY ragchat_turn_live WHERE state < 4 AND thread = ?1 LIMIT 1",
		db_text(op->id));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		db_col_id(stmt, 0, turn);
	db_release(stmt);
	return r || !row ? r
			 : db_fail(why, STORE_E_CONFLICT,
				   "an answer of '%s' is still being made: cancel it first (ragchat cancel %.8s)",
				   op->name, turn);
}

static int begin(struct db *db, struct op_thread_remove *op)
{
	char **why = &op->job.why;
	struct thread_row thread = { .turns = 0 };
	int r = ref_thread(db, &op->account, op->ref, REF_CREATE, REF_OWN, op->id, &op->candidates, why);

	if (r == 0)
		r = thread_load(db, op->id, &thread, why);
	if (r == 0) {
		op->name = thread.name;
		op->turns = thread.turns;
		thread.name = NULL;
		r = refuse_live(db, op, why);
	}
	thread_row_fini(&thread);
	if (r == 0 && !op->only_look)
		r = thread_hide(db, op->account.id, op->id, why);
	if (r != 0)
		op->id[0] = '\0';
	return r;
}

/* What there is now: what is hidden later belongs to somebody who is at work on it. */
static int list_left(struct db *db, struct op_thread_remove *op)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why, "SELECT thread FROM ragchat_passing");

	while (r == 0 && (r = db_step(stmt, &row, &op->job.why)) == 0 && row) {
		op->left = mem_grow(op->left, &op->left_cap, op->nleft, sizeof(*op->left));
		db_col_id(stmt, 0, op->left[op->nleft++]);
	}
	db_release(stmt);
	return r;
}

static int resume(struct db *db, struct op_thread_remove *op)
{
	int r = op->begun ? 0 : list_left(db, op);

	op->begun = true;
	if (r == 0 && op->nleft)
		memcpy(op->id, op->left[--op->nleft], sizeof(op->id));
	return r;
}

/* ---- the rows ---- */

/* ?1: the thread. Each takes one row, or what belongs to one. */
static const char *const rows[] = {
	"DELETE FROM elements WHERE rowid = (SELECT rowid FROM elements WHERE \"threadId\" = ?1 LIMIT 1)",
	"DELETE FROM feedbacks WHERE rowid = (SELECT f.rowid FROM steps s JOIN feedbacks f ON f.\"forId\" = s.id "
	"WHERE s.\"threadId\" = ?1 LIMIT 1)",
	"DELETE FROM steps WHERE rowid = (SELECT rowid FROM steps WHERE \"threadId\" = ?1 LIMIT 1)",
	"DELETE FROM ragchat_delta WHERE turn = (SELECT d.turn FROM ragchat_turn t JOIN ragchat_delta d ON d.turn = t.id "
	"WHERE t.thread = ?1 LIMIT 1)",
	"DELETE FROM ragchat_turn WHERE rowid = (SELECT rowid FROM ragchat_turn WHERE thread = ?1 LIMIT 1)",
};

static int drop_rest(struct db *db, const char *id, char **why)
{
	int r = columns_has(db->columns, TABLE_FEEDBACKS, "threadId")
			? db_run(db, db->chat, why, "DELETE FROM feedbacks WHERE \"threadId\" = ?1", db_text(id))
			: 0;

	if (r == 0) /* what happened to it stays known, not how it was called */
		r = db_run(db, db->chat, why,
			"UPDATE ragchat_event SET name = NULL WHERE account = (SELECT account FROM ragchat_passing "
			"WHERE thread = ?1) AND name IS NOT NULL AND (thread = ?1 OR id = ?1)",
			db_text(id));
	if (r == 0)
		r = db_run(db, db->chat, why, "DELETE FROM threads WHERE id = ?1", db_text(id));
	if (r == 0)
		r = db_run(db, db->chat, why, "DELETE FROM ragchat_passing WHERE thread = ?1", db_text(id));
	return r;
}

int thread_drop_rows(struct db *db, const char *id, bool *more, char **why)
{
	uint64_t until = clock_mono_us() + SLICE_US;
	int r = 0;

	*more = true;
	for (size_t i = 0; r == 0 && i < array_len(rows);) {
		if (clock_mono_us() >= until)
			return 0;
		r = db_run(db, db->chat, why, rows[i], db_text(id));
		i += r == 0 && sqlite3_changes(db->chat) == 0;
	}
	if (r == 0)
		r = drop_rest(db, id, why);
	*more = false;
	return r;
}

int op_thread_remove_run(struct db *db, struct job *j)
{
	struct op_thread_remove *op = container_of(j, struct op_thread_remove, job);
	int r = op->id[0] ? 0 : op->ref ? begin(db, op) : resume(db, op);

	op->more = false;
	if (r == 0 && op->id[0] && !op->only_look)
		r = thread_drop_rows(db, op->id, &op->more, &j->why);
	if (r == 0 && !op->more && op->nleft) {
		op->id[0] = '\0';
		op->more = true;
	}
	return r;
}

/* ---- the log ---- */

#define SETTLE_TRIES 40 /* with 10 ms each: longer than a search takes */

struct op_settle *op_settle_new(void)
{
	struct op_settle *op = mem_new(sizeof(*op));

	op->job.run = op_settle_run;
	return op;
}

void op_settle_free(struct op_settle *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

int op_settle_run(struct db *db, struct job *j)
{
	struct op_settle *op = container_of(j, struct op_settle, job);

	if (op->tries == 0)
		db->scrub = true;
	op->more = db->scrub && op->tries++ < SETTLE_TRIES;
	return 0;
}

/* ---- retention ---- */

struct op_expired *op_expired_new(void)
{
	struct op_expired *op = mem_new(sizeof(*op));

	op->job.run = op_expired_run;
	return op;
}

void op_expired_free(struct op_expired *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

/* Account by account, so that each look is one step into the index of pages. */
int op_expired_run(struct db *db, struct job *j)
{
	struct op_expired *op = container_of(j, struct op_expired, job);
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &j->why,
		"SELECT u.id, u.identifier, (SELECT t.id FROM ragchat_thread t WHERE t.account = u.id AND t.updated < ?1 "
		"AND NOT EXISTS (SELECT 1 FROM ragchat_turn v WHERE v.id = t.last_turn AND v.state < 4) "
		"ORDER BY t.updated, t.id LIMIT 1) AS oldest FROM users u WHERE oldest IS NOT NULL LIMIT 1",
		db_int(op->before_us));

	op->id[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, &j->why);
	if (r == 0 && row) {
		db_col_id(stmt, 0, op->account.id);
		mem_free(op->account.name);
		op->account.name = db_col_dup(stmt, 1);
		db_col_id(stmt, 2, op->id);
	}
	db_release(stmt);
	return r;
}
