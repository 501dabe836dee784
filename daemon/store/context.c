/* What was said before a turn, along its branch. */
#include <string.h>

#include "common/mem.h"
#include "daemon/store/ref.h"
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
	mem_free(op->ref);
	candidates_fini(&op->candidates);
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
	int r = db_query(
		&stmt, db, db->chat, why, "SELECT output FROM steps WHERE id = ?1", db_text(step));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		const char *text = db_col_text(stmt, 0);

		t->answer = text_copy(
			text, text ? db_col_bytes(stmt, 0) : 0, UINT64_MAX, &t->answer_len);
	}
	db_release(stmt);
	return r;
}

/* One turn on the way up: ?1 its id, ?2 the account. */
#define SQL_ONE                                                                                    \
	"SELECT t.answer_step, t.state, COALESCE((SELECT u.output FROM steps u WHERE "             \
	"u.id = t.user_step), (SELECT r.input FROM steps r WHERE r.id = t.run_step), ''), "        \
	"t.parent, t.seq, t.length, t.found FROM ragchat_turn t WHERE t.id = ?1 AND t.account = ?2"

/* How many are left from ?1 upward. A parent comes before its child: no ring can hold the walk. */
#define COUNT_MAX "10000"
#define SQL_COUNT                                                                                  \
	"WITH RECURSIVE up(parent, seq, length) AS ("                                              \
	"SELECT parent, seq, length FROM ragchat_turn WHERE id = ?1 AND account = ?2 "             \
	"UNION ALL SELECT p.parent, p.seq, p.length FROM up JOIN ragchat_turn p "                  \
	"ON p.id = up.parent AND +p.account = ?2 WHERE p.seq < up.seq LIMIT " COUNT_MAX ") "       \
	"SELECT count(*) FROM up WHERE length > 0"

/* *fits is false when the turn is too large for what is left. */
static int add_turn(struct db *db, struct op_context *op, sqlite3_stmt *stmt, size_t *cap,
	uint64_t *left, bool *fits)
{
	struct context_turn t = { .state = (enum turn_state)db_col_int(stmt, 1),
		.found_nothing = sqlite3_column_type(stmt, 6) == SQLITE_INTEGER && db_col_int(stmt, 6) == 0 };
	const char *question = db_col_text(stmt, 2);
	size_t n = db_col_bytes(stmt, 2);
	id_str step;
	int r;

	db_col_id(stmt, 0, step);
	r = read_answer(db, step, &t, &op->job.why);
	*fits = r == 0 && n <= *left && t.answer_len <= *left - n;
	if (r != 0 || !t.answer_len || !*fits) {
		/* Emptied by an edit in Chainlit: as if it had none. */
		*fits = *fits || !t.answer_len;
		mem_free(t.answer);
		return r;
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
	int r = db_query(&stmt, db, db->chat, &op->job.why, SQL_COUNT, db_text(from),
		db_text(op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row)
		op->left_out = (size_t)db_col_int(stmt, 0);
	db_release(stmt);
	return r;
}

struct walk {
	id_str at;      /* the turn looked at; "" at the end of the branch */
	int64_t below;  /* the number of its child */
	uint64_t left;
	size_t cap;
	bool fits;
};

static int walk_one(struct db *db, struct op_context *op, struct walk *w)
{
	sqlite3_stmt *stmt;
	bool row = false;
	id_str parent = "";
	int64_t seq = 0;
	int r = db_query(&stmt, db, db->chat, &op->job.why, SQL_ONE, db_text(w->at),
		db_text(op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		seq = db_col_int(stmt, 4);
		db_col_id(stmt, 3, parent);
		if (seq < w->below && db_col_int(stmt, 5) > 0)
			r = add_turn(db, op, stmt, &w->cap, &w->left, &w->fits);
	}
	db_release(stmt);
	if (r == 0 && w->fits) {
		if (!row || seq >= w->below)
			parent[0] = '\0';
		memcpy(w->at, parent, sizeof(w->at));
		w->below = seq;
	}
	return r;
}

int op_context_run(struct db *db, struct job *j)
{
	struct op_context *op = container_of(j, struct op_context, job);
	struct walk w = { .below = INT64_MAX, .left = op->max_bytes, .fits = true };
	int r = 0;

	if (op->ref)
		r = ref_turn(db, &op->account, op->ref, REF_OWN, op->parent, NULL, &op->candidates,
			&j->why);
	memcpy(w.at, op->parent, sizeof(w.at));
	while (r == 0 && w.at[0] && w.fits)
		r = walk_one(db, op, &w);
	if (r == 0 && !w.fits)
		r = count_rest(db, op, w.at);
	turn_round(op);
	return r;
}
