/* Which segments count: rows of library.db, changed by its one writer. */
#define LOG_TAG "library"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"
#include "daemon/store/segments.h"

/* A collection that moved before words went straight into segments: what has come since is moved by so much. */
#define PORTION "16384"
#define FREE_ROWS 64 /* of a frozen table, in a transaction; about 4 KiB each */

static int64_t number_of(int64_t passage)
{
	return passage & (((int64_t)1 << PASSAGE_BITS) - 1);
}

static int64_t collection_of(int64_t passage)
{
	return passage >> PASSAGE_BITS;
}

/* One number, or `none`. */
static int ask(struct db *db, int64_t *out, int64_t none, char **why, const char *sql, int64_t a, int64_t b)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why, sql, db_int(a), db_int(b));

	if (r == 0)
		r = db_step(stmt, &row, why);
	*out = r == 0 && row && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? db_col_int(stmt, 0) : none;
	db_release(stmt);
	return r;
}

int words_has(struct db *db, int64_t passage, bool *in, char **why)
{
	int64_t from;
	int r = ask(db, &from, 0, why,
		"SELECT iif(direct, next, max(base, frozen)) FROM collection WHERE id = ?1 AND ?2 = ?2", collection_of(passage), 0);

	*in = number_of(passage) >= from;
	return r;
}

int segments_gone(struct db *db, int64_t first, int64_t passages, char **why)
{
	bool in = true;
	int r = words_has(db, first, &in, why);

	if (r != 0 || in)
		return r;
	db->tend = true;
	return db_run(db, db->lib, why, "INSERT OR REPLACE INTO segment_gone (first, passages) VALUES (?1, ?2)",
		db_int(first), db_int(passages));
}

int segments_broken(struct db *db, const char *file, char **why)
{
	int r = db_run(db, db->lib, why, "UPDATE segment SET state = 3 WHERE file = ?1 AND state = 1", db_text(file));

	if (r == 0 && sqlite3_changes(db->lib))
		log_warn("a file of the index is damaged: made anew from the text");
	return r;
}

/* ---- dropping ---- */

static int drop_frozen(struct db *db, int64_t collection, char **why)
{
	char table[WORDS_NAME], sql[WORDS_NAME + 32];

	words_table(table, collection, WORDS_FROZEN);
	(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s", table);
	return db_script(db->lib, sql, why);
}

static int forget_segments(struct db *db, int64_t collection, char **why)
{
	int r = db_run(db, db->lib, why, "UPDATE segment SET state = 2 WHERE collection = ?1", db_int(collection));

	if (r == 0)
		r = db_run(db, db->lib, why, "DELETE FROM segment_gone WHERE first >= ?1 AND first < ?2",
			db_int(collection << PASSAGE_BITS), db_int((collection + 1) << PASSAGE_BITS));
	db->tend = true;
	return r;
}

int segments_drop(struct db *db, int64_t collection, char **why)
{
	int r = forget_segments(db, collection, why);

	return r ? r : drop_frozen(db, collection, why);
}

/* A frozen table becomes one that was moved, and is freed like it. */
int segments_leave(struct db *db, int64_t collection, char **why)
{
	int r = forget_segments(db, collection, why);

	return r ? r : db_run(db, db->lib, why, "UPDATE collection SET base = 0, frozen = 0, direct = 0 WHERE id = ?1", db_int(collection));
}

/* ---- at the start ---- */

static int check_rows(struct db *db, char **why)
{
	sqlite3_stmt *stmt;
	bool row = true;
	struct buf lost;
	int r = db_query(&stmt, db, db->lib, why, "SELECT id, file, bytes FROM segment WHERE state <> 2");

	buf_init(&lost, 0);
	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row)
		if (!segment_file_is(db, db_col_text(stmt, 1), db_col_int(stmt, 2)))
			r = buf_addf(&lost, "%s%lld", lost.len ? "," : "", (long long)db_col_int(stmt, 0));
	db_release(stmt);
	if (r == 0 && lost.len) {
		log_warn("files of the index are missing or cut: made anew from the text");
		char *sql = mem_printf("UPDATE segment SET state = CASE state WHEN 0 THEN 2 ELSE 3 END WHERE id IN (%s)",
			buf_cstr(&lost));

		r = db_script(db->lib, sql, why);
		mem_free(sql);
	}
	buf_fini(&lost);
	return r;
}

