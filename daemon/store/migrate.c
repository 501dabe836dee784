/* From whatever the file is to the newest version of ours. */
#include "daemon/store/migrate.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "daemon/store/adopt.h"
#include "daemon/store/columns.h"

/*
 * quick_check reads the whole file: half a second for 500 MiB from a warm cache, much longer from a
 * cold disk.
 */
#define CHECK_MAX ((int64_t)256 << 20)       /* after a crash, and of a foreign file */
#define CHECK_MAX_CLEAN ((int64_t)32 << 20)  /* closed in peace */

static const char schema_sql[] =
#include "daemon/store/schema.sql.h"
	;
static const char schema_2_sql[] =
#include "daemon/store/schema_2.sql.h"
	;
static const char schema_3_sql[] =
#include "daemon/store/schema_3.sql.h"
	;
static const char schema_4_sql[] =
#include "daemon/store/schema_4.sql.h"
	;
static const char schema_5_sql[] =
#include "daemon/store/schema_5.sql.h"
	;
static const char schema_6_sql[] =
#include "daemon/store/schema_6.sql.h"
	;
static const char schema_7_sql[] =
#include "daemon/store/schema_7.sql.h"
	;

static const char schema_8_sql[] =
#include "daemon/store/schema_8.sql.h"
	;

static const struct {
	const char *sql;
} versions[] = {
	[1] = { schema_sql },
	[2] = { schema_2_sql },
	[3] = { schema_3_sql },
	[4] = { schema_4_sql },
	[5] = { schema_5_sql },
	[6] = { schema_6_sql },
	[7] = { schema_7_sql },
	[8] = { schema_8_sql },
};
_Static_assert(array_len(versions) == SCHEMA_VERSION + 1, "one step for each version");

int migrate_check(struct db *db, sqlite3 *conn, int64_t bytes, bool thorough, char **why)
{
	bool row = false;
	sqlite3_stmt *stmt;
	const char *verdict;
	int r;

	if (bytes > (thorough ? CHECK_MAX : CHECK_MAX_CLEAN))
		return 0;
	r = db_query(&stmt, db, conn, why, "PRAGMA quick_check(1)");
	if (r == 0)
		r = db_step(stmt, &row, why);
	verdict = r == 0 && row ? db_col_text(stmt, 0) : NULL;
	if (r == 0 && (!verdict || strcmp(verdict, "ok") != 0))
		r = db_fail(why, STORE_E_CORRUPT,
			"'%s' is damaged (%.100s): restore it from a backup",
			sqlite3_db_filename(conn, "main"), verdict ? verdict : "no verdict");
	db_release(stmt);
	return r;
}

