/*
 * Words made anew, behind the back of those who search: a second table grows beside the first, some
 * milliseconds at a time, passage by passage in the order of their ids, and takes its place when it
 * has all of them. Documents that come meanwhile have higher ids and are reached in their turn; of
 * those that go, the part below the cursor is taken out of both. Lengths are put right on the way.
 */
#define LOG_TAG "library"
#include "daemon/store/library_in.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/segments.h"

#define RUN_US 50000   /* of one job: what waits behind it waits so long */
#define OLD_BLOCKS 16  /* of a table that goes, in one transaction: they are overwritten */
#define PAGE 64        /* passages looked up at once */

struct op_library_rebuild *op_library_rebuild_new(void)
{
	struct op_library_rebuild *op = mem_new(sizeof(*op));

	op->job.run = op_library_rebuild_run;
	return op;
}

void op_library_rebuild_free(struct op_library_rebuild *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

/* ---- a table that goes ---- */

/* A name that begins and ends as those of such tables do; 0: there is none. */
static int next_old(struct db *db, int64_t *collection, char **why)
{
	return db_get_int(db->lib,
		"SELECT substr(name, 7, length(name) - 10) FROM sqlite_schema WHERE type = 'table' "
		"AND name GLOB 'words_[0-9]*_old' LIMIT 1",
		0, collection, why);
}

static int drop_old(struct db *db, int64_t collection, char **why)
{
	char table[WORDS_NAME], sql[WORDS_NAME + 32];
	int freed, r;

	words_table(table, collection, WORDS_OLD);
	r = words_free(db, table, OLD_BLOCKS, &freed, why);
	if (r != 0 || freed)
		return r;
	(void)snprintf(sql, sizeof(sql), "DROP TABLE %s", table);
	return db_script(db->lib, sql, why);
}

/* ---- a table that comes ---- */

struct rebuild {
	struct db *db;
	char **why;
	int64_t recipe, collection, cursor, next_recipe;
	struct document_place document; /* the one that the passages are in now */
	int64_t state, terms;           /* of it; terms as its row has them */
	uint32_t languages;             /* of what one transaction came by */
	struct buf text;
};

/* The first collection whose words are of other rules; 0: none. */
static int find_stale(struct rebuild *b)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, b->db, b->db->lib, b->why,
		"SELECT id, cursor, next_recipe FROM collection WHERE recipe <> ?1 ORDER BY id LIMIT 1",
		db_int(b->recipe));

	if (r == 0)
		r = db_step(stmt, &row, b->why);
	b->collection = r == 0 && row ? db_col_int(stmt, 0) : 0;
	b->cursor = r == 0 && row ? db_col_int(stmt, 1) : 0;
	b->next_recipe = r == 0 && row ? db_col_int(stmt, 2) : 0;
	db_release(stmt);
	return r;
}

static int rename_words(struct rebuild *b, enum words from, enum words to)
{
	char a[WORDS_NAME], c[WORDS_NAME], sql[2 * WORDS_NAME + 32];

	words_table(a, b->collection, from);
	words_table(c, b->collection, to);
	(void)snprintf(sql, sizeof(sql), "ALTER TABLE %s RENAME TO %s", a, c);
	return db_script(b->db->lib, sql, b->why);
}

static int in_transaction(struct rebuild *b, int (*work)(struct rebuild *b))
{
	int r = library_begin(b->db, b->why);

	if (r == 0)
		r = work(b);
	if (r == 0)
		return library_commit(b->db, b->why);
	db_rollback(b->db->lib);
	return r;
}

/* One that was begun by yet other rules is of no use. */
static int begin(struct rebuild *b)
{
	int r = b->cursor ? rename_words(b, WORDS_NEXT, WORDS_OLD) : 0;

	b->cursor = b->collection << PASSAGE_BITS;
	if (r == 0)
		r = words_create(b->db, b->collection, WORDS_NEXT, b->why);
	return r ? r
		 : db_run(b->db, b->db->lib, b->why,
			   "UPDATE collection SET cursor = ?2, next_recipe = ?3 WHERE id = ?1",
			   db_int(b->collection), db_int(b->cursor), db_int(b->recipe));
}

static int finish(struct rebuild *b)
{
	int r = rename_words(b, WORDS_NOW, WORDS_OLD);

	if (r == 0)
		r = rename_words(b, WORDS_NEXT, WORDS_NOW);
	if (r == 0) /* they were made by the old rules, too */
		r = segments_leave(b->db, b->collection, b->why);
	if (r == 0)
		r = db_run(b->db, b->db->lib, b->why,
			"UPDATE collection SET recipe = ?2, next_recipe = 0, cursor = 0 WHERE id = ?1",
			db_int(b->collection), db_int(b->recipe));
	return r;
}

