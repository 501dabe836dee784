/*
 * A question is accepted: which thread it belongs to is found or made, the rows are written. The
 * writer's jobs run one after the other, so that of six asks with one new name the first makes the
 * thread and the others find it.
 */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/change.h"
#include "daemon/store/events.h"
#include "daemon/store/keys.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"
#include "daemon/store/steps.h"

struct op_turn_begin *op_turn_begin_new(void)
{
	struct op_turn_begin *op = mem_new(sizeof(*op));

	op->job.run = op_turn_begin_run;
	turn_row_fini(&op->turn); /* numbers that say unknown */
	return op;
}

void op_turn_begin_free(struct op_turn_begin *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->key);
	mem_free(op->thread_ref);
	mem_free(op->terminal);
	mem_free(op->title);
	mem_free(op->tags);
	mem_free(op->text);
	mem_free(op->model);
	mem_free(op->meta);
	turn_row_fini(&op->turn);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

/* What is being written. */
struct begin {
	struct op_turn_begin *op;
	char **why;
	id_str thread, turn, parent, user_step, answer_step;
	bool has_user_step;      /* a retry of a question that is there */
	char *question;          /* of a retry */
	size_t question_len;
	int64_t us;              /* stamp of the first row */
	int64_t seq;
};

/* A question asked again: its thread, its row and what came before it. */
static int find_retried(struct db *db, struct begin *b)
{
	sqlite3_stmt *stmt;
	const char *text;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, b->why,
		"SELECT t.thread, t.parent, t.user_step, u.id IS NOT NULL, COALESCE(u.output, "
		"(SELECT r.input FROM steps r WHERE r.id = t.run_step), '') FROM ragchat_turn t "
		"JOIN threads h ON h.id = t.thread AND " SQL_ALIVE
		"LEFT JOIN steps u ON u.id = t.user_step WHERE t.id = ?1 AND t.account = ?2",
		db_text(b->op->of), db_text(b->op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, b->why);
	if (r == 0 && !row)
		r = db_fail(b->why, STORE_E_NOT_FOUND, "no such turn");
	if (r == 0) {
		db_col_id(stmt, 0, b->thread);
		db_col_id(stmt, 1, b->parent);
	}
	if (r == 0 && !b->op->edit) {
		db_col_id(stmt, 2, b->user_step);
		b->has_user_step = db_col_int(stmt, 3);
		text = db_col_text(stmt, 4);
		b->question = text_copy(text, db_col_bytes(stmt, 4), UINT64_MAX, &b->question_len);
	}
	db_release(stmt);
	return r;
}

/* Leaves b->thread empty when a new one is wanted. */
static int find_thread(struct db *db, struct begin *b)
{
	struct op_turn_begin *op = b->op;
	int r;

	if (op->of[0])
		return find_retried(db, b);
	if (op->thread_ref) {
		r = ref_thread(db, &op->account, op->thread_ref, op->create ? REF_CREATE : REF_ANY,
			REF_OWN, b->thread, &op->candidates, b->why);
		if (r == STORE_E_NOT_FOUND && op->create && !ref_is_word(op->thread_ref)) {
			b->thread[0] = '\0';
			*b->why = mem_free(*b->why);
			return 0;
		}
		return r;
	}
	return op->follow ? terminal_thread(db, &op->account, op->terminal, b->thread, b->why) : 0;
}

static int make_thread(struct db *db, struct begin *b)
{
	struct op_turn_begin *op = b->op;
	const char *from = op->thread_ref ? op->thread_ref : op->title;
	char *name = from ? name_first_line(from, strlen(from), NAME_SHOWN)
			  : name_first_line(op->text ? op->text : "", op->text_len, NAME_MADE);
	char *tags = tags_normal(op->tags);
	int r;

	uuid_v4(b->thread);
	op->new_thread = true;
	r = thread_insert(db, b->thread, &op->account, name, tags, b->us, b->why);
	if (r == 0)
		r = db_run(db, db->chat, b->why,
			"INSERT INTO ragchat_thread(id, account, created, updated, tags) "
			"VALUES(?1, ?2, ?3, ?3, ?4)",
			db_text(b->thread), db_text(op->account.id), db_int(b->us), db_text(tags));
	if (r == 0 && tags)
		r = tags_index(db, op->account.id, b->thread, tags, b->why);
	mem_free(tags);
	mem_free(name);
	return r;
}

