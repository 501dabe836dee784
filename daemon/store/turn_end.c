/*
 * A turn on its way and at its end: checkpoints, and the one transaction that makes the answer
 * final.
 */
#include <errno.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "daemon/store/change.h"
#include "daemon/store/events.h"
#include "daemon/store/rows.h"
#include "daemon/store/steps.h"

struct op_turn_append *op_turn_append_new(
	const char *turn, uint64_t off, const char *text, size_t len)
{
	struct op_turn_append *op = mem_new(sizeof(*op));

	op->job.run = op_turn_append_run;
	snprintf(op->turn, sizeof(op->turn), "%s", turn);
	op->off = off;
	op->text = mem_ndup(text ? text : "", len);
	op->len = len;
	return op;
}

void op_turn_append_free(struct op_turn_append *op)
{
	if (!op)
		return;
	mem_free(op->text);
	job_fini(&op->job);
	mem_free(op);
}

int op_turn_append_run(struct db *db, struct job *j)
{
	struct op_turn_append *op = container_of(j, struct op_turn_append, job);
	int r = 0;

	if (op->off == 0)
		r = db_run(db, db->chat, &j->why,
			"UPDATE ragchat_turn SET state = ?2 WHERE id = ?1 AND state < ?2",
			db_text(op->turn), db_int(TURN_STREAMING));
	if (r != 0 || !op->len)
		return r;
	r = db_run(db, db->chat, &j->why,
		"INSERT INTO ragchat_delta(turn, off, text) SELECT id, ?2, ?3 FROM ragchat_turn "
		"WHERE id = ?1 AND state < ?4",
		db_text(op->turn), db_int((int64_t)op->off), db_textn(op->text, op->len),
		db_int(TURN_DONE));
	if (r == 0 && sqlite3_changes(db->chat) == 0)
		r = db_fail(&j->why, STORE_E_NOT_FOUND, "no such running turn");
	return r;
}

struct op_turn_finish *op_turn_finish_new(void)
{
	struct op_turn_finish *op = mem_new(sizeof(*op));

	op->job.run = op_turn_finish_run;
	turn_row_fini(&op->turn);
	return op;
}

void op_turn_finish_free(struct op_turn_finish *op)
{
	if (!op)
		return;
	turn_row_fini(&op->turn);
	job_fini(&op->job);
	mem_free(op);
}

/* Where the answer goes; what the caller need not know. */
struct ending {
	id_str account, thread, run_step, answer_step;
	int64_t us;
};

static int find_rows(struct db *db, const char *turn, struct ending *e, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT t.thread, t.run_step, t.answer_step, h.updated, t.account FROM ragchat_turn t "
		"JOIN ragchat_thread h ON h.id = t.thread WHERE t.id = ?1",
		db_text(turn));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && !row)
		r = db_fail(why, STORE_E_NOT_FOUND, "no such turn");
	if (r == 0) {
		db_col_id(stmt, 0, e->thread);
		db_col_id(stmt, 1, e->run_step);
		db_col_id(stmt, 2, e->answer_step);
		e->us = max_of(clock_wall_us(), db_col_int(stmt, 3) + 1);
		db_col_id(stmt, 4, e->account);
	}
	db_release(stmt);
	return r;
}

static int write_turn(
	struct db *db, const struct turn_row *t, const char *sha256, int64_t us, char **why)
{
	int r = db_run(db, db->chat, why,
		"UPDATE ragchat_turn SET state = ?2, ended = ?3, length = ?4, sha256 = ?5, "
		"finish_reason = ?6, model = COALESCE(?7, model), error = ?8, error_text = ?9, "
		"found = ?10, coverage = ?11, usage = ?12, notices = ?13, meta = COALESCE(?14, "
		"meta), reasoning = ?15, marks = ?16 WHERE id = ?1",
		db_text(t->id), db_int(t->state), db_int(us), db_int((int64_t)t->text_len),
		db_text(sha256), db_text(t->finish_reason), db_text(t->model),
		t->error ? db_text(turn_error_name(t->error)) : db_null(), db_text(t->error_text),
		t->found < 0 ? db_null() : db_int(t->found),
		t->coverage < 0 ? db_null() : db_real(t->coverage), db_text(t->usage),
		db_text(t->notices), db_text(t->meta), db_text(t->reasoning),
		db_text(t->marks));

	if (r == 0)
		r = db_run(db, db->chat, why, "DELETE FROM ragchat_delta WHERE turn = ?1",
			db_text(t->id));
	return r;
}

int turn_finish(struct db *db, const struct turn_row *t, char **why)
{
	char sha256[SHA256_HEX + 1];
	struct ending e = { .us = 0 };
	struct sha256 h;
	int r = find_rows(db, t->id, &e, why);

	if (r != 0)
		return r;
	sha256_init(&h);
	sha256_add(&h, t->text ? t->text : "", t->text_len);
	sha256_end_hex(&h, sha256);
	r = step_set_output(db, e.answer_step, t->text, t->text_len, why);
	if (r == 0)
		r = step_end_run(db, e.run_step, t->state != TURN_DONE, t->error_text, e.us, why);
	if (r == 0)
		r = sources_store(db, t->id, e.thread, e.answer_step, &t->sources, why);
	if (r == 0)
		r = write_turn(db, t, sha256, e.us, why);
	if (r == 0)
		r = db_run(db, db->chat, why,
			"UPDATE ragchat_thread SET updated = ?2 WHERE id = ?1", db_text(e.thread),
			db_int(e.us));
	if (r == 0)
		r = change_add(db, e.account, e.thread, t->id, why);
	return r ? r : event_of_turn(db, e.account, "turn.ended", e.thread, t->id, turn_state_name(t->state), why);
}

int op_turn_finish_run(struct db *db, struct job *j)
{
	struct op_turn_finish *op = container_of(j, struct op_turn_finish, job);

	if (!turn_state_ended(op->turn.state))
		return db_fail(&j->why, -EINVAL, "a turn cannot end as '%s'",
			turn_state_name(op->turn.state));
	return turn_finish(db, &op->turn, &j->why);
}