/* ---- passages ---- */

static int find_document(struct rebuild *b, int64_t passage)
{
	struct document_place *d = &b->document;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r;

	if (d->key && passage >= d->first && passage < d->first + d->passages)
		return 0;
	document_place_fini(d);
	*d = (struct document_place){ 0 };
	r = db_query(&stmt, b->db, b->db->lib, b->why,
		"SELECT key, state, terms FROM document WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
		db_int(passage));
	if (r == 0)
		r = db_step(stmt, &row, b->why);
	if (r == 0 && row) {
		d->key = db_col_int(stmt, 0);
		b->state = db_col_int(stmt, 1);
		b->terms = db_col_int(stmt, 2);
	}
	db_release(stmt);
	return r == 0 && row ? document_place_load(b->db, d->key, d, b->why) : r;
}

/* The document's sum follows each of its passages, so that a crash between two leaves it right. */
static int set_length(struct rebuild *b, int64_t passage, uint16_t length)
{
	struct db *db = b->db;
	uint16_t before = LENGTH_HIDDEN;
	int64_t more;
	int r;

	if (b->state != DOCUMENT_THERE)
		return 0;
	r = length_read(db, passage, &before, b->why);
	before &= 0x7fff;
	more = (length & 0x7fff) - (before == LENGTH_HIDDEN ? 0 : before);
	if (r != 0 || !more)
		return r;
	r = lengths_write(db, passage, 1, &length, b->why);
	if (r == 0)
		r = db_run(db, db->lib, b->why,
			"UPDATE document SET terms = terms + ?2 WHERE key = ?1",
			db_int(b->document.key), db_int(more));
	if (r == 0)
		r = db_run(db, db->lib, b->why,
			"UPDATE collection SET terms = terms + ?2 WHERE id = ?1",
			db_int(b->collection), db_int(more));
	return r;
}

static int index_passage(struct rebuild *b, int64_t passage)
{
	struct words_row row;
	struct words_cut cut;
	char *heading = NULL;
	bool found = false;
	int r = find_document(b, passage);

	if (r == 0 && b->document.key)
		r = words_load(b->db, &b->document, passage, &row, &heading, &b->text, &found, b->why);
	if (r == 0 && found)
		r = words_insert(b->db, b->collection, WORDS_NEXT, &row, &cut, b->why);
	if (r == 0 && found) {
		b->languages |= cut.language;
		r = set_length(b, passage, cut.length | (passage == b->document.first ? LENGTH_FIRST : 0));
	}
	mem_free(heading);
	return r;
}

/* Up to n passages from the cursor on; *n: how many there were. */
static int next_passages(struct rebuild *b, int64_t *ids, size_t *n)
{
	size_t most = *n;
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, b->db, b->db->lib, b->why,
		"SELECT id FROM passage WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3",
		db_int(b->cursor), db_int((b->collection + 1) << PASSAGE_BITS), db_int((int64_t)most));

	for (*n = 0; r == 0 && *n < most;) {
		r = db_step(stmt, &row, b->why);
		if (r != 0 || !row)
			break;
		ids[(*n)++] = db_col_int(stmt, 0);
	}
	db_release(stmt);
	return r;
}

static int index_some(struct rebuild *b)
{
	uint64_t until = clock_mono_us() + SLICE_US;
	int64_t ids[PAGE];
	size_t n = PAGE;
	int r = next_passages(b, ids, &n);

	b->languages = 0;
	for (size_t i = 0; r == 0 && i < n && (i == 0 || clock_mono_us() < until); i++) {
		r = index_passage(b, ids[i]);
		b->cursor = ids[i] + 1;
	}
	if (r == 0 && !n) {
		b->cursor = 0;
		return finish(b);
	}
	return r ? r
		 : db_run(b->db, b->db->lib, b->why, "UPDATE collection SET cursor = ?2, languages = languages | ?3 WHERE id = ?1",
			   db_int(b->collection), db_int(b->cursor), db_int(b->languages));
}