static int delete_unknown(struct db *db, const char *name, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, why, "SELECT 1 FROM segment WHERE file = ?1", db_text(name));

	if (r == 0)
		r = db_step(stmt, &row, why);
	db_release(stmt);
	if (r == 0 && !row)
		segment_file_delete(db, name);
	return r;
}

int segments_tidy(struct db *db, char **why)
{
	int r = check_rows(db, why);

	db->tend = true;
	return r ? r : segment_file_each(db, delete_unknown, why);
}

/* ---- freezing ---- */

bool segments_wanted(struct db *db, int64_t collection)
{
	int64_t wanted = 0;
	int r = ask(db, &wanted, 0, NULL,
		"SELECT next - max(base, frozen) >= iif(base OR frozen, min(?2, " PORTION "), ?2) FROM collection WHERE id = ?1 AND direct = 0",
		collection, db->index_passages);

	return r == 0 && wanted && db->index_passages;
}

static int freeze(struct db *db, int64_t collection, char **why)
{
	char now[WORDS_NAME], frozen[WORDS_NAME], sql[2 * WORDS_NAME + 32];
	int r = library_begin(db, why);

	words_table(now, collection, WORDS_NOW);
	words_table(frozen, collection, WORDS_FROZEN);
	(void)snprintf(sql, sizeof(sql), "ALTER TABLE %s RENAME TO %s", now, frozen);
	if (r == 0)
		r = db_script(db->lib, sql, why);
	if (r == 0)
		r = words_create(db, collection, WORDS_NOW, why);
	if (r == 0)
		r = db_run(db, db->lib, why, "UPDATE collection SET frozen = next, direct = 1 WHERE id = ?1", db_int(collection));
	if (r == 0)
		return library_commit(db, why);
	db_rollback(db->lib);
	return r;
}

/* Collections that are large, and of which nothing is on its way. */
static int freeze_some(struct db *db, char **why)
{
	int64_t id = 0;
	int r = 0;

	if (!db->index_passages)
		return 0;
	r = ask(db, &id, 0, why,
		"SELECT c.id FROM collection c WHERE c.recipe = ?2 AND c.frozen = 0 AND c.direct = 0 AND c.next - c.base >= iif(c.base, min(?1, "
		PORTION "), ?1) AND c.passages > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = "
		"'frozen_' || c.id) LIMIT 1",
		db->index_passages, words_fingerprint());
	return r || !id ? r : freeze(db, id, why);
}

/* ---- freeing ---- */

/* Little by little; the last rows and the table itself at the end. */
static int free_table(struct db *db, int64_t collection, bool *more, char **why)
{
	char table[WORDS_NAME];
	int freed, r;

	words_table(table, collection, WORDS_FROZEN);
	r = words_free(db, table, FREE_ROWS, &freed, why);
	*more = freed == FREE_ROWS;
	return r || *more ? r : drop_frozen(db, collection, why);
}

/* A frozen table whose passages are in segments. */
static int moved_table(struct db *db, int64_t *collection, char **why)
{
	return ask(db, collection, 0, why,
		"SELECT c.id FROM sqlite_schema s JOIN collection c ON s.name = 'frozen_' || c.id WHERE c.frozen = 0 "
		"AND s.sql LIKE 'CREATE VIRTUAL%' AND ?1 = ?1 AND ?2 = ?2 LIMIT 1",
		0, 0);
}

/* The file first: a row without one goes the next time. */
static int delete_one(struct db *db, bool *more, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	char *file = NULL;
	int64_t id = 0;
	int r = db_query(&stmt, db, db->lib, why, "SELECT id, file FROM segment WHERE state = 2 LIMIT 1");

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		id = db_col_int(stmt, 0);
		file = db_col_dup(stmt, 1);
	}
	db_release(stmt);
	*more = file != NULL;
	if (!file)
		return r;
	segment_file_delete(db, file);
	mem_free(file);
	return db_run(db, db->lib, why, "DELETE FROM segment WHERE id = ?1", db_int(id));
}

static int delete_going(struct db *db, uint64_t until, bool *more, char **why)
{
	int64_t going = 0;
	int r = ask(db, &going, 0, why, "SELECT 1 FROM segment WHERE state = 2 AND ?1 = ?1 AND ?2 = ?2 LIMIT 1", 0, 0);

	*more = going != 0;
	if (r != 0 || !going)
		return r;
	r = library_begin(db, why);
	while (r == 0 && *more && clock_mono_us() < until)
		r = delete_one(db, more, why);
	if (r == 0)
		return library_commit(db, why);
	db_rollback(db->lib);
	return r;
}

