/* Turns into the index and out of it. Within a transaction on db->said; db->chat is only read. */
#include <errno.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/store/rows.h"
#include "daemon/store/search_in.h"

/* ---- numbers ---- */

/* The number of an id in `table`, given one where it has none and `make` says so; 0: none. */
static int number_of(struct db *db, const char *table, const char *id, bool make, int64_t *no, char **why)
{
	char *sql = mem_printf("SELECT no FROM %s WHERE id = ?1", table);
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->said, why, sql, db_text(id));

	if (r == 0)
		r = db_step(stmt, &row, why);
	*no = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	mem_free(sql);
	if (r != 0 || *no || !make)
		return r;
	sql = mem_printf("INSERT INTO %s(id) VALUES (?1)", table);
	r = db_run(db, db->said, why, sql, db_text(id));
	*no = sqlite3_last_insert_rowid(db->said);
	mem_free(sql);
	return r;
}

/* One number from a statement on search.db; `none` without a row. */
static int get(struct db *db, int64_t *out, int64_t none, char **why, const char *sql, struct db_value a, struct db_value b)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->said, why, sql, a, b);

	if (r == 0)
		r = db_step(stmt, &row, why);
	*out = r == 0 && row && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? db_col_int(stmt, 0) : none;
	db_release(stmt);
	return r;
}

/* A base that no turn of the account has: many may have come with one stamp, as from an import. */
static int free_base(struct db *db, int64_t account, int64_t us, int64_t *base, char **why)
{
	int64_t taken = 0, most = us;
	int r = 0;

	for (*base = us; r == 0; *base = max_of(*base + 1, most + 1)) {
		r = get(db, &taken, 0, why, "SELECT 1 FROM turn WHERE account = ?1 AND base = ?2", db_int(account), db_int(*base));
		if (r != 0 || !taken)
			return r;
		if (*base > us) /* the next one is taken, too: behind all of this second */
			r = get(db, &most, *base, why, "SELECT max(base) FROM turn WHERE account = ?1 AND base BETWEEN ?2 AND ?2 + 999999",
				db_int(account), db_int(*base));
	}
	return r;
}

/* ---- shards ---- */

static int make_shard(struct db *db, int64_t account, int64_t first, int64_t *shard, char **why)
{
	char table[SAID_TABLE], sql[192];
	int r = db_run(db, db->said, why, "INSERT INTO shard(account, first) VALUES (?1, ?2)", db_int(account), db_int(first));

	*shard = sqlite3_last_insert_rowid(db->said);
	said_table(table, *shard);
	(void)snprintf(sql, sizeof(sql), "CREATE VIRTUAL TABLE %s USING fts5(name, body, thread, tokenize = 'ragchat_said')", table);
	return r ? r : db_script(db->said, sql, why);
}

/* The shard whose time this is; a full one that is the newest is followed by another. */
static int find_shard(struct db *db, int64_t account, int64_t base, int64_t *shard, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false, full = false;
	int r = db_query(&stmt, db, db->said, why,
		"SELECT s.id, s.rows >= ?3 AND s.first < ?2 AND s.first = (SELECT max(first) FROM shard WHERE account = ?1) "
		"AND ?2 > COALESCE((SELECT max(base) FROM turn WHERE account = ?1), 0) "
		"FROM shard s WHERE s.account = ?1 AND s.first <= ?2 ORDER BY s.first DESC LIMIT 1",
		db_int(account), db_int(base), db_int(SHARD_ROWS));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		*shard = db_col_int(stmt, 0);
		full = db_col_int(stmt, 1);
	}
	db_release(stmt);
	if (r != 0 || (row && !full))
		return r;
	return make_shard(db, account, row ? base : 0, shard, why);
}

static int count_rows(struct db *db, int64_t shard, int64_t rows, bool dirty, char **why)
{
	return db_run(db, db->said, why, "UPDATE shard SET rows = rows + ?2, dirty = CASE WHEN ?3 THEN 1 ELSE dirty END WHERE id = ?1",
		db_int(shard), db_int(rows), db_int(dirty));
}

/* ---- in ---- */

static int put_text(struct db *db, const char *table, int64_t rowid, const char *name, const char *text, size_t n,
	const char *thread, char **why)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s(rowid, name, body, thread) VALUES (?1, ?2, ?3, ?4)", table);
	return db_run(db, db->said, why, sql, db_int(rowid), db_text(name), db_textn(text, n), db_text(thread));
}

