/*
 * Putting a document in. It comes in slices, none longer than a few milliseconds, as a document of
 * state 0 that nobody sees; the last transaction shows it whole and hides the one it replaces.
 */
#define LOG_TAG "library"
#include "daemon/store/carry.h"
#include "daemon/store/library_in.h"
#include "daemon/store/originals.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/segments.h"

/* half a megabyte in a transaction: quick to hand over, slower to reach the disk */
#define PIECES_AT_ONCE 16

/* What is known of a document while it comes in. */
struct coming {
	struct db *db;
	struct op_document_add *op;
	char **why;
	int64_t collection, key, first, terms;
	int64_t before; /* key of the document it replaces, 0 none */
	uint16_t *lengths;
	char *name; /* as it is indexed: document_place.name */
};

void document_row_fini(struct document_row *d)
{
	mem_free(d->name);
	mem_free(d->collection);
	mem_free(d->title);
	mem_free(d->same);
	*d = (struct document_row){ 0 };
}

struct op_document_add *op_document_add_new(void)
{
	struct op_document_add *op = mem_new(sizeof(*op));

	op->job.run = op_document_add_run;
	return op;
}

void op_document_add_free(struct op_document_add *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	document_row_fini(&op->doc);
	mem_free(op->text);
	for (size_t i = 0; i < op->n; i++)
		mem_free(op->passages[i].heading);
	mem_free(op->passages);
	mem_free(op);
}

/* ---- where it goes ---- */

/* The collection and its table, made when they are not there. Within a transaction. */
static int open_collection(struct coming *c)
{
	const struct op_document_add *op = c->op;
	const char *name = op->doc.collection ? op->doc.collection : "default";
	sqlite3_stmt *stmt = NULL;
	bool row = false, made;
	int r = db_run(c->db, c->db->lib, c->why,
		"INSERT OR IGNORE INTO collection (account, name) VALUES (?1, ?2)",
		db_text(op->account.id), db_text(name));

	made = r == 0 && sqlite3_changes(c->db->lib) > 0;
	if (r == 0)
		r = db_query(&stmt, c->db, c->db->lib, c->why,
			"SELECT id, next FROM collection WHERE account = ?1 AND name = ?2",
			db_text(op->account.id), db_text(name));
	if (r == 0)
		r = db_step(stmt, &row, c->why);
	if (r == 0) {
		c->collection = db_col_int(stmt, 0);
		c->first = c->collection << PASSAGE_BITS | db_col_int(stmt, 1);
	}
	db_release(stmt);
	if (r == 0 && made)
		r = words_create(c->db, c->collection, WORDS_NOW, c->why);
	if (r == 0 && made)
		r = db_run(c->db, c->db->lib, c->why, "UPDATE collection SET recipe = ?2 WHERE id = ?1",
			db_int(c->collection), db_int(words_fingerprint()));
	return r;
}

static int open_document(struct coming *c)
{
	struct op_document_add *op = c->op;
	int r = db_run(c->db, c->db->lib, c->why,
		"UPDATE collection SET next = next + ?2 WHERE id = ?1", db_int(c->collection),
		db_int((int64_t)op->n));

	uuid_v4(op->doc.id);
	op->doc.added_us = clock_wall_us();
	op->doc.passages = (int64_t)op->n;
	if (r == 0)
		r = db_run(c->db, c->db->lib, c->why,
			"INSERT INTO document (id, collection, name, sha256, bytes, text_bytes, "
			"first, passages, state, "
			"added, title) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)",
			db_text(op->doc.id), db_int(c->collection), db_text(op->doc.name),
			db_text(op->doc.sha256), db_int(op->doc.bytes),
			db_int((int64_t)op->text_len), db_int(c->first), db_int((int64_t)op->n),
			db_int(op->doc.added_us), db_text(op->doc.title));
	c->key = sqlite3_last_insert_rowid(c->db->lib);
	return r;
}

