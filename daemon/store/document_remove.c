/*
 * Taking documents out: at once from everybody's sight, then in slices from the tables. The same
 * work clears what a crash left of a document on its way in.
 */
#define LOG_TAG "library"
#include "daemon/store/library_in.h"
#include "daemon/store/originals.h"

#include "daemon/store/carry.h"

#include <errno.h>
#include <stdio.h>

#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/segments.h"

#define SHRINK_PAGES 64
#define FREE_ROWS 64
#define PASSAGES_AT_ONCE 256
#define PIECES_AT_ONCE 16 /* half a megabyte, which secure_delete overwrites */

struct op_document_remove *op_document_remove_new(void)
{
	struct op_document_remove *op = mem_new(sizeof(*op));

	op->job.run = op_document_remove_run;
	return op;
}

void op_document_remove_free(struct op_document_remove *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->collection);
	document_row_fini(&op->doc);
	candidates_fini(&op->candidates);
	mem_free(op);
}

int library_hide(struct db *db, int64_t key, char **why)
{
	bool done = false;
	int r = alias_leave(db, key, &done, why);

	return r || done ? r : library_hide_alone(db, key, why);
}

int library_hide_alone(struct db *db, int64_t key, char **why)
{
	struct document_place p = { 0 };
	int r = document_place_load(db, key, &p, why);

	if (r == 0)
		r = lengths_write(db, p.first, (size_t)p.passages, NULL, why);
	if (r == 0)
		r = segments_gone(db, p.first, p.passages, why);
	if (r == 0)
		r = db_run(db, db->lib, why,
			"UPDATE collection SET documents = collection.documents - 1, "
			"passages = collection.passages - d.passages, terms = collection.terms - "
			"d.terms, "
			"bytes = collection.bytes - d.bytes "
			"FROM document d WHERE d.key = ?1 AND d.state = 1 AND collection.id = "
			"d.collection",
			db_int(key));
	if (r == 0)
		r = db_run(db, db->lib, why, "UPDATE document SET state = 2 WHERE key = ?1",
			db_int(key));
	document_place_fini(&p);
	return r;
}

/* ---- sweeping ---- */

/*
 * Words can be taken out of an index only as they were put in. One that other rules have made keeps
 * them until it is replaced: whose they are is hidden already.
 */
static int forget_words(
	struct db *db, const struct document_place *p, const struct words_row *row, bool in_table,
	char **why)
{
	int r = p->stale || !in_table ? 0 : words_delete(db, p->collection, WORDS_NOW, row, why);

	if (r == 0 && row->id < p->cursor)
		r = words_delete(db, p->collection, WORDS_NEXT, row, why);
	return r;
}

/* Whose words lie in a segment, or in a table that will be one or go as a whole: nobody looks them up. */
static int sweep_moved_passages(struct slice *s, const struct document_place *p)
{
	int r = 0;

	for (int64_t id = p->first; r == 0 && id < p->first + p->passages; id += PASSAGES_AT_ONCE) {
		int64_t end = min_of(id + PASSAGES_AT_ONCE, p->first + p->passages);

		r = db_run(s->db, s->db->lib, s->why, "DELETE FROM passage WHERE id >= ?1 AND id < ?2", db_int(id), db_int(end));
		if (r == 0)
			r = db_run(s->db, s->db->lib, s->why, "DELETE FROM vector WHERE id >= ?1 AND id < ?2", db_int(id), db_int(end));
		if (r == 0)
			r = slice_turn(s);
	}
	return r;
}

static int sweep_passages(struct slice *s, const struct document_place *p)
{
	struct buf text;
	bool in = true;
	int r = words_has(s->db, p->first, &in, s->why);

	if (r != 0 || ((!in || p->stale) && p->cursor <= p->first))
		return r ? r : sweep_moved_passages(s, p);
	buf_init(&text, 0);
	for (int64_t id = p->first; r == 0 && id < p->first + p->passages; id++) {
		struct words_row row;
		char *heading;
		bool found = false;

		r = words_load(s->db, p, id, &row, &heading, &text, &found, s->why);
		if (r == 0 && found)
			r = forget_words(s->db, p, &row, in, s->why);
		if (r == 0 && found)
			r = db_run(s->db, s->db->lib, s->why, "DELETE FROM passage WHERE id = ?1",
				db_int(id));
		if (r == 0)
			r = db_run(s->db, s->db->lib, s->why, "DELETE FROM vector WHERE id = ?1", db_int(id));
		mem_free(heading);
		if (r == 0)
			r = slice_turn(s);
	}
	buf_fini(&text);
	return r;
}