static int put_pieces(struct db *db, const char *table, int64_t rowid, const char *name, const char *text, size_t n,
	size_t most, const char *thread, int64_t *rows, char **why)
{
	size_t from, to;
	int r = 0;

	if (!n && name) {
		++*rows;
		return put_text(db, table, rowid, name, "", 0, thread, why);
	}
	for (size_t k = 0; r == 0 && k < most && said_piece(text, n, k, &from, &to); k++, ++*rows)
		r = put_text(db, table, rowid + (int64_t)k, k ? NULL : name, text + from, to - from, thread, why);
	return r;
}

int search_put(struct db *db, const struct index_place *p, int64_t *rows, char **why)
{
	int64_t account, thread = 0, base = 0, shard = 0, n = 0;
	char table[SAID_TABLE], mark[24];
	int r = number_of(db, "account", p->account, true, &account, why);

	if (r == 0)
		r = number_of(db, "thread", p->thread, true, &thread, why);
	if (r == 0)
		r = free_base(db, account, max_of(p->created_us, INT64_C(1)), &base, why);
	if (r == 0)
		r = find_shard(db, account, base, &shard, why);
	if (r != 0)
		return r;
	said_table(table, shard);
	(void)snprintf(mark, sizeof(mark), "\x01%lld", (long long)thread);
	r = put_pieces(db, table, base << SAID_BITS, p->name, p->question, p->question_len, PIECE_ANSWER, mark, &n, why);
	if (r == 0)
		r = put_pieces(db, table, base << SAID_BITS | PIECE_ANSWER, NULL, p->answer, p->answer_len, PIECES_ANSWER, mark, &n, why);
	if (r == 0)
		r = db_run(db, db->said, why, "INSERT INTO turn(account, base, id, thread, shard, rows) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			db_int(account), db_int(base), db_text(p->id), db_int(thread), db_int(shard), db_int(n));
	*rows += n + 1;
	return r ? r : count_rows(db, shard, n, false, why);
}

static void place_fini(struct index_place *p)
{
	mem_free(p->name);
	mem_free(p->question);
	mem_free(p->answer);
}

static bool begins_so(const struct index_place *p)
{
	size_t n = p->name ? strlen(p->name) : 0;

	return n && n <= p->question_len && !memcmp(p->question, p->name, n);
}

int search_put_turn(struct db *db, const char *turn, int64_t *rows, char **why)
{
	const struct turn_want want = { .max_question = UINT64_MAX, .max_text = UINT64_MAX };
	struct turn_row t = { .found = -1 };
	struct index_place p = { .created_us = 0 };
	sqlite3_stmt *stmt;
	bool row = false, first = false;
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT account, seq = (SELECT min(seq) FROM ragchat_turn f WHERE f.thread = t.thread) FROM ragchat_turn t "
		"WHERE id = ?1",
		db_text(turn));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		db_col_id(stmt, 0, p.account);
		first = db_col_int(stmt, 1);
	}
	db_release(stmt);
	if (r == 0 && row)
		r = turn_load(db, turn, &want, &t, why);
	if (r == STORE_E_NOT_FOUND || !row) {
		if (why)
			*why = mem_free(*why);
		turn_row_fini(&t);
		return r == STORE_E_NOT_FOUND ? 0 : r;
	}
	if (r == 0) {
		memcpy(p.id, t.id, sizeof(p.id));
		memcpy(p.thread, t.thread, sizeof(p.thread));
		p.created_us = t.created_us;
		p.name = t.thread_name;
		p.question = t.question;
		p.question_len = t.question_len;
		p.answer = turn_state_ended(t.state) ? t.text : mem_free(t.text);
		p.answer_len = p.answer ? t.text_len : 0;
		t.thread_name = t.question = t.text = NULL;
		if (!first || begins_so(&p))
			p.name = mem_free(p.name);
		r = search_put(db, &p, rows, why);
	}
	place_fini(&p);
	turn_row_fini(&t);
	return r;
}

/* ---- out ---- */

struct there {
	int64_t account, base, shard, rows;
	id_str id;
};

static int take_one(struct db *db, const struct there *at, char **why)
{
	char table[SAID_TABLE], sql[96];
	int r;

	said_table(table, at->shard);
	(void)snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE rowid BETWEEN ?1 AND ?2", table);
	r = db_run(db, db->said, why, sql, db_int(at->base << SAID_BITS), db_int(at->base << SAID_BITS | ((1 << SAID_BITS) - 1)));
	if (r == 0)
		r = db_run(db, db->said, why, "DELETE FROM turn WHERE account = ?1 AND base = ?2", db_int(at->account), db_int(at->base));
	return r ? r : count_rows(db, at->shard, -at->rows, true, why);
}

