/* Statements, values, rows and transactions: the verbs every operation is written with. */
#include "daemon/store/db.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"

#define CACHE_MAX 96        /* more shapes of statements than there are */
#define DEADLINE_STEPS 1000 /* virtual machine steps between two looks at the clock, some 20 us */
#define LOOK_MS 30

struct db_stmt {
	sqlite3 *conn;
	uint64_t hash;
	sqlite3_stmt *stmt;
};

static uint64_t hash_text(const char *s) /* FNV-1a */
{
	uint64_t h = 0xcbf29ce484222325u;

	while (*s)
		h = (h ^ (uint8_t)*s++) * 0x100000001b3u;
	return h;
}

/*
 * The newest used stand last: what a caller holds but has not stepped yet is then never the one
 * forgotten.
 */
static sqlite3_stmt *cache_find(struct db *db, const sqlite3 *conn, uint64_t hash, const char *sql)
{
	for (size_t i = db->cached; i-- > 0;) {
		struct db_stmt c = db->cache[i];

		if (c.hash != hash || c.conn != conn || sqlite3_stmt_busy(c.stmt) ||
			strcmp(sqlite3_sql(c.stmt), sql) != 0)
			continue;
		memmove(&db->cache[i], &db->cache[i + 1], (db->cached - 1 - i) * sizeof(c));
		db->cache[db->cached - 1] = c;
		return c.stmt;
	}
	return NULL;
}

/* Makes room by forgetting the oldest statement that nobody is stepping through. */
static void cache_trim(struct db *db)
{
	for (size_t i = 0; db->cached >= CACHE_MAX && i < db->cached; i++) {
		if (sqlite3_stmt_busy(db->cache[i].stmt))
			continue;
		sqlite3_finalize(db->cache[i].stmt);
		db->cached--;
		memmove(&db->cache[i], &db->cache[i + 1], (db->cached - i) * sizeof(*db->cache));
		return;
	}
}