static int sweep_pieces(struct slice *s, const struct document_place *p)
{
	int64_t from = p->key << PIECE_BITS, end = (p->key + 1) << PIECE_BITS;
	int r = 0;

	for (int changes = 1; r == 0 && changes > 0;) {
		r = db_run(s->db, s->db->lib, s->why,
			"DELETE FROM piece WHERE id IN (SELECT id FROM piece WHERE id >= ?1 AND id "
			"< ?2 LIMIT ?3)",
			db_int(from), db_int(end), db_int(PIECES_AT_ONCE));
		changes = r == 0 ? sqlite3_changes(s->db->lib) : 0;
		if (r == 0)
			r = slice_turn(s);
	}
	return r;
}

/*
 * What removing wrote into the index are marks; merged with what they mark, both vanish. Little by
 * little, each step a transaction of its own: dropping a large table would take one long one.
 */
static int shrink_words(struct slice *s)
{
	char table[WORDS_NAME], sql[2 * WORDS_NAME + 96];
	sqlite3 *lib = s->db->lib;
	int64_t collection = s->collection, pages = -SHRINK_PAGES, before;
	int r = slice_end(s);

	words_table(table, s->collection, WORDS_NOW);
	(void)snprintf(
		sql, sizeof(sql), "INSERT INTO %s (%s, rank) VALUES ('merge', ?1)", table, table);
	do {
		before = sqlite3_total_changes64(lib);
		if (r == 0)
			r = db_run(s->db, lib, s->why, sql, db_int(pages));
		pages = SHRINK_PAGES;
	} while (r == 0 && sqlite3_total_changes64(lib) - before > 1);
	if (r == 0)
		r = slice_begin(s, s->db, s->why);
	s->collection = collection;
	return r;
}

/*
 * The words of a collection of which nothing is left to be seen, and which nobody has taken out one
 * by one. Little by little, too.
 */
static int free_words(struct slice *s)
{
	char table[WORDS_NAME];
	int64_t collection = s->collection;
	int r = 0;

	words_table(table, s->collection, WORDS_NOW);
	s->collection = 0; /* nothing is merged any more */
	for (int freed = FREE_ROWS; r == 0 && freed == FREE_ROWS;) {
		r = words_free(s->db, table, FREE_ROWS, &freed, s->why);
		if (r == 0)
			r = slice_turn(s);
	}
	s->collection = collection;
	return r;
}

/* A collection that has no document any more leaves no trace. */
static int sweep_collection(struct slice *s)
{
	int64_t collection = s->collection;
	char table[WORDS_NAME], sql[64];
	int r = db_run(s->db, s->db->lib, s->why,
		"DELETE FROM collection WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM document WHERE "
		"collection = ?1)",
		db_int(collection));

	if (r != 0 || sqlite3_changes(s->db->lib) == 0)
		return r;
	s->collection = 0;
	r = db_run(s->db, s->db->lib, s->why, "DELETE FROM vectors WHERE collection = ?1", db_int(collection));
	for (enum words w = WORDS_NOW; r == 0 && w <= WORDS_NEXT; w++) {
		words_table(table, collection, w);
		(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s", table);
		r = db_script(s->db->lib, sql, s->why);
	}
	return r ? r : segments_drop(s->db, collection, s->why);
}

/* Is this the last document of its collection? */
static bool is_last(struct db *db, const struct document_place *p)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, NULL,
		"SELECT 1 FROM document WHERE collection = ?1 AND state = 1 AND key <> ?2 UNION ALL "
		"SELECT 1 FROM document WHERE state <> 1 AND collection = ?1 AND key <> ?2 LIMIT 1",
		db_int(p->collection), db_int(p->key));

	if (r == 0)
		r = db_step(stmt, &row, NULL);
	db_release(stmt);
	return r == 0 && !row;
}

