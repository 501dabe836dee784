/*
 * Inside the store: one thread's connections, and the few verbs every operation is written with.
 * Nobody outside daemon/store/ includes this.
 *
 * What surrounds a job when its `run` is called:
 *	WRITER   the group's transaction on `chat`, and a savepoint of the job's own: an error
 *	         returned undoes this job alone
 *	KEYED    a read transaction on both files: one job sees one moment
 *	SCAN     as KEYED, cut at job.deadline_ms
 *	INDEX    nothing, as LIBRARY; `chat` is only read
 *	SEGMENTS nothing: the job reads in short transactions, and may take its time
 *	LIBRARY  nothing: the job uses db_begin and db_commit itself, none longer than 20 ms; for one
 *	         that `shares`, the group's transaction on `lib` and a savepoint, as on WRITER
 *
 * Errors: 0, STORE_E_* or -errno. Every verb that can fail takes `why` (mostly &j->why): words are
 * put there once, an earlier text stays. NULL is allowed.
 */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "daemon/store/store.h"
#include "daemon/types.h"

/* Of the jobs that share a transaction: whose index grew, and whether a document was hidden. */
struct library_share {
	int64_t collections[8];
	size_t n;
	bool leftovers;
};

struct segment_maps;
struct search_weights;

struct db {
	enum store_lane lane;
	sqlite3 *chat; /* NULL on LIBRARY */
	sqlite3 *lib;  /* NULL on WRITER, INDEX */
	sqlite3 *said; /* search.db, on SCAN and INDEX; NULL where it could not be made */
	uint64_t deadline_ms; /* of the running job, monotonic; 0 none */
	bool cut;             /* the deadline struck during the running job */
	uint64_t yield_ms;    /* from then on it gives way to who waits, monotonic; 0: never */
	bool yielded;         /* it did: it will run again */
	struct search_weights *weights; /* SCAN: of the ranked search at hand */
	bool scrub;           /* WRITER: the log holds what was deleted: emptied after the next commit */
	atomic_bool others;   /* somebody else's job waits */
	uint64_t begun_us;    /* of the library's open transaction, monotonic */
	atomic_uint_fast64_t longest_us; /* of its transactions so far */
	struct library_share share; /* LIBRARY: what the group did, for its end */
	int segments;              /* folder of the library's segments */
	struct portions *portions; /* LIBRARY: words of the group on their way into segments */
	struct segment_maps *maps; /* private: segment_files.c; those that are mapped */
	char broken[40];           /* a segment found to be wrong, for the loop to hear of */
	int64_t index_passages;    /* LIBRARY: a collection with so many moves into segments; 0 never */
	bool tend;                 /* LIBRARY: segments have something to do */
	atomic_bool stopping;      /* what takes long ends early */
	struct db_stmt *cache; /* private: db.c */
	size_t cached, cache_cap;
	struct columns *columns; /* private: columns.c; what columns the five tables have */
	bool renew;                /* of the library: a document has another name, and is to be indexed by it */
	bool outbox;               /* of the library: events of documents wait there */
	uint64_t news[NEWS_WORDS]; /* of the running group: whose events were written */
};

/* Events of this account were written: the loop hears of it once they are committed. */
static inline void db_news(struct db *db, uint64_t account)
{
	db->news[account / 64 % NEWS_WORDS] |= UINT64_C(1) << account % 64;
}

/* ---- statements ---- */

/*
 * A statement from this thread's cache, compiled on first use; give it back with db_release, best
 * in the one `out:`. NULL: the reason is in *why and the code in *r. One that a caller further up
 * is stepping through is not given again (a twin is compiled), so nesting is safe. `sql` may be
 * built on the fly: it is compared by content.
 */
sqlite3_stmt *db_prepare(struct db *db, sqlite3 *conn, const char *sql, int *r, char **why);
void db_release(sqlite3_stmt *stmt); /* reset, bindings cleared, stays in the cache; takes NULL */
void db_forget(struct db *db);       /* finalise all; none may be in use */

/* One value to bind. Pointers are not copied: they live until db_release. Text NULL binds NULL. */
struct db_value {
	enum { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB } type;
	int64_t i;
	double f;
	const void *p;
	size_t n;
};
static inline struct db_value db_null(void)
{
	return (struct db_value){ .type = DB_NULL };
}
static inline struct db_value db_int(int64_t i)
{
	return (struct db_value){ .type = DB_INT, .i = i };
}
static inline struct db_value db_real(double f)
{
	return (struct db_value){ .type = DB_REAL, .f = f };
}
struct db_value db_text(const char *s);
static inline struct db_value db_textn(const char *s, size_t n)
{
	return (struct db_value){ .type = s ? DB_TEXT : DB_NULL, .p = s, .n = n };
}
static inline struct db_value db_blob(const void *p, size_t n)
{
	return (struct db_value){ .type = p ? DB_BLOB : DB_NULL, .p = p, .n = n };
}
int db_bind(sqlite3_stmt *stmt, int at, struct db_value v, char **why); /* at: from 1 */

/*
 * Prepare and bind in one: db_query(&stmt, db, conn, &j->why, "SELECT ... ?1", db_text(id)).
 * On error *stmt is NULL. Then db_step until *row is false, then db_release.
 */
