/*
 * Threads kept to some. Two ways lead to them: along the activity from the newest, which is short where
 * many fit, and by what narrows them down, where few do: a rare state, a tag, the index of names. Neither
 * is known before: so it walks a little, then gathers if they turn out to be few, then walks on.
 */
#include "daemon/store/thread_filter.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/store/rows.h"

#define WALK_FIRST 2000 /* threads looked at before anything is gathered */
#define GATHER_MOST 4000

enum { STAGE_START, STAGE_STATE, STAGE_TAG, STAGE_WALK_FIRST, STAGE_NAME, STAGE_WALK, STAGE_END };

struct filter {
	struct db *db;
	struct op_thread_list *op;
	size_t limit;
	int64_t at;       /* of the page: what lies before (at, id) */
	const char *id;
};

/* ---- whether one fits ---- */

static int is_tagged(struct filter *f, const char *thread, bool *tagged)
{
	*tagged = true;
	return f->op->tag ? tags_have(f->db, f->op->account.id, f->op->tag, thread, tagged, &f->op->job.why) : 0;
}

/* Of its name alone: most are passed over without the rest being read. */
static int is_named(struct filter *f, const char *thread, bool *named)
{
	sqlite3_stmt *stmt;
	bool row = false;
	const char *text;
	char *name;
	int r;

	*named = true;
	if (!f->op->text)
		return 0;
	r = db_query(&stmt, f->db, f->db->chat, &f->op->job.why, "SELECT name FROM threads WHERE id = ?1", db_text(thread));
	if (r == 0)
		r = db_step(stmt, &row, &f->op->job.why);
	text = r == 0 && row ? db_col_text(stmt, 0) : NULL;
	name = name_first_line(text ? text : "", text ? db_col_bytes(stmt, 0) : 0, NAME_SHOWN);
	*named = row && strcasestr(name, f->op->text);
	mem_free(name);
	db_release(stmt);
	return r;
}

static bool fits(const struct filter *f, const struct thread_row *t)
{
	const struct op_thread_list *op = f->op;

	if (t->updated_us < op->since_us || t->updated_us > f->at || (t->updated_us == f->at && strcmp(t->id, f->id) >= 0))
		return false;
	if (op->text && !strcasestr(t->name, op->text))
		return false;
	if (op->state == TURN_QUEUED)
		return t->state >= 0 && !turn_state_ended((enum turn_state)t->state);
	return op->state < 0 || t->state == op->state;
}

static int load(struct filter *f, const char *id, struct thread_row *t, bool *found)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, f->db, f->db->chat, &f->op->job.why, SQL_THREAD "WHERE t.id = ?1 AND t.account = ?2", db_text(id),
		db_text(f->op->account.id));

	if (r == 0)
		r = db_step(stmt, found, &f->op->job.why);
	if (r == 0 && *found)
		thread_from_row(stmt, t);
	db_release(stmt);
	return r;
}

/* It is appended if it fits. */
static int consider(struct filter *f, const char *id)
{
	struct op_thread_list *op = f->op;
	struct thread_row t = { .turns = 0 };
	bool fine = false;
	int r = is_tagged(f, id, &fine);

	op->job.moved |= r == 0;
	if (r == 0 && fine)
		r = is_named(f, id, &fine);
	if (r == 0 && fine)
		r = load(f, id, &t, &fine);
	if (r == 0 && fine && fits(f, &t)) {
		op->rows = mem_grow(op->rows, &op->at.cap, op->n, sizeof(*op->rows));
		op->rows[op->n++] = t;
		return 0;
	}
	thread_row_fini(&t);
	return r;
}

/* ---- along the activity ---- */

/* Up to `most` threads; *done: the page is full, or there are no more. */
static int walk(struct filter *f, size_t most, bool *done)
{
	struct op_thread_list *op = f->op;
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	id_str id;
	int r = db_query(&stmt, f->db, f->db->chat, &op->job.why,
		"SELECT id, updated FROM ragchat_thread WHERE account = ?1 AND (updated, id) < (?2, ?3) AND updated >= ?4 "
		"ORDER BY updated DESC, id DESC",
		db_text(op->account.id), db_int(op->at.seen), db_text(op->at.seen_id), db_int(op->since_us));

	while (r == 0 && op->n <= f->limit && op->at.walked < most && (r = db_step(stmt, &row, &op->job.why)) == 0 && row) {
		db_col_id(stmt, 0, id);
		r = db_go_on(f->db) ? consider(f, id) : STORE_E_DEADLINE;
		if (r != 0)
			break;
		op->at.seen = db_col_int(stmt, 1);
		memcpy(op->at.seen_id, id, sizeof(op->at.seen_id));
		op->at.walked++;
	}
	db_release(stmt);
	*done = r == 0 && (op->n > f->limit || !row);
	return r;
}

