/* What was said before a turn, along its branch. */
#include "common/mem.h"
#include "daemon/store/rows.h"
#include "daemon/store/turns.h"

struct op_context *op_context_new(void)
{
	struct op_context *op = mem_new(sizeof(*op));

	op->job.run = op_context_run;
	return op;
}

void op_context_free(struct op_context *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	for (size_t i = 0; i < op->n; i++) {
		mem_free(op->turns[i].question);
		mem_free(op->turns[i].answer);
	}
	mem_free(op->turns);
	job_fini(&op->job);
	mem_free(op);
}

/* Oldest first is wanted, newest first is how they come. */
static void turn_round(struct op_context *op)
{
	for (size_t i = 0; i < op->n / 2; i++) {
		struct context_turn t = op->turns[i];

		op->turns[i] = op->turns[op->n - 1 - i];
		op->turns[op->n - 1 - i] = t;
	}
}

/* The answer of the turn in the row; empty when it has none. */
static int read_answer(struct db *db, const char *step, struct context_turn *t, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, "SELECT output FROM steps WHERE id = ?1", db_text(step));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		const char *text = db_col_text(stmt, 0);

		t->answer = text_copy(text, text ? db_col_bytes(stmt, 0) : 0, UINT64_MAX, &t->answer_len);
	}
	db_release(stmt);
	return r;
}

/* ?1 the newest turn, ?2 the account. A parent comes before its child: no ring can hold the walk. */
#define SQL_UP                                                                                     \
	"WITH RECURSIVE up(id, parent, seq) AS ("                                                  \
	"SELECT id, parent, seq FROM ragchat_turn WHERE id = ?1 AND account = ?2 "                 \
	"UNION ALL SELECT p.id, p.parent, p.seq FROM up JOIN ragchat_turn p ON p.id = up.parent "  \
	"AND p.account = ?2 WHERE p.seq < up.seq) "
#define SQL_BRANCH                                                                                 \
	SQL_UP "SELECT t.answer_step, t.state, COALESCE((SELECT u.output FROM steps u WHERE "      \
	"u.id = t.user_step), (SELECT r.input FROM steps r WHERE r.id = t.run_step), ''), t.id "   \
	"FROM up JOIN ragchat_turn t ON t.id = up.id WHERE t.length > 0"
#define SQL_COUNT SQL_UP "SELECT count(*) FROM up JOIN ragchat_turn t ON t.id = up.id WHERE t.length > 0"

/* `full` becomes the id of a turn that did not fit. */
static int add_turn(struct db *db, struct op_context *op, sqlite3_stmt *stmt, size_t *cap, uint64_t *left, id_str full)
{
	struct context_turn t = { .state = (enum turn_state)db_col_int(stmt, 1) };
	const char *question = db_col_text(stmt, 2);
	size_t n = db_col_bytes(stmt, 2);
	id_str step;
	int r;

	db_col_id(stmt, 0, step);
	r = read_answer(db, step, &t, &op->job.why);
	if (r != 0 || !t.answer_len) { /* emptied by an edit in Chainlit */
		mem_free(t.answer);
		return r;
	}
	if (n > *left || t.answer_len > *left - n) {
		mem_free(t.answer);
		db_col_id(stmt, 3, full);
		return 0;
	}
	*left -= n + t.answer_len;
	t.question = text_copy(question, n, UINT64_MAX, &t.question_len);
	op->turns = mem_grow(op->turns, cap, op->n, sizeof(*op->turns));
	op->turns[op->n++] = t;
	return 0;
}

/* Once one did not fit, it and the older ones are counted without their texts. */
static int count_rest(struct db *db, struct op_context *op, const char *from)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why, SQL_COUNT, db_text(from), db_text(op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row)
		op->left_out = (size_t)db_col_int(stmt, 0);
	db_release(stmt);
	return r;
}

int op_context_run(struct db *db, struct job *j)
{
	struct op_context *op = container_of(j, struct op_context, job);
	uint64_t left = op->max_bytes;
	sqlite3_stmt *stmt;
	id_str full = "";
	size_t cap = 0;
	bool row = true;
	int r;

	if (!op->parent[0])
		return 0;
	r = db_query(&stmt, db, db->chat, &j->why, SQL_BRANCH, db_text(op->parent), db_text(op->account.id));
	while (r == 0 && !full[0] && (r = db_step(stmt, &row, &j->why)) == 0 && row)
		r = add_turn(db, op, stmt, &cap, &left, full);
	db_release(stmt);
	if (r == 0 && full[0])
		r = count_rest(db, op, full);
	turn_round(op);
	return r;
}
