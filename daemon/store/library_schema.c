/* library.db from its birth to the newest version, and what a connection to it must know. */
#define LOG_TAG "library"
#include "daemon/store/library_in.h"

#include <errno.h>

#include "common/log.h"
#include "daemon/store/carry.h"
#include "daemon/store/migrate.h"
#include "daemon/store/rank.h"

#define LIBRARY_APPLICATION 0x7261674c /* "ragL" */
/* 16 MiB: while a document comes in, each copies most of the index */
#define CHECKPOINT_PAGES 4000

static const char library_sql[] =
#include "daemon/store/library.sql.h"
	;

int library_register(sqlite3 *lib)
{
	int r = tokenizer_register(lib);

	return r ? r : rank_register(lib);
}

static int create(sqlite3 *lib, char **why)
{
	char mark[96];
	int r = db_begin(lib, why);

	(void)snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		LIBRARY_APPLICATION, LIBRARY_VERSION);
	if (r == 0)
		r = db_script(lib, library_sql, why);
	if (r == 0)
		r = db_script(lib, mark, why);
	if (r == 0)
		return db_commit(lib, why);
	db_rollback(lib);
	return r;
}

/* *empty: nothing in it yet. */
static int identify(sqlite3 *lib, bool *empty, char **why)
{
	int64_t version = 0, application = 0, tables = 0;
	int r = db_get_int(lib, "PRAGMA user_version", 0, &version, why);

	if (r == 0)
		r = db_get_int(lib, "PRAGMA application_id", 0, &application, why);
	if (r == 0)
		r = db_get_int(lib, "SELECT count(*) FROM sqlite_schema", 0, &tables, why);
	if (r != 0)
		return r;
	*empty = tables == 0 && version == 0 && application == 0;
	if (*empty)
		return 0;
	if (application != LIBRARY_APPLICATION || version < 1)
		return db_fail(why, STORE_E_NOT_OURS,
			"'%s' is a database of another program: move it away",
			sqlite3_db_filename(lib, "main"));
	if (version > LIBRARY_VERSION)
		return db_fail(why, STORE_E_NEWER,
			"'%s' was written by a newer ragchat: upgrade ragchat",
			sqlite3_db_filename(lib, "main"));
	return 0;
}

/* Terms made by other rules than those of the index would be looked up in vain. */
static int follow_tokenizer(struct db *db, char **why)
{
	int64_t now = words_fingerprint(), then = 0, documents = 0;
	int r = db_get_int(db->lib, "SELECT fingerprint FROM tokenizer", 0, &then, why);

	if (r != 0 || now == then)
		return r;
	r = db_get_int(
		db->lib, "SELECT count(*) FROM document WHERE state = 1", 0, &documents, why);
	if (r == 0 && documents) {
		log_info("the rules for words have changed: indexing %lld documents again",
			(long long)documents);
		r = library_sweep(db, why);
		r = r ? r : library_reindex(db, why);
	}
	if (r == 0)
		r = db_begin(db->lib, why);
	if (r == 0)
		r = db_run(db, db->lib, why, "DELETE FROM tokenizer");
	if (r == 0)
		r = db_run(db, db->lib, why, "INSERT INTO tokenizer (fingerprint) VALUES (?1)",
			db_int(now));
	if (r == 0)
		return db_commit(db->lib, why);
	db_rollback(db->lib);
	return r;
}

int library_migrate(sqlite3 *lib, char **why)
{
	struct db db = { .lane = STORE_LIBRARY, .lib = lib };
	bool empty = false;
	int r = identify(lib, &empty, why);

	if (r == 0)
		r = migrate_wal(lib, why);
	/* within COMMIT, when its lock is gone: jobs here are long, and nobody waits for their ends
	 */
	(void)sqlite3_wal_autocheckpoint(lib, CHECKPOINT_PAGES);
	if (r == 0 && empty)
		r = create(lib, why);
	if (r == 0)
		r = carry_prepare(lib, why);
	if (r == 0)
		r = follow_tokenizer(&db, why);
	db_forget(&db);
	return r;
}
