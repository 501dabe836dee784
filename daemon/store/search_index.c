/*
 * The index follows the conversations: first all that was there when it was made, account by
 * account in order of time, then ragchat_change row by row. A slice is one transaction on search.db
 * that also notes how far it came, so that a crash repeats at most a slice.
 */
#define LOG_TAG "search"
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/rows.h"
#include "daemon/store/search_in.h"
#include "daemon/store/search_open.h"
#include "daemon/store/tokenizer.h"

#define SLICE_US 10000
#define FILL_US 150000 /* nobody waits for these: each commit waits for the disk */
#define TURNS_OUT 50

struct op_search_index *op_search_index_new(void)
{
	struct op_search_index *op = mem_new(sizeof(*op));

	op->job.run = op_search_index_run;
	return op;
}

void op_search_index_free(struct op_search_index *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

struct slice {
	struct db *db;
	struct op_search_index *op;
	char **why;
	uint64_t until_us;
	int64_t upto, part, created;
	id_str account, turn;
	bool filled;
};

static int load(struct slice *s)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, s->db, s->db->said, s->why, "SELECT upto, part, filled, account, created, turn FROM state");

	if (r == 0)
		r = db_step(stmt, &row, s->why);
	if (r == 0 && !row)
		r = db_fail(s->why, -EIO, "the index of the search has no state");
	if (r == 0) {
		s->upto = db_col_int(stmt, 0);
		s->part = db_col_int(stmt, 1);
		s->filled = db_col_int(stmt, 2);
		db_col_id(stmt, 3, s->account);
		s->created = db_col_int(stmt, 4);
		db_col_id(stmt, 5, s->turn);
	}
	db_release(stmt);
	return r;
}

static int save(struct slice *s)
{
	return db_run(s->db, s->db->said, s->why,
		"UPDATE state SET upto = ?1, part = ?2, filled = ?3, account = ?4, created = ?5, turn = ?6", db_int(s->upto),
		db_int(s->part), db_int(s->filled), db_text(s->account), db_int(s->created), db_text(s->turn));
}

/* ---- what was there ---- */

static int fill(struct slice *s)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = 0;

	s->until_us = clock_mono_us() + FILL_US;

	while (r == 0 && row && clock_mono_us() < s->until_us) {
		r = db_query(&stmt, s->db, s->db->chat, s->why,
			"SELECT account, created, id FROM ragchat_turn WHERE (account, created, id) > (?1, ?2, ?3) "
			"ORDER BY account, created, id LIMIT 1",
			db_text(s->account), db_int(s->created), db_text(s->turn));
		if (r == 0)
			r = db_step(stmt, &row, s->why);
		if (r == 0 && row) {
			db_col_id(stmt, 0, s->account);
			s->created = db_col_int(stmt, 1);
			db_col_id(stmt, 2, s->turn);
		}
		db_release(stmt);
		if (r == 0 && row)
			r = search_put_turn(s->db, s->turn, &s->op->rows, s->why);
	}
	s->filled = r == 0 && !row;
	return r;
}

/* ---- what changes ---- */

struct change {
	int64_t n;
	id_str account, thread, turn;
};

static int next_change(struct slice *s, struct change *c)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, s->db, s->db->chat, s->why,
		"SELECT n, account, thread, turn FROM ragchat_change WHERE n > ?1 ORDER BY n LIMIT 1", db_int(s->upto));

	*c = (struct change){ .n = 0 };
	if (r == 0)
		r = db_step(stmt, &row, s->why);
	if (r == 0 && row) {
		c->n = db_col_int(stmt, 0);
		db_col_id(stmt, 1, c->account);
		db_col_id(stmt, 2, c->thread);
		db_col_id(stmt, 3, c->turn);
	}
	db_release(stmt);
	return r;
}

/* The turn behind `seq`; "" none. */
static int next_turn(struct slice *s, const char *thread, int64_t *seq, id_str turn)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, s->db, s->db->chat, s->why,
		"SELECT id, seq FROM ragchat_turn WHERE thread = ?1 AND seq > ?2 ORDER BY seq LIMIT 1", db_text(thread), db_int(*seq));

	turn[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, s->why);
	if (r == 0 && row) {
		db_col_id(stmt, 0, turn);
		*seq = db_col_int(stmt, 1);
	}
	db_release(stmt);
	return r;
}

/* Out with all of it, then in with what there is. */
static int whole_thread(struct slice *s, const struct change *c, bool *more)
{
	int64_t seq = s->part - 1;
	id_str turn;
	int r;

	*more = true;
	if (s->part == 0) {
		r = search_take_out(s->db, c->thread, NULL, TURNS_OUT, more, &s->op->rows, s->why);
		s->part = r == 0 && !*more;
		*more = true;
		return r;
	}
	r = next_turn(s, c->thread, &seq, turn);
	*more = r == 0 && turn[0];
	if (*more)
		r = search_put_turn(s->db, turn, &s->op->rows, s->why);
	s->part = *more ? seq + 1 : 0;
	return r;
}