#define db_query(stmt, db, conn, why, ...)                                                         \
	db_query_values(stmt, db, conn, why, DB_SQL_AND_VALUES(__VA_ARGS__))
int db_query_values(sqlite3_stmt **stmt, struct db *db, sqlite3 *conn, char **why, const char *sql,
	const struct db_value *values, size_t n);
/* 0 with *row; STORE_E_DEADLINE when it was cut. */
int db_step(sqlite3_stmt *stmt, bool *row, char **why);
/* Prepare, bind, run to the end, release. sqlite3_changes(conn) has the count. */
#define db_run(db, conn, why, ...) db_run_values(db, conn, why, DB_SQL_AND_VALUES(__VA_ARGS__))
int db_run_values(struct db *db, sqlite3 *conn, char **why, const char *sql,
	const struct db_value *values, size_t n);
/* Several statements without bindings, not cached (schema, pragmas). */
int db_script(sqlite3 *conn, const char *sql, char **why);
/* The first column of the first row; `none` when there is no row or it is NULL. */
int db_get_int(sqlite3 *conn, const char *sql, int64_t none, int64_t *out, char **why);

/*
 * "SQL", v1, v2 -> "SQL", (values), count: the first element is a filler so that no values are fine
 * too.
 */
#define DB_SQL_AND_VALUES(...) DB_SQL_AND_VALUES_(__VA_ARGS__, DB_END)
#define DB_END { .type = DB_NULL }
#define DB_SQL_AND_VALUES_(sql, ...)                                                               \
	(sql), (const struct db_value[]){ __VA_ARGS__ },                                           \
		sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value) - 1

/* ---- columns of the current row ---- */

static inline const char *db_col_text(sqlite3_stmt *s, int i) /* view until the next step; NULL */
{
	return (const char *)sqlite3_column_text(s, i);
}
static inline size_t db_col_bytes(sqlite3_stmt *s, int i) /* after db_col_text or _blob */
{
	return (size_t)sqlite3_column_bytes(s, i);
}
static inline int64_t db_col_int(sqlite3_stmt *s, int i)
{
	return sqlite3_column_int64(s, i);
}
static inline double db_col_real(sqlite3_stmt *s, int i, double none)
{
	return sqlite3_column_type(s, i) == SQLITE_NULL ? none : sqlite3_column_double(s, i);
}
char *db_col_dup(sqlite3_stmt *s, int i);           /* malloc'd; NULL for NULL */
void db_col_id(sqlite3_stmt *s, int i, id_str out); /* "" for NULL or what is longer than an id */

/* ---- transactions ---- */

int db_begin(sqlite3 *conn, char **why);    /* BEGIN IMMEDIATE */
int db_commit(sqlite3 *conn, char **why);   /* on error the transaction is rolled back */
void db_rollback(sqlite3 *conn);            /* harmless outside a transaction */
int db_savepoint(sqlite3 *conn, char **why);
void db_savepoint_end(sqlite3 *conn, bool keep); /* the innermost: kept or undone */

/* ---- errors ---- */

/*
 * Translate an SQLite result code (extended): STORE_E_BUSY, _FULL, _READ_ONLY, _CORRUPT, _NOT_OURS,
 * _DEADLINE, -ENOMEM, -EIO, -EINVAL for a bug. conn may be NULL.
 */
int db_error(sqlite3 *conn, int rc, char **why);
/* Set the words of an error once and return `code`. */
int db_fail(char **why, int code, const char *fmt, ...) attr_printf(3, 4);

/* ---- deadline: a progress handler on both connections; 0 takes it off, and the giving way with it ---- */
void db_deadline(struct db *db, uint64_t mono_ms);
void db_give_way(struct db *db, uint64_t mono_ms); /* before db_deadline */
/* At the beginning of a job with a deadline: however long it had to wait, it gets to look, for a little. */
void db_look(struct db *db, struct job *j);
/* The same question, for work outside of SQLite: false: `yielded` or `cut` says why. */
bool db_go_on(struct db *db);

/* ---- connections (open.c, db.c) ---- */

#define BUSY_MS 5000 /* matters only when somebody else opened the file */
enum db_file { DB_CHAT, DB_LIBRARY, DB_SEARCH };
/*
 * Open with all settings that belong to a connection. `path` is resolved. For writers the file
 * exists or is made 0600.
 */
int db_connect(sqlite3 **out, const char *path, enum db_file file, bool writable, char **why);
void db_close(struct db *db); /* finalises the cache, closes both; zeroes */
void db_calm(struct db *db);  /* idle for a while: give page caches and statements' memory back */

/*
 * The library's side of the house, given by library_schema.c. library_migrate creates or upgrades
 * the tables of library.db by its own user_version, in transactions of its own; *why gets words
 * also for notices. library_register adds tokenizer and functions to one connection, before
 * anything is prepared on it; the store calls it for each connection to library.db.
 */
int library_migrate(sqlite3 *lib, char **why);
int library_register(sqlite3 *lib);
/* A transaction on library.db; how long the longest held its lock is told by status. */
int library_begin(struct db *db, char **why);
int library_commit(struct db *db, char **why);
/* Each has reached the log, which has so many pages now: within COMMIT, when its lock is gone. */
void library_written(struct db *db, int pages);
/* After the commit of jobs that shared it: the little merging that belongs to them, in transactions of its own. */
void library_shared(struct db *db);