/* The file as it came goes with the last document of the account that has its bytes. */
static void sweep_original(struct slice *s, int64_t key)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, s->db, s->db->lib, NULL,
		"SELECT c.account, d.sha256 FROM document d JOIN collection c ON c.id = d.collection "
		"WHERE d.key = ?1 AND NOT EXISTS (SELECT 1 FROM collection o JOIN document e ON "
		"e.collection = o.id AND e.sha256 = d.sha256 AND e.state = 1 "
		"WHERE o.account = c.account)",
		db_int(key));

	if (r == 0)
		r = db_step(stmt, &row, NULL);
	if (r == 0 && row && db_col_text(stmt, 0) && db_col_text(stmt, 1))
		original_drop(s->db, db_col_text(stmt, 0), db_col_text(stmt, 1));
	db_release(stmt);
}

static int sweep_document(struct slice *s, int64_t key)
{
	struct document_place p;
	int r = document_place_load(s->db, key, &p, s->why);
	bool last;

	sweep_original(s, key);
	s->collection = p.collection;
	if (r == 0)
		r = sweep_passages(s, &p);
	if (r == 0)
		r = sweep_pieces(s, &p);
	last = r == 0 && is_last(s->db, &p);
	if (last)
		r = p.stale ? free_words(s) : shrink_words(s);
	if (r == 0)
		r = db_run(s->db, s->db->lib, s->why, "DELETE FROM document WHERE key = ?1",
			db_int(key));
	if (r == 0 && last)
		r = sweep_collection(s);
	document_place_fini(&p);
	return r;
}

static int next_moving(struct db *db, int64_t *key, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(
		&stmt, db, db->lib, why, "SELECT key FROM document WHERE state <> 1 LIMIT 1");

	if (r == 0)
		r = db_step(stmt, &row, why);
	*key = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

int library_sweep(struct db *db, char **why)
{
	struct slice s;
	int64_t key = 0;
	int r = slice_begin(&s, db, why);

	while (r == 0) {
		r = next_moving(db, &key, why);
		if (r != 0 || key == 0)
			break;
		r = sweep_document(&s, key);
	}
	if (r == 0)
		return slice_end(&s);
	db_rollback(db->lib);
	return r;
}

/* ---- the job ---- */

static int hide_in_transaction(struct db *db, const struct op_document_remove *op, int64_t key, char **why)
{
	int r = library_begin(db, why);

	if (r == 0)
		r = library_hide(db, key, why);
	if (r == 0)
		r = carry_add(db, op->account.id, "document.removed", op->doc.id, op->doc.name, why);
	if (r == 0)
		return library_commit(db, why);
	db_rollback(db->lib);
	return r;
}

int op_document_remove_run(struct db *db, struct job *j)
{
	struct op_document_remove *op = container_of(j, struct op_document_remove, job);
	char *why = NULL;
	int64_t key = 0;
	int r = library_find(db, &op->account, op->collection, op->ref, &key, &op->doc, &op->candidates, &j->why);

	if (r == 0)
		r = hide_in_transaction(db, op, key, &j->why);
	/* nobody sees it any more: what fails now is done the next time */
	if (r == 0 && library_sweep(db, &why) != 0)
		log_warn("cannot clear what is left of a document: %s",
			why ? why : "no reason given");
	mem_free(why);
	return r;
}

struct op_library_tidy *op_library_tidy_new(void)
{
	struct op_library_tidy *op = mem_new(sizeof(*op));

	op->job.run = op_library_tidy_run;
	return op;
}

int op_library_tidy_run(struct db *db, struct job *j)
{
	int r = library_sweep(db, &j->why);

	library_renew_named(db);
	return r ? r : segments_tidy(db, &j->why);
}

void op_library_tidy_free(struct op_library_tidy *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}