/* One transaction. *more: there is work left. */
static int step(struct rebuild *b, bool *more)
{
	int64_t old = 0;
	int r = next_old(b->db, &old, b->why);

	*more = true;
	if (r != 0 || old)
		return r ? r : drop_old(b->db, old, b->why);
	r = find_stale(b);
	if (r == 0 && !b->collection)
		return library_renew_next(b->db, RENEW_ASKED, more, b->why);
	if (r != 0) {
		*more = false;
		return r;
	}
	if (!b->cursor || b->next_recipe != b->recipe)
		return in_transaction(b, begin);
	r = in_transaction(b, index_some);
	return r || !b->cursor ? r : words_merge(b->db, b->collection, WORDS_NEXT, b->why);
}

int op_library_rebuild_run(struct db *db, struct job *j)
{
	struct op_library_rebuild *op = container_of(j, struct op_library_rebuild, job);
	uint64_t until = clock_mono_us() + RUN_US;
	struct rebuild b = { .db = db, .why = &j->why, .recipe = words_fingerprint() };
	int r;

	buf_init(&b.text, 0);
	do /* between two jobs documents may come and go, within one none does */
		r = step(&b, &op->more);
	while (r == 0 && op->more && clock_mono_us() < until);
	document_place_fini(&b.document);
	buf_fini(&b.text);
	return r;
}

/* ---- by request ---- */

struct op_reindex *op_reindex_new(void)
{
	struct op_reindex *op = mem_new(sizeof(*op));

	op->job.run = op_reindex_run;
	return op;
}

void op_reindex_free(struct op_reindex *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	mem_free(op->collection);
	for (size_t i = 0; i < op->nrefs; i++)
		mem_free(op->refs[i]);
	mem_free(op->refs);
	candidates_fini(&op->candidates);
	mem_free(op);
}

/* A recipe that no rules have: what stands there goes on answering until the new one does. */
static int mark(struct db *db, struct op_reindex *op)
{
	struct job *j = &op->job;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, &j->why,
		"SELECT count(*), coalesce(sum(documents), 0), coalesce(sum(passages), 0) FROM collection "
		"WHERE account = ?1 AND (?2 IS NULL OR name = ?2) AND documents > 0",
		db_text(op->account.id), db_text(op->collection));

	if (r == 0)
		r = db_step(stmt, &row, &j->why);
	if (r == 0 && row) {
		op->collections = db_col_int(stmt, 0);
		op->documents = db_col_int(stmt, 1);
		op->passages = db_col_int(stmt, 2);
	}
	db_release(stmt);
	if (r == 0 && op->collection && !op->collections)
		return db_fail(&j->why, STORE_E_NOT_FOUND, "no collection '%.200s'", op->collection);
	return r ? r
		 : db_run(db, db->lib, &j->why,
			   "UPDATE collection SET recipe = 0, next_recipe = 0 WHERE account = ?1 AND "
			   "(?2 IS NULL OR name = ?2)",
			   db_text(op->account.id), db_text(op->collection));
}

/* A second name stands for what it names. */
static int mark_document(struct db *db, struct op_reindex *op, const char *ref)
{
	struct document_row doc = { 0 };
	int64_t key = 0;
	int r = library_find(db, &op->account, op->collection, ref, &key, &doc, &op->candidates, &op->job.why);

	document_row_fini(&doc);
	return r ? r
		 : db_run(db, db->lib, &op->job.why,
			   "UPDATE document SET renew = max(renew, ?2) WHERE key = (SELECT " SQL_TARGET " FROM document d WHERE d.key = ?1)",
			   db_int(key), db_int(RENEW_ASKED));
}

static int count_marked(struct db *db, struct op_reindex *op)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, &op->job.why,
		"SELECT count(DISTINCT d.collection), count(*), coalesce(sum(d.passages), 0) FROM document d JOIN collection c ON "
		"c.id = d.collection WHERE d.renew <> 0 AND c.account = ?1",
		db_text(op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	if (r == 0 && row) {
		op->collections = db_col_int(stmt, 0);
		op->documents = db_col_int(stmt, 1);
		op->passages = db_col_int(stmt, 2);
	}
	db_release(stmt);
	return r;
}

static int mark_documents(struct db *db, struct op_reindex *op)
{
	int r = library_begin(db, &op->job.why);

	for (size_t i = 0; r == 0 && i < op->nrefs; i++)
		r = mark_document(db, op, op->refs[i]);
	if (r == 0)
		r = count_marked(db, op);
	if (r == 0)
		return library_commit(db, &op->job.why);
	db_rollback(db->lib);
	return r;
}

int op_reindex_run(struct db *db, struct job *j)
{
	struct op_reindex *op = container_of(j, struct op_reindex, job);

	return op->nrefs ? mark_documents(db, op) : mark(db, op);
}
