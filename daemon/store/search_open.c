/*
 * search.db opened, or made anew: nothing in it that could not be made again, so that whatever is
 * wrong with it ends with an empty one.
 */
#define LOG_TAG "search"
#include "daemon/store/search_open.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/store/library_in.h"
#include "daemon/store/migrate.h"
#include "daemon/store/search_in.h"

#define SEARCH_APPLICATION 0x72616753 /* "ragS" */

static const char search_sql[] =
#include "daemon/store/search.sql.h"
	;

void said_table(char out[SAID_TABLE], int64_t shard)
{
	(void)snprintf(out, SAID_TABLE, "said_%lld", (long long)shard);
}

bool said_piece(const char *text, size_t n, size_t k, size_t *from, size_t *to)
{
	*from = utf8_floor(text, n, min_of(n, k * SAID_BYTES));
	*to = utf8_floor(text, n, min_of(n, (k + 1) * SAID_BYTES));
	return *to > *from;
}

/* Is it ours, of this version, with the words cut as now, and not ahead of the conversations? */
static bool fits(sqlite3 *said, int64_t newest)
{
	int64_t application = 0, version = 0, fingerprint = 0, upto = 0;

	return db_get_int(said, "PRAGMA application_id", 0, &application, NULL) == 0 && application == SEARCH_APPLICATION &&
	       db_get_int(said, "PRAGMA user_version", 0, &version, NULL) == 0 && version == SEARCH_VERSION &&
	       db_get_int(said, "SELECT fingerprint FROM state", 0, &fingerprint, NULL) == 0 &&
	       fingerprint == words_fingerprint_said() && db_get_int(said, "SELECT upto FROM state", -1, &upto, NULL) == 0 &&
	       upto >= 0 && upto <= newest;
}

static int make(sqlite3 *said, int64_t newest, char **why)
{
	char *sql = mem_printf("INSERT INTO state(id, fingerprint, upto) VALUES (1, %lld, %lld);"
			       "PRAGMA application_id = %d; PRAGMA user_version = %d",
		(long long)words_fingerprint_said(), (long long)newest, SEARCH_APPLICATION, SEARCH_VERSION);
	int r = db_begin(said, why);

	if (r == 0)
		r = db_script(said, search_sql, why);
	if (r == 0)
		r = db_script(said, sql, why);
	if (r == 0)
		r = db_commit(said, why);
	else
		db_rollback(said);
	mem_free(sql);
	return r;
}

static void remove_files(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < array_len(ends); i++) {
		char *name = mem_printf("%s%s", path, ends[i]);

		(void)unlink(name);
		mem_free(name);
	}
}

static int open_one(sqlite3 **said, const char *path, int64_t newest, bool fresh, char **why)
{
	int r = db_connect(said, path, DB_SEARCH, true, why);

	if (r == 0)
		r = migrate_wal(*said, why);
	if (r == 0 && fresh)
		r = make(*said, newest, why);
	if (r == 0)
		(void)sqlite3_db_config(*said, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return r;
}

static bool is_private(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077);
}

int search_open(sqlite3 **said, sqlite3 *chat, const char *path, char **why)
{
	int64_t newest = 0;
	int r = db_get_int(chat, "SELECT seq FROM sqlite_sequence WHERE name = 'ragchat_change'", 0, &newest, why);
	char *words = NULL;

	if (r != 0)
		return r;
	if (access(path, F_OK) == 0 && is_private(path) && open_one(said, path, newest, false, &words) == 0 && fits(*said, newest)) {
		mem_free(words);
		return 0;
	}
	if (access(path, F_OK) == 0)
		log_info("'%s' is made anew%s%s", path, words ? ": " : "", words ? words : "");
	mem_free(words);
	(void)sqlite3_close_v2(*said);
	*said = NULL;
	remove_files(path);
	return open_one(said, path, newest, true, why);
}
