/*
 * Second names for the same bytes: rows of `document` without a text, without passages, and with a
 * `first` below 0. What they stand for is the document of their collection that has their sha256.
 * When that one goes, the oldest of its other names takes its place, and nothing else changes. It is
 * found by the words of each of its names.
 */
#include "daemon/store/library_in.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/segments.h"

int alias_target(struct db *db, const struct account *account, const struct document_row *doc,
	int64_t *key, char **name, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT d.key, d.name FROM collection c JOIN document d ON d.collection = c.id WHERE "
		"c.account = ?1 AND c.name = ?2 AND d.sha256 = ?3 AND d.state = 1 AND d.first >= 0",
		db_text(account->id), db_text(doc->collection ? doc->collection : "default"),
		db_text(doc->sha256));

	*key = 0;
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		*key = db_col_int(stmt, 0);
		*name = db_col_dup(stmt, 1);
	}
	db_release(stmt);
	return r;
}

/* ---- words ---- */

/*
 * The words of its first passage are those of its names as well. Where they cannot be changed, in a
 * segment or in an index of other rules, the document is indexed anew: before the job is answered.
 */
static int change_words(struct db *db, const struct document_place *from,
	const struct document_place *to, char **why)
{
	struct words_row before = { 0 }, after;
	char *heading = NULL;
	bool found = false, in = true;
	struct buf text;
	int r = words_has(db, from->first, &in, why);

	buf_init(&text, 0);
	if (r == 0)
		r = words_load(db, from, from->first, &before, &heading, &text, &found, why);
	after = before;
	after.name = to->name;
	in = in && !from->stale;
	if (r == 0 && found && in)
		r = words_delete(db, from->collection, WORDS_NOW, &before, why);
	if (r == 0 && found && in)
		r = words_insert(db, from->collection, WORDS_NOW, &after, NULL, why);
	if (r == 0 && found && from->first < from->cursor)
		r = words_delete(db, from->collection, WORDS_NEXT, &before, why);
	if (r == 0 && found && from->first < from->cursor)
		r = words_insert(db, from->collection, WORDS_NEXT, &after, NULL, why);
	if (r == 0 && found && !in) {
		r = db_run(db, db->lib, why, "UPDATE document SET renew = ?2 WHERE key = ?1", db_int(from->key), db_int(RENEW_NAMED));
		db->renew = true;
	}
	mem_free(heading);
	buf_fini(&text);
	return r;
}

/* Its names are others than they were in `from`. */
static int change_names(struct db *db, const struct document_place *from, char **why)
{
	struct document_place to = { 0 };
	int r = db_run(db, db->lib, why,
		"UPDATE document SET known = (SELECT " SQL_KNOWN " FROM document d WHERE d.key = ?1) WHERE key = ?1",
		db_int(from->key));

	if (r == 0)
		r = document_place_load(db, from->key, &to, why);
	if (r == 0 && strcmp(from->name, to.name) != 0)
		r = change_words(db, from, &to, why);
	document_place_fini(&to);
	return r;
}

/* ---- coming and going ---- */

int alias_add(struct db *db, int64_t target, struct document_row *doc, char **why)
{
	struct document_place from = { 0 };
	int r = document_place_load(db, target, &from, why);

	uuid_v4(doc->id);
	doc->added_us = clock_wall_us();
	doc->passages = 0;
	if (r == 0)
		r = db_run(db, db->lib, why,
			"INSERT INTO document (id, collection, name, sha256, bytes, text_bytes, first, "
			"passages, state, added, title) SELECT ?2, collection, ?3, sha256, bytes, 0, "
			"min(0, (SELECT min(first) FROM document)) - 1, 0, 1, ?4, title FROM document WHERE key = ?1",
			db_int(target), db_text(doc->id), db_text(doc->name), db_int(doc->added_us));
	if (r == 0)
		r = db_run(db, db->lib, why,
			"UPDATE collection SET documents = documents + 1 WHERE id = (SELECT "
			"collection FROM document WHERE key = ?1)",
			db_int(target));
	if (r == 0)
		r = change_names(db, &from, why);
	document_place_fini(&from);
	return r;
}

static int delete_row(struct db *db, int64_t key, char **why)
{
	int r = db_run(db, db->lib, why,
		"UPDATE collection SET documents = documents - 1 WHERE id = (SELECT collection FROM "
		"document WHERE key = ?1)",
		db_int(key));

	return r ? r : db_run(db, db->lib, why, "DELETE FROM document WHERE key = ?1", db_int(key));
}

static int target_of(struct db *db, int64_t key, int64_t *target, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why, "SELECT " SQL_TARGET " FROM document d WHERE d.key = ?1", db_int(key));

	if (r == 0)
		r = db_step(stmt, &row, why);
	*target = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

int alias_drop(struct db *db, int64_t key, bool alone, char **why)
{
	struct document_place from = { 0 };
	int64_t target = 0;
	int r = alone ? 0 : target_of(db, key, &target, why);

	if (r == 0 && target)
		r = document_place_load(db, target, &from, why);
	if (r == 0)
		r = delete_row(db, key, why);
	if (r == 0 && target)
		r = change_names(db, &from, why);
	document_place_fini(&from);
	return r;
}

/* Its id, name and day become those of the other row, which goes. */
static int take_over(struct db *db, int64_t key, int64_t alias, char **why)
{
	struct document_place from = { 0 };
	char *id = NULL, *name = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t added = 0;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why, "SELECT id, name, added FROM document WHERE key = ?1",
		db_int(alias));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		id = db_col_dup(stmt, 0);
		name = db_col_dup(stmt, 1);
		added = db_col_int(stmt, 2);
	}
	db_release(stmt);
	if (r == 0)
		r = document_place_load(db, key, &from, why);
	if (r == 0)
		r = delete_row(db, alias, why);
	if (r == 0)
		r = db_run(db, db->lib, why,
			"UPDATE document SET id = ?2, name = ?3, added = ?4 WHERE key = ?1", db_int(key),
			db_text(id), db_text(name), db_int(added));
	if (r == 0)
		r = change_names(db, &from, why);
	document_place_fini(&from);
	mem_free(id);
	mem_free(name);
	return r;
}

int alias_leave(struct db *db, int64_t key, bool *done, char **why)
{
	sqlite3_stmt *stmt = NULL;
	int64_t first = 0, alias = 0;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT d.first, (SELECT a.key FROM document a WHERE a.collection = d.collection AND "
		"a.sha256 = d.sha256 AND a.state = 1 AND a.first < 0 ORDER BY a.key LIMIT 1) FROM "
		"document d WHERE d.key = ?1",
		db_int(key));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		first = db_col_int(stmt, 0);
		alias = db_col_int(stmt, 1);
	}
	db_release(stmt);
	*done = r == 0 && (first < 0 || alias);
	if (r == 0 && first < 0)
		return alias_drop(db, key, false, why);
	return r == 0 && alias ? take_over(db, key, alias, why) : r;
}

/* ---- among what was found ---- */

int alias_each(struct db *db, const char *document, int (*each)(void *ctx, const char *id, const char *name),
	void *ctx, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT a.id, a.name FROM document d JOIN document a ON a.collection = d.collection AND "
		"a.sha256 = d.sha256 AND a.state = 1 AND a.first < 0 WHERE d.id = ?1 ORDER BY a.key",
		db_text(document));

	while (r == 0) {
		r = db_step(stmt, &row, why);
		if (r != 0 || !row)
			break;
		r = each(ctx, db_col_text(stmt, 0), db_col_text(stmt, 1));
	}
	db_release(stmt);
	return r;
}