int segments_housekeep(struct db *db, bool *more, char **why)
{
	uint64_t until = clock_mono_us() + SLICE_US;
	int64_t moved = 0;
	int r = freeze_some(db, why);

	if (r == 0)
		r = delete_going(db, until, more, why);
	if (r == 0 && !*more)
		r = moved_table(db, &moved, why);
	*more |= moved != 0;
	for (bool rows = moved != 0; r == 0 && rows && clock_mono_us() < until;) {
		r = free_table(db, moved, &rows, why);
		if (r == 0 && !rows) /* perhaps there is enough again to be frozen */
			*more = true;
	}
	return r;
}

/* ---- a new one ---- */

int segments_add(struct db *db, const struct segments_work *w, int state, char **why)
{
	if (!w->file[0])
		return 0;
	return db_run(db, db->lib, why,
		"INSERT INTO segment (collection, file, state, first, last, passages, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		db_int(w->collection), db_text(w->file), db_int(state), db_int(w->first), db_int(w->last),
		db_int(w->passages), db_int(w->bytes));
}

/* Is what it was made from still what is there? */
static int is_timely(struct db *db, const struct segments_work *w, bool *yes, char **why)
{
	int64_t found = 0;
	int r = 0;

	*yes = true;
	if (w->task == SEGMENTS_FROM_TEXT && !w->broken) {
		r = ask(db, &found, 0, why, "SELECT 1 FROM collection WHERE id = ?1 AND frozen = ?2", w->collection,
			number_of(w->end));
		*yes = found;
	} else if (w->task == SEGMENTS_FROM_TEXT) {
		r = ask(db, &found, 0, why, "SELECT 1 FROM segment WHERE id = ?1 AND state = 3 AND ?2 = ?2", w->broken, 0);
		*yes = found;
	}
	for (size_t i = 0; r == 0 && *yes && i < w->nold; i++) {
		r = ask(db, &found, 0, why, "SELECT 1 FROM segment WHERE id = ?1 AND state = 1 AND ?2 = ?2", w->old[i], 0);
		*yes = found;
	}
	return r;
}

/* All that has to be covered is: those that waited for it count from now on. */
static int change_hands(struct db *db, const struct segments_work *w, char **why)
{
	int r = db_run(db, db->lib, why, "UPDATE segment SET state = 1 WHERE collection = ?1 AND state = 0 AND first >= ?2 AND first < ?3",
		db_int(w->collection), db_int(w->begin), db_int(w->end));

	if (r == 0 && w->broken)
		return db_run(db, db->lib, why, "UPDATE segment SET state = 2 WHERE id = ?1", db_int(w->broken));
	if (r == 0)
		r = db_run(db, db->lib, why, "UPDATE collection SET base = frozen, frozen = 0 WHERE id = ?1",
			db_int(w->collection));
	return r;
}

static int commit_merge(struct db *db, const struct segments_work *w, char **why)
{
	int r = segments_add(db, w, 1, why);

	for (size_t i = 0; r == 0 && i < w->nold; i++)
		r = db_run(db, db->lib, why, "UPDATE segment SET state = 2 WHERE id = ?1", db_int(w->old[i]));
	for (size_t i = 0; r == 0 && i < w->ngone; i++)
		r = db_run(db, db->lib, why, "DELETE FROM segment_gone WHERE first = ?1", db_int(w->gone[i]));
	return r;
}

static int commit_text(struct db *db, const struct segments_work *w, char **why)
{
	int r = segments_add(db, w, 0, why);

	return r || w->last + 1 < w->end ? r : change_hands(db, w, why);
}

int segments_commit(struct db *db, struct segments_work *w, char **why)
{
	bool timely = false;
	int r = library_begin(db, why);

	if (r == 0)
		r = is_timely(db, w, &timely, why);
	if (r == 0 && timely)
		r = w->task == SEGMENTS_MERGE ? commit_merge(db, w, why) : commit_text(db, w, why);
	if (r == 0)
		r = library_commit(db, why);
	else
		db_rollback(db->lib);
	if (r != 0 || !timely)
		segment_file_delete(db, w->file);
	return r;
}