/* ---- by what narrows them down ---- */

static const char *const gathering[] = {
	/* Their newest answer is in that state; the index is of those that are rare. ?2: the state, ?3: behind that thread */
	[STAGE_STATE] = "SELECT DISTINCT v.thread FROM ragchat_turn v INDEXED BY ragchat_turn_odd WHERE v.account = ?1 AND v.state = ?2 "
			"AND v.state > 4 AND v.thread > ?3 AND v.id = (SELECT t.last_turn FROM ragchat_thread t WHERE t.id = v.thread) "
			"ORDER BY v.thread",
	[STAGE_TAG] = "SELECT thread FROM ragchat_tag WHERE account = ?1 AND tag = ?2 AND thread > ?3 ORDER BY thread",
	[STAGE_NAME] = "SELECT h.id, " SQL_NAME " AS shown FROM threads h INDEXED BY ragchat_threads_name "
		       "WHERE h.\"userId\" = ?1 AND " SQL_NAME " >= ?3 AND ragchat_within(" SQL_NAME ", ?2) ORDER BY shown",
};

static struct db_value narrowed_to(const struct op_thread_list *op, int stage)
{
	return stage == STAGE_STATE ? db_int(op->state) : db_text(stage == STAGE_TAG ? op->tag : op->text);
}

static void drop_rows(struct op_thread_list *op, size_t from)
{
	while (op->n > from)
		thread_row_fini(&op->rows[--op->n]);
}

/* One name may be that of several threads: then it is gone through again from its first. */
static bool is_there(const struct op_thread_list *op, const char *id)
{
	for (size_t i = op->n; i-- > op->at.kept;)
		if (!strcmp(op->rows[i].id, id))
			return true;
	return false;
}

/* *many: they are more than it pays to gather. */
static int gather(struct filter *f, int stage, bool *many)
{
	struct op_thread_list *op = f->op;
	sqlite3_stmt *stmt = NULL;
	bool row = false, begins = op->at.key != NULL;
	id_str id;
	int r = db_query(&stmt, f->db, f->db->chat, &op->job.why, gathering[stage], db_text(op->account.id), narrowed_to(op, stage),
		db_text(op->at.key ? op->at.key : ""));

	*many = false;
	while (r == 0 && !*many && (r = db_step(stmt, &row, &op->job.why)) == 0 && row) {
		const char *name = stage == STAGE_NAME ? db_col_text(stmt, 1) : NULL;

		db_col_id(stmt, 0, id);
		if (begins && stage == STAGE_NAME && is_there(op, id))
			continue;
		if (!db_go_on(f->db)) {
			r = STORE_E_DEADLINE;
			break;
		}
		r = consider(f, id);
		if (r != 0)
			break;
		begins = begins && name && !strcmp(name, op->at.key);
		mem_free(op->at.key);
		op->at.key = mem_dup(name ? name : id);
		*many = ++op->at.gathered > GATHER_MOST;
	}
	db_release(stmt);
	return r;
}

/* The page of what was gathered whole. */
static void cut_page(struct filter *f)
{
	struct op_thread_list *op = f->op;

	if (op->n > 1)
		qsort(op->rows, op->n, sizeof(*op->rows), thread_by_activity);
	if (op->n > f->limit)
		op->next = cursor_make(op->rows[f->limit - 1].updated_us, op->rows[f->limit - 1].id);
	drop_rows(op, min_of(op->n, f->limit));
}

/* ---- the whole ---- */

/* Fewer than would be too many? Counted within the index. */
static int are_few(struct filter *f, const char *sql, struct db_value which, bool *few)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, f->db, f->db->chat, &f->op->job.why, sql, db_text(f->op->account.id), which, db_int(GATHER_MOST));

	if (r == 0)
		r = db_step(stmt, &row, &f->op->job.why);
	*few = r == 0 && row && db_col_int(stmt, 0) < GATHER_MOST;
	db_release(stmt);
	return r;
}

