/* Threads read: one by REF, and pages by activity. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/keys.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

#define PAGE_MAX 1000
#define TAGGED_FEW 2000
#define LOOK_MS 30

struct op_thread_get *op_thread_get_new(void)
{
	struct op_thread_get *op = mem_new(sizeof(*op));

	op->job.run = op_thread_get_run;
	return op;
}

void op_thread_get_free(struct op_thread_get *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->terminal);
	thread_row_fini(&op->thread);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

int op_thread_get_run(struct db *db, struct job *j)
{
	struct op_thread_get *op = container_of(j, struct op_thread_get, job);
	id_str id;
	int r;

	if (op->ref)
		r = ref_thread(db, &op->account, op->ref, REF_ANY, REF_READ, id, &op->candidates, &j->why);
	else
		r = terminal_thread(db, &op->account, op->terminal, id, &j->why);
	if (r == 0 && !id[0])
		r = STORE_E_NOT_FOUND;
	if (r == 0)
		r = thread_load(db, id, &op->thread, &j->why);
	return r ? r : thread_owner(db, &op->account, &op->thread, &j->why);
}

struct op_thread_list *op_thread_list_new(void)
{
	struct op_thread_list *op = mem_new(sizeof(*op));

	op->job.run = op_thread_list_run;
	op->job.again = true;
	op->until_us = INT64_MAX;
	op->state = -1;
	return op;
}

/* It may run again from its beginning. */
static void list_reset(struct op_thread_list *op)
{
	for (size_t i = 0; i < op->n; i++)
		thread_row_fini(&op->rows[i]);
	op->rows = mem_free(op->rows);
	op->next = mem_free(op->next);
	op->n = 0;
	op->cut = false;
}

void op_thread_list_free(struct op_thread_list *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->before);
	mem_free(op->tag);
	mem_free(op->text);
	list_reset(op);
	job_fini(&op->job);
	mem_free(op);
}

/* Up to `limit` rows from a place on, appended in their order. `more` is left as it was, or set. */
static int add_rows(struct db *db, struct op_thread_list *op, const char *sql, int64_t at,
	const char *id, int64_t limit, size_t *cap)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->chat, &op->job.why, sql, db_text(op->account.id), db_int(at),
		db_text(id), db_int(limit));

	while (r == 0 && (r = db_step(stmt, &row, &op->job.why)) == 0 && row) {
		op->rows = mem_grow(op->rows, cap, op->n, sizeof(*op->rows));
		op->rows[op->n] = (struct thread_row){ 0 };
		thread_from_row(stmt, &op->rows[op->n++]);
	}
	db_release(stmt);
	return r;
}

static int by_activity(const void *a, const void *b)
{
	const struct thread_row *x = a, *y = b;

	if (x->updated_us != y->updated_us)
		return x->updated_us < y->updated_us ? 1 : -1;
	return -strcmp(x->id, y->id);
}

/* ---- kept to some ---- */

struct sieve {
	struct db *db;
	struct op_thread_list *op;
	size_t limit, cap;
	bool few_tagged; /* so few that they are the way in */
};

static int count_tagged(struct sieve *s)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r;

	if (!s->op->tag)
		return 0;
	r = db_query(&stmt, s->db, s->db->chat, &s->op->job.why,
		"SELECT count(*) FROM (SELECT 1 FROM ragchat_tag WHERE account = ?1 AND tag = ?2 LIMIT ?3)", db_text(s->op->account.id),
		db_text(s->op->tag), db_int(TAGGED_FEW + 1));
	if (r == 0)
		r = db_step(stmt, &row, &s->op->job.why);
	s->few_tagged = r == 0 && row && db_col_int(stmt, 0) <= TAGGED_FEW;
	db_release(stmt);
	return r;
}

static int is_tagged(struct sieve *s, const char *thread, bool *tagged)
{
	sqlite3_stmt *stmt;
	int r;

	*tagged = true;
	if (!s->op->tag || s->few_tagged)
		return 0;
	r = db_query(&stmt, s->db, s->db->chat, &s->op->job.why, "SELECT 1 FROM ragchat_tag WHERE account = ?1 AND tag = ?2 AND thread = ?3",
		db_text(s->op->account.id), db_text(s->op->tag), db_text(thread));
	if (r == 0)
		r = db_step(stmt, tagged, &s->op->job.why);
	db_release(stmt);
	return r;
}

static bool fits(const struct op_thread_list *op, const struct thread_row *t)
{
	if (op->text && !strcasestr(t->name, op->text))
		return false;
	if (op->state == TURN_QUEUED)
		return t->state >= 0 && !turn_state_ended((enum turn_state)t->state);
	return op->state < 0 || t->state == op->state;
}