/* Where an old thread stands: the stamp and number to go past, and the turn to follow. */
static int join_thread(struct db *db, struct begin *b)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, b->why,
		"SELECT updated, last_seq, last_turn FROM ragchat_thread WHERE id = ?1",
		db_text(b->thread));

	if (r == 0)
		r = db_step(stmt, &row, b->why);
	if (r == 0 && row) {
		b->us = max_of(b->us, db_col_int(stmt, 0) + 1);
		b->seq = db_col_int(stmt, 1);
		if (!b->op->of[0])
			db_col_id(stmt, 2, b->parent);
	}
	db_release(stmt);
	return r;
}

static int write_steps(struct db *db, struct begin *b)
{
	const struct op_turn_begin *op = b->op;
	const char *text = b->question ? b->question : op->text ? op->text : "";
	size_t n = b->question ? b->question_len : op->text_len;
	int r = 0;

	uuid_v4(b->turn);
	uuid_v4(b->answer_step);
	if (!b->has_user_step) {
		if (!b->user_step[0])
			uuid_v4(b->user_step);
		r = step_insert_user(
			db, b->user_step, b->thread, op->account.name, text, n, b->us, b->why);
	}
	if (r == 0)
		r = step_insert_run(
			db, b->turn, b->thread, b->user_step, text, n, b->us + 1, b->why);
	if (r == 0)
		r = step_insert_answer(
			db, b->answer_step, b->thread, b->turn, "", 0, b->us + 2, b->why);
	return r;
}

static struct db_value id_or_null(const char *id)
{
	return id[0] ? db_text(id) : db_null();
}

static int write_turn(struct db *db, struct begin *b)
{
	const struct op_turn_begin *op = b->op;
	int r = db_run(db, db->chat, b->why,
		"INSERT INTO ragchat_turn(id, thread, account, seq, state, parent, of, "
		"user_step, run_step, answer_step, created, model, meta) VALUES(?1, ?2, ?3, ?4, "
		"?5, ?6, ?7, ?8, ?1, ?9, ?10, ?11, ?12)",
		db_text(b->turn), db_text(b->thread), db_text(op->account.id), db_int(b->seq + 1),
		db_int(TURN_QUEUED), id_or_null(b->parent), id_or_null(op->edit ? "" : op->of),
		db_text(b->user_step), db_text(b->answer_step), db_int(b->us), db_text(op->model),
		db_text(op->meta));

	if (r != 0)
		return r;
	return db_run(db, db->chat, b->why,
		"UPDATE ragchat_thread SET updated = ?2, turns = turns + 1, last_seq = ?3, "
		"last_turn = ?4 WHERE id = ?1",
		db_text(b->thread), db_int(b->us + 2), db_int(b->seq + 1), db_text(b->turn));
}

static int remember(struct db *db, struct begin *b)
{
	const struct op_turn_begin *op = b->op;
	int64_t now = clock_wall_us();
	int r = op->key ? key_keep(db, op, b->turn, now, b->why) : 0;

	if (r == 0 && op->terminal)
		r = terminal_keep(db, &op->account, op->terminal, b->thread, now, b->why);
	return r;
}

static int tell(struct db *db, const struct begin *b)
{
	const char *account = b->op->account.id;
	int r = b->op->new_thread ? event_of_thread(db, account, "thread.created", b->thread, b->why) : 0;

	return r ? r : event_of_turn(db, account, "turn.begun", b->thread, b->turn, NULL, b->why);
}

static int begin_new(struct db *db, struct begin *b)
{
	int r = find_thread(db, b);

	if (r == 0)
		r = b->thread[0] ? join_thread(db, b) : make_thread(db, b);
	if (r == 0)
		r = write_steps(db, b);
	if (r == 0)
		r = write_turn(db, b);
	if (r == 0)
		r = tell(db, b);
	return r ? r : remember(db, b);
}

int op_turn_begin_run(struct db *db, struct job *j)
{
	struct op_turn_begin *op = container_of(j, struct op_turn_begin, job);
	const struct turn_want want = { .max_question = UINT64_MAX };
	struct begin b = { .op = op, .why = &j->why, .us = clock_wall_us() };
	int r = op->key ? key_find(db, op, b.us, b.turn, &j->why) : 0;

	op->duplicate = r == 0 && b.turn[0];
	if (r == 0 && !op->duplicate)
		r = begin_new(db, &b);
	if (r == 0)
		r = turn_load(db, b.turn, &want, &op->turn, &j->why);
	mem_free(b.question);
	return r;
}