/* The document of that name that is there already. *same: it is this one. */
static int look_before(struct coming *c, bool *same)
{
	struct op_document_add *op = c->op;
	struct document_row found = { 0 };
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, c->db, c->db->lib, c->why,
		SQL_DOCUMENT "AND c.account = ?1 AND c.name = ?2 AND d.name = ?3",
		db_text(op->account.id),
		db_text(op->doc.collection ? op->doc.collection : "default"),
		db_text(op->doc.name));

	*same = false;
	if (r == 0)
		r = db_step(stmt, &row, c->why);
	if (r == 0 && row) {
		document_from_row(stmt, &found, &c->before);
		*same = !strcmp(found.sha256, op->doc.sha256);
	}
	db_release(stmt);
	if (*same) {
		document_row_fini(&op->doc);
		op->doc = found;
	} else {
		document_row_fini(&found);
	}
	return r;
}

/* A second name for what is there already; what was called so before goes. */
static int add_alias(struct coming *c, int64_t target)
{
	struct op_document_add *op = c->op;
	int r = c->before ? library_hide(c->db, c->before, c->why) : 0;

	if (r == 0)
		r = alias_add(c->db, target, &op->doc, c->why);
	return r ? r
		 : carry_add(c->db, op->account.id, c->before ? "document.changed" : "document.added",
			   op->doc.id, op->doc.name, c->why);
}

static int add_alias_alone(struct coming *c, int64_t target)
{
	int r = library_begin(c->db, c->why);

	if (r == 0)
		r = add_alias(c, target);
	if (r == 0)
		return library_commit(c->db, c->why);
	db_rollback(c->db->lib);
	return r;
}

/* ---- the slices ---- */

static int write_text(struct coming *c, struct slice *s)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < c->op->text_len) {
		size_t n = min_of(c->op->text_len - at, (size_t)PIECES_AT_ONCE * PIECE_BYTES);

		r = text_write(c->db, c->key, at, c->op->text + at, n, c->why);
		at += n;
		s->until_us = 0;
		if (r == 0)
			r = slice_turn(s);
	}
	return r;
}

static int write_passage(struct coming *c, size_t i)
{
	const struct passage *p = &c->op->passages[i];
	struct words_row row = {
		.id = c->first + (int64_t)i,
		.name = i == 0 ? c->name : NULL,
		.heading = p->heading,
		.text = c->op->text + p->start,
		.text_len = p->end - p->start,
	};
	int r;

	r = db_run(c->db, c->db->lib, c->why,
		"INSERT INTO passage (id, start, end, line, page, heading) VALUES (?1, ?2, ?3, ?4, "
		"?5, ?6)",
		db_int(row.id), db_int((int64_t)p->start), db_int((int64_t)p->end), db_int(p->line),
		db_int(p->page), db_text(p->heading));
	tokenizer_places = 0;
	if (r == 0)
		r = words_insert(c->db, c->collection, WORDS_NOW, &row, c->why);
	/* as words_length, but they were counted on the way: the text goes last */
	c->lengths[i] = (uint16_t)(min_of(row.text_len ? tokenizer_places : 0, (size_t)LENGTH_LONGEST) |
				   (i == 0 ? LENGTH_FIRST : 0));
	c->terms += c->lengths[i] & 0x7fff;
	return r;
}

static int write_passages(struct coming *c, struct slice *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->op->n; i++) {
		r = write_passage(c, i);
		if (r == 0)
			r = slice_turn(s);
	}
	return r;
}

/* All at once for everybody else: the new one is there, the old one is not. */
static int show(struct coming *c)
{
	int r = c->before ? library_hide(c->db, c->before, c->why) : 0;

	if (r == 0)
		r = lengths_write(c->db, c->first, c->op->n, c->lengths, c->why);
	if (r == 0)
		r = db_run(c->db, c->db->lib, c->why,
			"UPDATE document SET state = 1, terms = ?2 WHERE key = ?1", db_int(c->key),
			db_int(c->terms));
	if (r == 0)
		r = db_run(c->db, c->db->lib, c->why,
			"UPDATE collection SET documents = documents + 1, passages = passages + "
			"?2, terms = terms + ?3, "
			"bytes = bytes + ?4 WHERE id = ?1",
			db_int(c->collection), db_int((int64_t)c->op->n), db_int(c->terms),
			db_int(c->op->doc.bytes));
	c->db->tend = c->db->tend || (r == 0 && segments_wanted(c->db, c->collection));
	if (r == 0)
		r = carry_add(c->db, c->op->account.id, c->before ? "document.changed" : "document.added", c->op->doc.id,
			c->op->doc.name, c->why);
	return r;
}