static int pays(struct filter *f, int stage, bool *does)
{
	const struct op_thread_list *op = f->op;

	*does = true;
	switch (stage) {
	case STAGE_STATE:
		*does = op->state > TURN_DONE;
		return *does ? are_few(f,
				       "SELECT count(*) FROM (SELECT 1 FROM ragchat_turn INDEXED BY ragchat_turn_odd "
				       "WHERE account = ?1 AND state = ?2 AND state > 4 LIMIT ?3)",
				       db_int(op->state), does)
			     : 0;
	case STAGE_TAG:
		*does = op->tag != NULL;
		return *does ? are_few(f, "SELECT count(*) FROM (SELECT 1 FROM ragchat_tag WHERE account = ?1 AND tag = ?2 LIMIT ?3)",
				       db_text(op->tag), does)
			     : 0;
	case STAGE_NAME:
		*does = op->text && !strcasestr(NAME_NONE, op->text); /* of no name there is nothing in the index */
	}
	return 0;
}

static int next_stage(struct filter *f)
{
	struct op_thread_list *op = f->op;
	int stage = op->at.stage, r;
	bool does = false;

	op->at.gathered = 0;
	do
		r = pays(f, ++stage, &does);
	while (r == 0 && !does);
	if (r == 0) /* broken off, it asks again */
		op->at.stage = stage;
	return r;
}

/* What was found along the activity stays when gathering comes to nothing: so it is put aside. */
static int by_name(struct filter *f, bool *many)
{
	struct op_thread_list *op = f->op;
	int r;

	if (!op->at.aside) {
		op->at.kept = op->n;
		op->at.aside = true;
	}
	r = gather(f, STAGE_NAME, many);
	if (r == 0 && *many)
		drop_rows(op, op->at.kept);
	if (r == 0 && !*many) { /* all of them: what was there before is among them */
		for (size_t i = 0; i < op->at.kept; i++)
			thread_row_fini(&op->rows[i]);
		if (op->n) /* else there may be no rows at all */
			memmove(op->rows, op->rows + op->at.kept, (op->n - op->at.kept) * sizeof(*op->rows));
		op->n -= op->at.kept;
	}
	return r;
}

static int run_stage(struct filter *f, bool *done)
{
	struct op_thread_list *op = f->op;
	bool many = false;
	int r;

	*done = false;
	switch (op->at.stage) {
	case STAGE_WALK_FIRST:
		return walk(f, WALK_FIRST, done);
	case STAGE_WALK:
		return walk(f, SIZE_MAX, done);
	case STAGE_NAME:
		r = by_name(f, &many);
		break;
	default:
		r = gather(f, op->at.stage, &many);
	}
	if (r == 0 && !many) {
		cut_page(f);
		*done = true;
		op->at.stage = STAGE_END;
	}
	return r;
}

/* Of what was walked along: one row more than the page says that there are more. */
static void end_walk(struct filter *f)
{
	struct op_thread_list *op = f->op;

	if (op->n > f->limit) {
		cut_page(f);
	} else if (op->cut) { /* what was gathered in part has no order yet */
		if (op->at.stage < STAGE_WALK_FIRST || op->at.stage == STAGE_NAME)
			drop_rows(op, op->at.kept);
		op->next = cursor_make(op->at.seen, *op->at.seen_id ? op->at.seen_id : "~");
	}
}

int threads_filtered(struct db *db, struct op_thread_list *op, size_t limit, int64_t at, const char *id)
{
	struct filter f = { .db = db, .op = op, .limit = limit, .at = at, .id = id };
	bool done = false;
	int r = 0;

	if (op->at.stage == STAGE_START) {
		op->at.seen = at;
		(void)snprintf(op->at.seen_id, sizeof(op->at.seen_id), "%s", id);
		db_look(db, &op->job);
		r = next_stage(&f);
	}
	while (r == 0 && !done) {
		r = run_stage(&f, &done);
		if (r == 0 && !done)
			r = next_stage(&f);
	}
	op->cut = r == STORE_E_DEADLINE && !db->yielded;
	if (op->at.stage != STAGE_END && (r == 0 || op->cut))
		end_walk(&f);
	return op->cut ? 0 : r;
}