int search_take_out(struct db *db, const char *thread, const char *turn, int most, bool *more, int64_t *rows, char **why)
{
	struct there *v = NULL;
	sqlite3_stmt *stmt = NULL;
	size_t n = 0, cap = 0;
	bool row = false;
	int64_t no;
	int r = number_of(db, "thread", thread, false, &no, why);

	*more = false;
	if (r != 0 || !no)
		return r;
	r = db_query(&stmt, db, db->said, why,
		"SELECT account, base, shard, rows FROM turn WHERE thread = ?1 AND (?2 IS NULL OR id = ?2) LIMIT ?3", db_int(no),
		db_text(turn), db_int(most));
	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row) {
		v = mem_grow(v, &cap, n, sizeof(*v));
		v[n++] = (struct there){ .account = db_col_int(stmt, 0), .base = db_col_int(stmt, 1),
			.shard = db_col_int(stmt, 2), .rows = db_col_int(stmt, 3) };
	}
	db_release(stmt);
	for (size_t i = 0; r == 0 && i < n; i++, ++*rows)
		r = take_one(db, &v[i], why);
	mem_free(v);
	*more = r == 0 && (int)n == most;
	if (r == 0 && !*more && !turn)
		r = db_run(db, db->said, why, "DELETE FROM thread WHERE no = ?1", db_int(no));
	return r;
}

/* ---- a whole account ---- */

static int drop_shard(struct db *db, int64_t shard, char **why)
{
	char table[SAID_TABLE], sql[64];
	int r;

	said_table(table, shard);
	(void)snprintf(sql, sizeof(sql), "DROP TABLE %s", table);
	db_forget(db); /* no statement may hold it */
	r = db_script(db->said, sql, why);
	return r ? r : db_run(db, db->said, why, "DELETE FROM shard WHERE id = ?1", db_int(shard));
}

int search_drop_account(struct db *db, const char *account, bool *more, char **why)
{
	int64_t no, shard = 0;
	int r = number_of(db, "account", account, false, &no, why);

	*more = false;
	if (r != 0 || !no)
		return r;
	*more = true;
	r = db_run(db, db->said, why,
		"DELETE FROM turn WHERE account = ?1 AND base IN (SELECT base FROM turn WHERE account = ?1 LIMIT 500)", db_int(no));
	if (r != 0 || sqlite3_changes(db->said))
		return r;
	r = get(db, &shard, 0, why, "SELECT id FROM shard WHERE account = ?1 AND ?2 IS NULL LIMIT 1", db_int(no), db_null());
	if (r == 0 && shard)
		return drop_shard(db, shard, why);
	*more = false;
	return r ? r : db_run(db, db->said, why, "DELETE FROM account WHERE no = ?1", db_int(no));
}

/* ---- what was deleted leaves the words' pages, too ---- */

#define MERGE_PAGES 64

int search_scrub(struct db *db, bool *more, char **why)
{
	char table[SAID_TABLE], sql[128];
	sqlite3_stmt *stmt;
	int64_t shard = 0, dirty = 0, rows = 0, before;
	bool row = false;
	int r = db_query(&stmt, db, db->said, why, "SELECT id, dirty, rows FROM shard WHERE dirty <> 0 LIMIT 1");

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		shard = db_col_int(stmt, 0);
		dirty = db_col_int(stmt, 1);
		rows = db_col_int(stmt, 2);
	}
	db_release(stmt);
	*more = r == 0 && row;
	if (!*more)
		return r;
	if (rows <= 0)
		return drop_shard(db, shard, why);
	said_table(table, shard);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s(%s, rank) VALUES ('merge', ?1)", table, table);
	before = sqlite3_total_changes64(db->said);
	r = db_run(db, db->said, why, sql, db_int(dirty == 1 ? -MERGE_PAGES : MERGE_PAGES));
	if (r != 0)
		return r;
	dirty = dirty == 1 || sqlite3_total_changes64(db->said) - before >= 2 ? 2 : 0;
	return db_run(db, db->said, why, "UPDATE shard SET dirty = ?2 WHERE id = ?1", db_int(shard), db_int(dirty));
}