static int apply(struct slice *s, const struct change *c, bool *more)
{
	int r;

	if (!c->thread[0])
		return search_drop_account(s->db, c->account, more, s->why);
	if (!c->turn[0])
		return whole_thread(s, c, more);
	r = search_take_out(s->db, c->thread, c->turn, 1, more, &s->op->rows, s->why);
	*more = false;
	return r ? r : search_put_turn(s->db, c->turn, &s->op->rows, s->why);
}

static int follow(struct slice *s, bool *left)
{
	struct change c;
	bool more = false;
	int r = 0;

	*left = true;
	while (r == 0 && clock_mono_us() < s->until_us) {
		if (!more)
			r = next_change(s, &c);
		if (r == 0 && !c.n) {
			*left = false;
			return 0;
		}
		if (r == 0)
			r = apply(s, &c, &more);
		if (r == 0 && !more) {
			s->upto = c.n;
			s->part = 0;
		}
	}
	return r;
}

static int scrub(struct slice *s, bool *left)
{
	int r = 0;

	*left = true;
	while (r == 0 && *left && clock_mono_us() < s->until_us)
		r = search_scrub(s->db, left, s->why);
	return r;
}

/* Outside the transaction. */
static void settle(struct slice *s)
{
	int rc;

	(void)sqlite3_busy_timeout(s->db->said, 10);
	rc = sqlite3_wal_checkpoint_v2(s->db->said, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	(void)sqlite3_busy_timeout(s->db->said, BUSY_MS);
	s->op->settled = rc == SQLITE_OK;
}

/* Asked after every commit of an answer's checkpoint: then nothing is written, lest each wait for the disk. */
static int nothing_to_do(struct slice *s, bool *nothing)
{
	struct change c = { .n = 0 };
	int64_t dirty = 0;
	int r = load(s);

	if (r == 0 && s->filled)
		r = next_change(s, &c);
	if (r == 0 && s->filled && !c.n)
		r = db_get_int(s->db->said, "SELECT EXISTS (SELECT 1 FROM shard WHERE dirty <> 0)", 0, &dirty, s->why);
	*nothing = r == 0 && s->filled && !c.n && !dirty;
	return r;
}

int op_search_index_run(struct db *db, struct job *j)
{
	struct op_search_index *op = container_of(j, struct op_search_index, job);
	struct slice s = { .db = db, .op = op, .why = &j->why, .until_us = clock_mono_us() + SLICE_US };
	bool left = true, nothing = false;
	int r;

	op->more = op->settled = false;
	op->rows = 0;
	if (!db->said)
		return STORE_E_NOT_FOUND;
	r = nothing_to_do(&s, &nothing);
	if (r == 0 && nothing) {
		op->filled = true;
		op->upto = s.upto;
		if (op->settle)
			settle(&s);
		return 0;
	}
	if (r == 0)
		r = db_begin(db->said, s.why);
	if (r == 0 && !s.filled)
		r = fill(&s);
	if (r == 0 && s.filled)
		r = follow(&s, &left);
	if (r == 0 && s.filled && !left)
		r = scrub(&s, &left);
	if (r == 0)
		r = save(&s);
	if (r == 0)
		r = db_commit(db->said, s.why);
	else
		db_rollback(db->said);
	op->more = r == 0 && left;
	op->filled = s.filled;
	op->upto = s.upto;
	if (r == 0 && !left && op->settle)
		settle(&s);
	return r;
}

/* ---- forgetting ---- */

struct op_change_prune *op_change_prune_new(void)
{
	struct op_change_prune *op = mem_new(sizeof(*op));

	op->job.run = op_change_prune_run;
	return op;
}

void op_change_prune_free(struct op_change_prune *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

int op_change_prune_run(struct db *db, struct job *j)
{
	struct op_change_prune *op = container_of(j, struct op_change_prune, job);
	int r = db_run(db, db->chat, &j->why,
		"DELETE FROM ragchat_change WHERE n <= min(?1, (SELECT min(n) + 1000 FROM ragchat_change))", db_int(op->upto));

	op->more = r == 0 && sqlite3_changes(db->chat) >= 1000;
	return r;
}

/* ---- the tokenizer: words as in documents, but for what names a thread ---- */

static int tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n,
	int (*token)(void *, int, const char *, int, int, int))
{
	if (!(flags & FTS5_TOKENIZE_QUERY) && n > 1 && text[0] == '\x01')
		return token(ctx, 0, text + 1, n - 1, 1, n);
	return tokenizer_run_said(t, ctx, flags, text, n, token);
}

int search_register(sqlite3 *said)
{
	return tokenizer_register_as(said, "ragchat_said", tokenize);
}
