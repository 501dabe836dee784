/*
 * A thread made of the beginning of another: the turns from its first to a given one along its
 * branch, copied with everything that belongs to them, so that each of the two can be gone on with,
 * changed and deleted by itself, also in a Chainlit. Nobody sees it before it is whole.
 */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/change.h"
#include "daemon/store/columns.h"
#include "daemon/store/events.h"
#include "daemon/store/history.h"
#include "daemon/store/keys.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"
#include "daemon/store/steps.h"

#define SLICE_US 4000

struct op_thread_fork *op_thread_fork_new(void)
{
	struct op_thread_fork *op = mem_new(sizeof(*op));

	op->job.run = op_thread_fork_run;
	return op;
}

void op_thread_fork_free(struct op_thread_fork *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->name);
	mem_free(op->terminal);
	mem_free(op->tags);
	mem_free(op->path);
	mem_free(op->copy_step);
	mem_free(op->copy_element);
	thread_row_fini(&op->thread);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

/* ---- from where ---- */

static int turn_numbered(struct db *db, struct op_thread_fork *op, id_str turn)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT id FROM ragchat_turn WHERE thread = (SELECT thread FROM ragchat_turn WHERE id = ?1) AND seq = ?2",
		db_text(turn), db_int(op->at));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row)
		db_col_id(stmt, 0, turn);
	db_release(stmt);
	return r || row ? r : db_fail(&op->job.why, STORE_E_NOT_FOUND, "the thread has no turn %lld", (long long)op->at);
}

static void add_columns(struct db *db, enum chat_table table, const char *const *names, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		if (columns_has(db->columns, table, names[i]))
			buf_addf(out, ", \"%s\"", names[i]);
}

/* The two statements that copy, with the columns that the file has. */
static void make_statements(struct db *db, struct op_thread_fork *op)
{
	static const char *const step[] = { "name", "type", "disableFeedback", "streaming", "waitForAnswer", "isError", "metadata",
		"tags", "input", "output", "createdAt", "start", "end", "showInput", "language", "indent", "generation", "command",
		"modes", "defaultOpen", "autoCollapse" };
	static const char *const element[] = { "type", "url", "chainlitKey", "name", "display", "objectKey", "size", "page",
		"language", "mime", "props", "autoPlay", "playerConfig" };
	struct buf names;

	buf_init(&names, 0);
	add_columns(db, TABLE_STEPS, step, array_len(step), &names);
	op->copy_step = mem_printf("INSERT INTO steps(id, \"threadId\", \"parentId\"%s) SELECT ?1, ?2, ?3%s FROM steps WHERE id = ?4",
		buf_cstr(&names), buf_cstr(&names));
	buf_reset(&names);
	add_columns(db, TABLE_ELEMENTS, element, array_len(element), &names);
	op->copy_element = mem_printf(
		"INSERT INTO elements(id, \"threadId\", \"forId\"%s) SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) "
		"|| '-4' || substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), "
		"?1, ?2%s FROM elements WHERE \"threadId\" = ?3 AND \"forId\" = ?4 ORDER BY rowid",
		buf_cstr(&names), buf_cstr(&names));
	buf_fini(&names);
}

static int make_hidden(struct db *db, struct op_thread_fork *op)
{
	int64_t us = clock_wall_us();
	int r;

	uuid_v4(op->id);
	r = thread_insert(db, op->id, &op->account, op->name, op->tags, us, &op->job.why);
	if (r == 0)
		r = db_run(db, db->chat, &op->job.why, "UPDATE threads SET \"userId\" = NULL, \"userIdentifier\" = NULL WHERE id = ?1",
			db_text(op->id));
	return r ? r
		 : db_run(db, db->chat, &op->job.why, "INSERT INTO ragchat_passing(thread, account) VALUES (?1, ?2)",
			   db_text(op->id), db_text(op->account.id));
}

static int begin(struct db *db, struct op_thread_fork *op)
{
	const struct turn_want want = { .max_question = 0 };
	struct turn_row t = { .found = -1 };
	struct thread_row thread = { .turns = 0 };
	int r = ref_turn(db, &op->account, op->ref, REF_READ, op->next, NULL, &op->candidates, &op->job.why);

	if (r == 0 && op->at)
		r = turn_numbered(db, op, op->next);
	if (r == 0)
		r = turn_load(db, op->next, &want, &t, &op->job.why);
	if (r == 0 && !turn_state_ended(t.state))
		r = db_fail(&op->job.why, STORE_E_CONFLICT, "the answer of turn %lld is still being made: fork at an earlier one",
			(long long)t.seq);
	if (r == 0)
		r = thread_load(db, t.thread, &thread, &op->job.why);
	if (r == 0) {
		memcpy(op->from, t.thread, sizeof(op->from));
		if (!op->name)
			op->name = mem_printf("%.150s (fork)", thread.name);
		op->tags = thread.tags;
		thread.tags = NULL;
		make_statements(db, op);
		r = make_hidden(db, op);
	}
	turn_row_fini(&t);
	thread_row_fini(&thread);
	return r;
}

/* ---- the branch, from its end to its beginning ---- */

static int walk(struct db *db, struct op_thread_fork *op, uint64_t until)
{
	int r = 0;

	while (r == 0 && op->next[0] && clock_mono_us() < until) {
		sqlite3_stmt *stmt;
		bool row = false;

		r = db_query(&stmt, db, db->chat, &op->job.why, "SELECT parent, seq FROM ragchat_turn WHERE id = ?1 AND thread = ?2",
			db_text(op->next), db_text(op->from));
		if (r == 0)
			r = db_step(stmt, &row, &op->job.why);
		/* A parent comes before its child: no ring can hold the walk. */
		if (r == 0 && row && (op->npath == 0 || db_col_int(stmt, 1) < op->seq)) {
			op->path = mem_grow(op->path, &op->path_cap, op->npath, sizeof(*op->path));
			memcpy(op->path[op->npath++], op->next, sizeof(op->next));
			op->seq = db_col_int(stmt, 1);
			db_col_id(stmt, 0, op->next);
		} else {
			op->next[0] = '\0';
		}
		db_release(stmt);
	}
	return r;
}