static int sift(struct sieve *s, sqlite3_stmt *stmt, bool *full)
{
	struct op_thread_list *op = s->op;
	struct thread_row t = { .turns = 0 };
	bool tagged = false;
	int r;

	thread_from_row(stmt, &t);
	r = is_tagged(s, t.id, &tagged);
	if (r != 0 || !tagged || !fits(op, &t)) {
		thread_row_fini(&t);
		return r;
	}
	*full = op->n == s->limit;
	if (*full) {
		thread_row_fini(&t);
		return 0;
	}
	op->rows = mem_grow(op->rows, &s->cap, op->n, sizeof(*op->rows));
	op->rows[op->n++] = t;
	return 0;
}

/* What others share is left out: their tags are theirs, and they are few. */
static int list_filtered(struct db *db, struct op_thread_list *op, size_t limit, int64_t at, const char *id)
{
	struct sieve s = { .db = db, .op = op, .limit = limit };
	sqlite3_stmt *stmt = NULL;
	bool row = false, full = false;
	int64_t seen = at;
	id_str seen_id;
	int r;

	if (op->job.deadline_ms) /* however long it had to wait, it gets to look */
		db_deadline(db, max_of(op->job.deadline_ms, clock_mono_ms() + LOOK_MS));
	r = count_tagged(&s);

	(void)snprintf(seen_id, sizeof(seen_id), "%s", id);
	if (r == 0)
		r = db_query(&stmt, db, db->chat, &op->job.why,
			s.few_tagged ? SQL_THREAD "JOIN ragchat_tag g ON g.thread = t.id AND g.account = ?1 AND g.tag = ?5 "
						  "WHERE +t.account = ?1 AND (+t.updated, t.id) < (?2, ?3) AND +t.updated >= ?4 "
						  "ORDER BY +t.updated DESC, t.id DESC" /* +: by the tag, not along the activity */
				     : SQL_THREAD "WHERE t.account = ?1 AND (t.updated, t.id) < (?2, ?3) AND t.updated >= ?4 AND ?5 = ?5 "
						  "ORDER BY t.updated DESC, t.id DESC",
			db_text(op->account.id), db_int(at), db_text(id), db_int(op->since_us), db_text(op->tag ? op->tag : ""));
	while (r == 0 && !full && (r = db_step(stmt, &row, &op->job.why)) == 0 && row) {
		r = sift(&s, stmt, &full);
		if (r == 0 && !full) {
			db_col_id(stmt, 0, seen_id);
			seen = db_col_int(stmt, 2);
		}
	}
	db_release(stmt);
	op->cut = r == STORE_E_DEADLINE && !db->yielded;
	if (full || op->cut)
		op->next = cursor_make(seen, *seen_id ? seen_id : "~");
	return op->cut ? 0 : r;
}

/* ---- the whole ---- */

/*
 * One's own come from their index; what others share is little, and comes beside. A page and one row
 * of each are enough for a page of both.
 */
int op_thread_list_run(struct db *db, struct job *j)
{
	struct op_thread_list *op = container_of(j, struct op_thread_list, job);
	size_t limit = (size_t)(op->limit < 1 ? 1 : min_of(op->limit, PAGE_MAX)), cap = 0, own;
	int64_t at = INT64_MAX;
	id_str id = "";
	int r = op->before ? cursor_read(op->before, &at, id, &j->why) : 0;

	list_reset(op);
	if (op->until_us < at) { /* no id is smaller than none */
		at = op->until_us;
		id[0] = '\0';
	}
	if (r == 0 && op->filtered)
		return list_filtered(db, op, limit, at, id);
	if (r == 0)
		r = add_rows(db, op,
			SQL_THREAD "WHERE t.account = ?1 AND (t.updated, t.id) < (?2, ?3) "
				   "ORDER BY t.updated DESC, t.id DESC LIMIT ?4",
			at, id, (int64_t)limit + 1, &cap);
	own = op->n;
	if (r == 0)
		r = add_rows(db, op,
			SQL_THREAD "JOIN " SQL_SHARED "ON s.thread = t.id WHERE t.account <> ?1 AND "
				   "(t.updated, t.id) < (?2, ?3) ORDER BY t.updated DESC, t.id DESC LIMIT ?4",
			at, id, (int64_t)limit + 1, &cap);
	for (size_t i = own; r == 0 && i < op->n; i++)
		r = thread_owner(db, &op->account, &op->rows[i], &j->why);
	if (op->n > own && own)
		qsort(op->rows, op->n, sizeof(*op->rows), by_activity);
	if (r == 0 && op->n > limit)
		op->next = cursor_make(op->rows[limit - 1].updated_us, op->rows[limit - 1].id);
	while (op->n > limit)
		thread_row_fini(&op->rows[--op->n]);
	return r;
}