sqlite3_stmt *db_prepare(struct db *db, sqlite3 *conn, const char *sql, int *r, char **why)
{
	uint64_t hash = hash_text(sql);
	sqlite3_stmt *stmt = cache_find(db, conn, hash, sql);
	int rc;

	*r = 0;
	if (stmt)
		return stmt;
	rc = sqlite3_prepare_v3(conn, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	if (rc != SQLITE_OK) {
		*r = db_error(conn, rc, why);
		return NULL;
	}
	cache_trim(db);
	db->cache = mem_grow(db->cache, &db->cache_cap, db->cached, sizeof(*db->cache));
	db->cache[db->cached++] = (struct db_stmt){ .conn = conn, .hash = hash, .stmt = stmt };
	return stmt;
}

void db_release(sqlite3_stmt *stmt)
{
	if (!stmt)
		return;
	(void)sqlite3_reset(stmt); /* repeats the error of the last step, which was reported then */
	(void)sqlite3_clear_bindings(stmt);
}

void db_forget(struct db *db)
{
	for (size_t i = 0; i < db->cached; i++)
		sqlite3_finalize(db->cache[i].stmt);
	db->cache = mem_free(db->cache);
	db->cached = db->cache_cap = 0;
}

struct db_value db_text(const char *s)
{
	return db_textn(s, s ? strlen(s) : 0);
}

int db_bind(sqlite3_stmt *stmt, int at, struct db_value v, char **why)
{
	int rc = SQLITE_OK;

	switch (v.type) {
	case DB_NULL:
		rc = sqlite3_bind_null(stmt, at);
		break;
	case DB_INT:
		rc = sqlite3_bind_int64(stmt, at, v.i);
		break;
	case DB_REAL:
		rc = sqlite3_bind_double(stmt, at, v.f);
		break;
	case DB_TEXT:
		rc = sqlite3_bind_text64(stmt, at, v.p, v.n, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case DB_BLOB:
		rc = sqlite3_bind_blob64(stmt, at, v.p, v.n, SQLITE_STATIC);
		break;
	}
	return rc == SQLITE_OK ? 0 : db_error(sqlite3_db_handle(stmt), rc, why);
}

int db_query_values(sqlite3_stmt **stmt, struct db *db, sqlite3 *conn, char **why, const char *sql,
	const struct db_value *values, size_t n)
{
	int r;

	*stmt = db_prepare(db, conn, sql, &r, why);
	for (size_t i = 0; *stmt && r == 0 && i < n; i++)
		r = db_bind(*stmt, (int)i + 1, values[i], why);
	if (r != 0) {
		db_release(*stmt);
		*stmt = NULL;
	}
	return r;
}

int db_step(sqlite3_stmt *stmt, bool *row, char **why)
{
	int rc = sqlite3_step(stmt);

	*row = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0
						     : db_error(sqlite3_db_handle(stmt), rc, why);
}

int db_run_values(struct db *db, sqlite3 *conn, char **why, const char *sql,
	const struct db_value *values, size_t n)
{
	sqlite3_stmt *stmt;
	bool row = true;
	int r = db_query_values(&stmt, db, conn, why, sql, values, n);

	while (r == 0 && row)
		r = db_step(stmt, &row, why);
	db_release(stmt);
	return r;
}

int db_script(sqlite3 *conn, const char *sql, char **why)
{
	int rc = sqlite3_exec(conn, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_error(conn, rc, why);
}

int db_get_int(sqlite3 *conn, const char *sql, int64_t none, int64_t *out, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int rc = sqlite3_prepare_v2(conn, sql, -1, &stmt, NULL);
	int r = rc == SQLITE_OK ? db_step(stmt, &row, why) : db_error(conn, rc, why);

	*out = none;
	if (r == 0 && row && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return r;
}

char *db_col_dup(sqlite3_stmt *s, int i)
{
	const char *text = db_col_text(s, i);

	return text ? mem_ndup(text, db_col_bytes(s, i)) : NULL;
}

void db_col_id(sqlite3_stmt *s, int i, id_str out)
{
	const char *text = db_col_text(s, i);
	size_t n = text ? db_col_bytes(s, i) : 0;

	if (n > ID_LEN)
		n = 0;
	if (n)
		memcpy(out, text, n);
	out[n] = '\0';
}

int db_begin(sqlite3 *conn, char **why)
{
	return db_script(conn, "BEGIN IMMEDIATE", why);
}

int db_commit(sqlite3 *conn, char **why)
{
	int r = db_script(conn, "COMMIT", why);

	if (r != 0)
		db_rollback(conn);
	return r;
}

void db_rollback(sqlite3 *conn)
{
	if (!sqlite3_get_autocommit(conn))
		(void)sqlite3_exec(conn, "ROLLBACK", NULL, NULL, NULL);
}

int db_savepoint(sqlite3 *conn, char **why)
{
	return db_script(conn, "SAVEPOINT job", why);
}

void db_savepoint_end(sqlite3 *conn, bool keep)
{
	if (sqlite3_get_autocommit(conn))
		return; /* the error took the whole transaction with it */
	if (!keep)
		(void)sqlite3_exec(conn, "ROLLBACK TO job", NULL, NULL, NULL);
	(void)sqlite3_exec(conn, "RELEASE job", NULL, NULL, NULL);
}

static int past_deadline(void *arg)
{
	struct db *db = arg;
	uint64_t now = clock_mono_ms();

	if (db->yield_ms && now >= db->yield_ms && atomic_load(&db->others))
		db->yielded = true;
	else if (db->deadline_ms && now >= db->deadline_ms)
		db->cut = true;
	return db->yielded || db->cut;
}

bool db_go_on(struct db *db)
{
	return (!db->yield_ms && !db->deadline_ms) || !past_deadline(db);
}

void db_give_way(struct db *db, uint64_t mono_ms)
{
	db->yield_ms = mono_ms;
	db->yielded = false;
}

void db_deadline(struct db *db, uint64_t mono_ms)
{
	bool wanted = mono_ms || (db->yield_ms && !db->yielded);
	int steps = wanted ? DEADLINE_STEPS : 0;
	int (*look)(void *) = wanted ? past_deadline : NULL;

	db->deadline_ms = mono_ms;
	db->cut = false;
	if (db->chat)
		sqlite3_progress_handler(db->chat, steps, look, db);
	if (db->lib)
		sqlite3_progress_handler(db->lib, steps, look, db);
	if (db->said)
		sqlite3_progress_handler(db->said, steps, look, db);
}

void db_look(struct db *db, struct job *j)
{
	if (!j->deadline_ms)
		return;
	j->deadline_ms = max_of(j->deadline_ms, clock_mono_ms() + LOOK_MS);
	db_deadline(db, j->deadline_ms);
}
