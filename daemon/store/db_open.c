/*
 * One connection and its settings. What SQLite leaves open for compatibility is closed here:
 * double-quoted strings, loadable extensions, functions in the schema, links in the path.
 */
#define LOG_TAG "store"
#include "daemon/store/db.h"
#include "daemon/store/rows.h"
#include "daemon/store/search_open.h"
#include "daemon/store/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/fd.h"
#include "common/log.h"

/*
 * The longest text or row: an answer of 8 MiB fits with room; a Chainlit may have stored longer
 * ones.
 */
#define LENGTH_MAX (64 << 20)

static const struct {
	int option, value;
} switches[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	/* Until the file is accepted nothing of it may change; the owner of the writer lifts it. */
	{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
};

static const struct {
	int limit, value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, LENGTH_MAX },
	{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 8 },
	{ SQLITE_LIMIT_ATTACHED, 1 }, /* 0 breaks VACUUM */
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 8 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

/*
 * Settings that need a statement. journal_mode is the file's, not the connection's: see migrate.c.
 */
static const char pragmas_all[] =
	"PRAGMA synchronous = FULL;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA mmap_size = 0;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA secure_delete = ON;";
static const char pragmas_writer[] =
	"PRAGMA cache_size = -1024;"
	"PRAGMA journal_size_limit = 67108864;";
static const char pragmas_reader[] =
	"PRAGMA cache_size = -256;"
	"PRAGMA query_only = ON;";

static int settings(sqlite3 *conn, bool writable, char **why)
{
	int r;

	/*
	 * A small lookaside; the default would be 48 KiB for each connection. Fails harmlessly once
	 * in use.
	 */
	(void)sqlite3_db_config(conn, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 32);
	for (size_t i = 0; i < array_len(switches); i++)
		(void)sqlite3_db_config(conn, switches[i].option, switches[i].value, NULL);
	for (size_t i = 0; i < array_len(limits); i++)
		(void)sqlite3_limit(conn, limits[i].limit, limits[i].value);
	(void)sqlite3_busy_timeout(conn, BUSY_MS);
	r = db_script(conn, pragmas_all, why);
	return r ? r : db_script(conn, writable ? pragmas_writer : pragmas_reader, why);
}

/* SQLite would make the file with the mode of the umask. */
static int make_private_file(const char *path, char **why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int e = errno;

	if (fd >= 0) {
		fd_close(fd);
		return 0;
	}
	if (e == EROFS || e == EACCES || e == EPERM)
		return db_fail(why, STORE_E_READ_ONLY, "cannot write '%s': %s", path, strerror(e));
	if (e == ENOSPC || e == EDQUOT)
		return db_fail(why, STORE_E_FULL, "no space left for '%s': make room", path);
	if (e == ELOOP)
		return db_fail(why, STORE_E_LOOSE,
			"'%s' is a symbolic link: name the file it leads to", path);
	return db_fail(why, -e, "cannot open '%s': %s", path, strerror(e));
}

int db_connect(sqlite3 **out, const char *path, enum db_file file, bool writable, char **why)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE |
		(writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	sqlite3 *conn = NULL;
	int rc, r;

	*out = NULL;
	r = writable ? make_private_file(path, why) : 0;
	if (r != 0)
		return r;
	rc = sqlite3_open_v2(path, &conn, flags, NULL);
	r = rc == SQLITE_OK ? settings(conn, writable, why) : db_error(conn, rc, why);
	if (r == 0 && file == DB_CHAT)
		r = names_register(conn);
	if (r == 0 && file == DB_LIBRARY)
		r = library_register(conn);
	if (r == 0 && file == DB_SEARCH)
		r = search_register(conn);
	if (r != 0) {
		db_fail(why, r, "cannot open '%s'", path);
		(void)sqlite3_close_v2(conn);
		return r;
	}
	*out = conn;
	return 0;
}

static void close_one(sqlite3 *conn)
{
	int rc = sqlite3_close(conn); /* takes NULL */

	if (rc != SQLITE_OK) {
		log_error("a connection was closed with work open: %s", sqlite3_errmsg(conn));
		(void)sqlite3_close_v2(conn);
	}
}

void db_close(struct db *db)
{
	db_forget(db);
	segments_forget(db);
	close_one(db->chat);
	close_one(db->lib);
	close_one(db->said);
	*db = (struct db){ .lane = db->lane };
}

void db_calm(struct db *db)
{
	db_forget(db);
	if (db->chat)
		(void)sqlite3_db_release_memory(db->chat);
	if (db->lib)
		(void)sqlite3_db_release_memory(db->lib);
	if (db->said)
		(void)sqlite3_db_release_memory(db->said);
	(void)malloc_trim(0);
}
