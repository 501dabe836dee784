/* library.db from its birth to the newest version, and what a connection to it must know. */
#include "daemon/store/library_in.h"

#include <errno.h>

#include "daemon/store/carry.h"
#include "daemon/store/migrate.h"
#include "daemon/store/rank.h"

#define LIBRARY_APPLICATION 0x7261674c /* "ragL" */

static const char library_sql[] =
#include "daemon/store/library.sql.h"
	;

int library_register(sqlite3 *lib)
{
	int r = tokenizer_register(lib);

	return r ? r : rank_register(lib);
}

static const char library_2_sql[] =
#include "daemon/store/library_2.sql.h"
	;

static const char library_3_sql[] =
#include "daemon/store/library_3.sql.h"
	;

static const char library_4_sql[] =
#include "daemon/store/library_4.sql.h"
	;

static const char library_5_sql[] =
#include "daemon/store/library_5.sql.h"
	;

static const char library_6_sql[] =
#include "daemon/store/library_6.sql.h"
	;

static const char library_7_sql[] =
#include "daemon/store/library_7.sql.h"
	;

static const char library_8_sql[] =
#include "daemon/store/library_8.sql.h"
	;

/* Each from the version before it; the first from nothing. */
static const char *const versions[LIBRARY_VERSION] = { library_sql, library_2_sql, library_3_sql, library_4_sql,
	library_5_sql, library_6_sql, library_7_sql, library_8_sql };

static int upgrade(sqlite3 *lib, int64_t from, char **why)
{
	char mark[96];
	int r = db_begin(lib, why);

	for (int64_t v = from; r == 0 && v < LIBRARY_VERSION; v++)
		r = db_script(lib, versions[v], why);
	(void)snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		LIBRARY_APPLICATION, LIBRARY_VERSION);
	if (r == 0)
		r = db_script(lib, mark, why);
	if (r == 0)
		return db_commit(lib, why);
	db_rollback(lib);
	return r;
}

/* *version 0: nothing in it yet. */
static int identify(sqlite3 *lib, int64_t *version, char **why)
{
	int64_t application = 0, tables = 0;
	int r = db_get_int(lib, "PRAGMA user_version", 0, version, why);

	if (r == 0)
		r = db_get_int(lib, "PRAGMA application_id", 0, &application, why);
	if (r == 0)
		r = db_get_int(lib, "SELECT count(*) FROM sqlite_schema", 0, &tables, why);
	if (r != 0)
		return r;
	if (tables == 0 && *version == 0 && application == 0)
		return 0;
	if (application != LIBRARY_APPLICATION || *version < 1)
		return db_fail(why, STORE_E_NOT_OURS,
			"'%s' is a database of another program: move it away",
			sqlite3_db_filename(lib, "main"));
	if (*version > LIBRARY_VERSION)
		return db_fail(why, STORE_E_NEWER,
			"'%s' was written by a newer ragchat: upgrade ragchat",
			sqlite3_db_filename(lib, "main"));
	return 0;
}

int library_migrate(sqlite3 *lib, char **why)
{
	int64_t version = 0;
	int r = identify(lib, &version, why);

	if (r == 0)
		r = migrate_wal(lib, why);
	if (r == 0 && version < LIBRARY_VERSION)
		r = upgrade(lib, version, why);
	if (r == 0)
		r = carry_prepare(lib, why);
	return r;
}