static int count_tables(struct db *db, int64_t *all, int64_t *chainlit, char **why)
{
	int r = db_get_int(
		db->chat, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", 0, all, why);

	return r ? r
		 : db_get_int(db->chat,
			   "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
			   "('users', 'threads', 'steps')",
			   0, chainlit, why);
}

static int identify_stranger(struct db *db, const struct place *p, int64_t application, int version,
	enum origin *origin, char **why)
{
	int64_t all = 0, chainlit = 0;
	int r = count_tables(db, &all, &chainlit, why);

	if (r != 0)
		return r;
	if (application == 0 && version == 0 && (all == 0 || chainlit == 3)) {
		*origin = all ? ORIGIN_CHAINLIT : ORIGIN_NEW;
		return 0;
	}
	return db_fail(why, STORE_E_NOT_OURS,
		"'%s' is a database of another program: name another file", p->path);
}

static int check_version(const struct place *p, int version, char **why)
{
	if (version > SCHEMA_VERSION)
		return db_fail(why, STORE_E_NEWER,
			"'%s' was written by a newer ragchat (version %d, this one knows %d): "
			"upgrade ragchat",
			p->path, version, SCHEMA_VERSION);
	if (version < 1)
		return db_fail(why, STORE_E_CORRUPT,
			"'%s' has no version: restore it from a backup", p->path);
	return 0;
}

int migrate_identify(struct db *db, struct place *p, enum origin *origin, int *version, char **why)
{
	int64_t v = 0, application = 0;
	int r;

	*origin = ORIGIN_NEW;
	*version = 0;
	if (!p->exists)
		return 0;
	r = db_get_int(db->chat, "PRAGMA application_id", 0, &application, why);
	if (r == 0)
		r = db_get_int(db->chat, "PRAGMA user_version", 0, &v, why);
	if (r != 0)
		return r;
	*version = (int)v;
	p->ours = application ==
		  APPLICATION_ID; /* the header may have been of a transaction now undone */
	*origin = p->ours ? ORIGIN_OURS : ORIGIN_NEW;
	r = p->ours ? check_version(p, *version, why)
		    : identify_stranger(db, p, application, *version, origin, why);
	return r ? r : migrate_check(db, db->chat, p->bytes, p->unclean || !p->ours, why);
}

int migrate_wal(sqlite3 *conn, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int rc = sqlite3_prepare_v2(conn, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
	int r = rc == SQLITE_OK ? db_step(stmt, &row, why) : db_error(conn, rc, why);
	const char *mode = r == 0 && row ? db_col_text(stmt, 0) : NULL;

	if (r == 0 && (!mode || strcmp(mode, "wal") != 0))
		r = db_fail(why, -EIO,
			"'%s': the file system cannot share memory, as a write-ahead log needs",
			sqlite3_db_filename(conn, "main"));
	sqlite3_finalize(stmt);
	return r;
}

/* Everything from `version` to the newest, in one transaction with the taking over. */
static int upgrade(struct db *db, int version, struct adoption *a, char **why)
{
	char *mark = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
		APPLICATION_ID, SCHEMA_VERSION);
	int r = db_begin(db->chat, why);

	for (int v = version + 1; r == 0 && v <= SCHEMA_VERSION; v++)
		r = db_script(db->chat, versions[v].sql, why);
	if (r == 0)
		r = db_script(db->chat, mark, why);
	if (r == 0)
		r = columns_load(&db->columns, db->chat, why);
	if (r == 0)
		r = adopt_run(db, a, why);
	db_forget(db); /* statements of the old schema */
	if (r == 0)
		r = db_commit(db->chat, why);
	else
		db_rollback(db->chat);
	mem_free(mark);
	return r;
}

/* What Chainlit wrote is checked as far as it can be before the first byte is changed. */
static int prepare_old(
	struct db *db, const struct place *p, enum origin origin, char **backup, char **why)
{
	struct columns *columns = NULL;
	int r = origin == ORIGIN_CHAINLIT ? columns_load(&columns, db->chat, why) : 0;

	columns_free(columns);
	if (r == 0)
		r = backup_make(db->chat, p->path, backup, why);
	if (r == 0 && p->loose && chmod(p->path, 0600) < 0)
		r = db_fail(why, STORE_E_LOOSE, "'%s' is open to others and cannot be closed: %s",
			p->path, strerror(errno));
	return r;
}

int migrate_run(struct db *db, const struct place *p, enum origin origin, int version,
	char **notice, char **why)
{
	bool old = origin == ORIGIN_CHAINLIT || (origin == ORIGIN_OURS && version < SCHEMA_VERSION);
	struct adoption a = { 0 };
	char *backup = NULL;
	int r = old ? prepare_old(db, p, origin, &backup, why) : 0;

	*notice = NULL;
	if (r == 0 && version < SCHEMA_VERSION)
		r = upgrade(db, version, &a,
			why); /* in the file's own journal mode: undone, it is as it was */
	if (r == 0)
		(void)sqlite3_db_config(db->chat, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	if (r == 0)
		r = migrate_wal(db->chat, why);
	if (r == 0 && version == SCHEMA_VERSION) {
		r = columns_load(&db->columns, db->chat, why);
		if (r == 0)
			r = adopt_run(db, &a, why);
	}
	if (r == 0 && origin == ORIGIN_OURS && backup)
		*notice = mem_printf("brought the database to version %d; the file as it was: %s",
			SCHEMA_VERSION, backup);
	else if (r == 0)
		*notice = adopt_notice(&a, origin == ORIGIN_CHAINLIT && p->loose, backup);
	adopt_fini(&a);
	mem_free(backup);
	return r;
}