/* ---- a turn ---- */

struct copied {
	id_str user, run, answer; /* the old rows */
};

static int find_rows(struct db *db, struct op_thread_fork *op, const char *turn, struct copied *c)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why, "SELECT user_step, run_step, answer_step FROM ragchat_turn WHERE id = ?1",
		db_text(turn));

	*c = (struct copied){ .user = "" };
	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		db_col_id(stmt, 0, c->user);
		db_col_id(stmt, 1, c->run);
		db_col_id(stmt, 2, c->answer);
	}
	db_release(stmt);
	return r || row ? r : db_fail(&op->job.why, STORE_E_CONFLICT, "the thread was changed meanwhile");
}

/* *id is given to the copy; "" where there is no such row. */
static int copy_step(struct db *db, struct op_thread_fork *op, const char *old, const char *parent, id_str id)
{
	int r;

	id[0] = '\0';
	if (!old[0])
		return 0;
	uuid_v4(id);
	r = db_run(db, db->chat, &op->job.why, op->copy_step, db_text(id), db_text(op->id), parent[0] ? db_text(parent) : db_null(),
		db_text(old));
	if (r == 0 && sqlite3_changes(db->chat) == 0)
		id[0] = '\0';
	return r;
}

static struct db_value id_or_null(const char *id)
{
	return id[0] ? db_text(id) : db_null();
}

static int copy_turn(struct db *db, struct op_thread_fork *op, const char *old)
{
	struct copied c;
	id_str user, run, answer, id;
	int r = find_rows(db, op, old, &c);

	if (r == 0)
		r = copy_step(db, op, c.user, "", user);
	if (r == 0)
		r = copy_step(db, op, c.run, user, run);
	if (r == 0)
		r = copy_step(db, op, c.answer, run, answer);
	if (r == 0 && answer[0])
		r = db_run(db, db->chat, &op->job.why, op->copy_element, db_text(op->id), db_text(answer), db_text(op->from),
			db_text(c.answer));
	if (r != 0)
		return r;
	if (run[0])
		memcpy(id, run, sizeof(id));
	else
		uuid_v4(id);
	r = db_run(db, db->chat, &op->job.why,
		"INSERT INTO ragchat_turn(id, thread, account, seq, parent, user_step, run_step, answer_step, state, created, ended, length, "
		"sha256, finish_reason, model, origin, error, error_text, found, coverage, usage, notices, meta, sources, reasoning, marks) "
		"SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, state, created, ended, length, sha256, finish_reason, model, origin, error, error_text, "
		"found, coverage, usage, notices, meta, sources, reasoning, marks FROM ragchat_turn WHERE id = ?9",
		db_text(id), db_text(op->id), db_text(op->account.id), db_int(op->ncopied + 1), id_or_null(op->last), id_or_null(user),
		id_or_null(run), id_or_null(answer), db_text(old));
	memcpy(op->last, id, sizeof(op->last));
	op->ncopied++;
	return r;
}

static int show(struct db *db, struct op_thread_fork *op)
{
	char **why = &op->job.why;
	int64_t us = clock_wall_us();
	int r = db_run(db, db->chat, why, "UPDATE threads SET \"userId\" = ?2, \"userIdentifier\" = ?3 WHERE id = ?1", db_text(op->id),
		db_text(op->account.id), db_text(op->account.name));

	if (r == 0)
		r = db_run(db, db->chat, why,
			"INSERT INTO ragchat_thread(id, account, created, updated, turns, last_seq, last_turn, tags) "
			"VALUES (?1, ?2, ?3, ?3, ?4, ?4, ?5, ?6)",
			db_text(op->id), db_text(op->account.id), db_int(us), db_int(op->ncopied), db_text(op->last), db_text(op->tags));
	if (r == 0 && op->tags)
		r = tags_index(db, op->account.id, op->id, op->tags, why);
	if (r == 0)
		r = db_run(db, db->chat, why, "DELETE FROM ragchat_passing WHERE thread = ?1", db_text(op->id));
	if (r == 0 && op->terminal)
		r = terminal_keep(db, &op->account, op->terminal, op->id, us, why);
	if (r == 0) /* only now: before, the search's index would have seen turns of no thread */
		r = change_add(db, op->account.id, op->id, NULL, why);
	if (r == 0)
		r = event_of_thread(db, op->account.id, "thread.created", op->id, why);
	return r ? r : thread_load(db, op->id, &op->thread, why);
}

int op_thread_fork_run(struct db *db, struct job *j)
{
	struct op_thread_fork *op = container_of(j, struct op_thread_fork, job);
	uint64_t until = clock_mono_us() + SLICE_US;
	int r = op->id[0] ? 0 : begin(db, op);

	op->more = true;
	if (r == 0 && op->next[0])
		r = walk(db, op, until);
	while (r == 0 && !op->next[0] && op->ncopied < (int64_t)op->npath && clock_mono_us() < until)
		r = copy_turn(db, op, op->path[op->npath - 1 - (size_t)op->ncopied]);
	if (r == 0 && !op->next[0] && op->ncopied == (int64_t)op->npath) {
		r = show(db, op);
		op->more = false;
	}
	return r;
}