static int bring_in(struct coming *c)
{
	struct slice s;
	int r = slice_begin(&s, c->db, c->why);

	if (r == 0)
		r = open_collection(c);
	if (r == 0)
		r = open_document(c);
	s.collection = c->collection;
	if (r == 0)
		r = slice_turn(&s);
	if (r == 0)
		r = write_text(c, &s);
	if (r == 0)
		r = write_passages(c, &s);
	/* what is shown is shown alone, or its transaction would hold a slice of passages as well
	 */
	if (r == 0)
		r = slice_end(&s);
	if (r == 0)
		r = slice_begin(&s, c->db, c->why);
	if (r == 0)
		r = show(c);
	if (r == 0)
		return slice_end(&s);
	db_rollback(c->db->lib);
	return r;
}

/* ---- in company ---- */

static bool share_has(const struct library_share *share, int64_t collection)
{
	for (size_t i = 0; i < share->n; i++)
		if (share->collections[i] == collection)
			return true;
	return false;
}

static int write_all_passages(struct coming *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->op->n; i++)
		r = write_passage(c, i);
	return r;
}

/* A small one, whole in the transaction that it shares: nothing of it is seen before the commit. */
static int bring_in_at_once(struct coming *c)
{
	struct library_share *share = &c->db->share;
	int r = open_collection(c);

	if (r == 0)
		r = open_document(c);
	if (r == 0)
		r = text_write(c->db, c->key, 0, c->op->text, c->op->text_len, c->why);
	if (r == 0)
		r = write_all_passages(c);
	if (r == 0)
		r = show(c);
	if (r == 0 && share->n < array_len(share->collections) && !share_has(share, c->collection))
		share->collections[share->n++] = c->collection;
	share->leftovers = share->leftovers || c->before;
	return r;
}

void library_shared(struct db *db)
{
	char *why = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < db->share.n; i++)
		r = words_merge(db, db->share.collections[i], WORDS_NOW, &why);
	if (r == 0 && db->share.leftovers)
		r = library_sweep(db, &why);
	if (r != 0)
		log_warn("cannot tidy up behind new documents: %s", why ? why : "no reason given");
	db->share = (struct library_share){ .n = 0 };
	mem_free(why);
}

/* ---- the job ---- */

static void sweep(struct db *db)
{
	char *why = NULL;

	if (library_sweep(db, &why) != 0)
		log_warn("cannot clear what is left of a document: %s",
			why ? why : "no reason given");
	mem_free(why);
}

static int share_bytes(struct coming *c, int64_t target)
{
	int r = c->op->shares ? add_alias(c, target) : add_alias_alone(c, target);

	c->op->same = r == 0;
	if (c->op->shares)
		c->db->share.leftovers = c->db->share.leftovers || c->before;
	else if (r == 0 && c->before)
		sweep(c->db);
	return r;
}

static int add(struct db *db, struct job *j)
{
	struct op_document_add *op = container_of(j, struct op_document_add, job);
	struct coming c = { .db = db, .op = op, .why = &j->why };
	int64_t target = 0;
	bool same = false;
	int r = look_before(&c, &same);

	if (r != 0 || same) {
		op->unchanged = r == 0;
		return r;
	}
	r = alias_target(db, &op->account, &op->doc, &target, &op->doc.same, &j->why);
	if (r != 0 || target)
		return r ? r : share_bytes(&c, target);
	c.lengths = calloc(op->n + 1, sizeof(*c.lengths));
	c.name = mem_printf("%s%s%s", op->doc.name, op->doc.title ? "\n" : "", op->doc.title ? op->doc.title : "");
	r = !c.lengths ? -ENOMEM : op->shares ? bring_in_at_once(&c) : bring_in(&c);
	mem_free(c.lengths);
	mem_free(c.name);
	op->replaced = r == 0 && c.before;
	if (op->shares)
		return r;
	/* the old one, or what came of the new one before an error; not done, it is done the next
	 * time */
	if (op->replaced || r != 0)
		sweep(db);
	return r;
}

int op_document_add_run(struct db *db, struct job *j)
{
	struct op_document_add *op = container_of(j, struct op_document_add, job);
	int r = add(db, j);

	if (r == 0 && op->original)
		original_put(db, op->account.id, op->doc.sha256, op->original, (size_t)op->doc.bytes);
	return r;
}
