/* Writing a document that comes in: its text, its passages, their words; then it is shown. */
#include "daemon/store/document_coming.h"

#include "common/attr.h"
#include "common/clock.h"
#include "daemon/store/carry.h"

/* half a megabyte in a transaction: quick to hand over, slower to reach the disk */
#define PIECES_AT_ONCE 16
#define LARGE_PASSAGES 2048 /* a document that is worth waiting for the disk: long to be made anew */

/* ---- where it goes ---- */

/* A number that no collection ever had: what is still kept of one that is gone is not this one's. */
static int new_number(struct coming *c, int64_t *out)
{
	int r = db_run(c->db, c->db->lib, c->why, "INSERT INTO collection_number DEFAULT VALUES");

	*out = sqlite3_last_insert_rowid(c->db->lib);
	return r ? r : db_run(c->db, c->db->lib, c->why, "DELETE FROM collection_number");
}

/* One that begins with a document so large that it would move at once is one of segments from the first. */
static int make_collection(struct coming *c, const char *name)
{
	int64_t most = c->db->index_passages;
	int r = new_number(c, &c->collection);

	c->direct = c->op->direct = most && (int64_t)c->op->n >= most;
	if (r == 0)
		r = db_run(c->db, c->db->lib, c->why,
			"INSERT INTO collection (id, account, name, recipe, direct) VALUES (?1, ?2, ?3, ?4, ?5)", db_int(c->collection),
			db_text(c->op->account.id), db_text(name), db_int(words_fingerprint()), db_int(c->direct));
	c->first = c->collection << PASSAGE_BITS;
	return r ? r : words_create(c->db, c->collection, WORDS_NOW, c->why);
}

/* The collection and its table, made when they are not there. Within a transaction. */
static int open_collection(struct coming *c)
{
	struct op_document_add *op = c->op;
	const char *name = op->doc.collection ? op->doc.collection : "default";
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, c->db, c->db->lib, c->why,
		"SELECT id, next, direct FROM collection WHERE account = ?1 AND name = ?2", db_text(op->account.id),
		db_text(name));

	if (r == 0)
		r = db_step(stmt, &row, c->why);
	if (r == 0 && row) {
		c->collection = db_col_int(stmt, 0);
		c->first = c->collection << PASSAGE_BITS | db_col_int(stmt, 1);
		c->direct = op->direct = db_col_int(stmt, 2);
	}
	db_release(stmt);
	return r || row ? r : make_collection(c, name);
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
			"added, title, known) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11)",
			db_text(op->doc.id), db_int(c->collection), db_text(op->doc.name),
			db_text(op->doc.sha256), db_int(op->doc.bytes),
			db_int((int64_t)op->text_len), db_int(c->first), db_int((int64_t)op->n),
			db_int(op->doc.added_us), db_text(op->doc.title),
			db_text(c->renews.key ? c->name : NULL));
	c->key = sqlite3_last_insert_rowid(c->db->lib);
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

static int write_words(struct coming *c, const struct words_row *row, uint16_t *length)
{
	struct words_cut cut;
	int r = c->portion ? portion_passage(c->portion, row, &cut) : words_insert(c->db, c->collection, WORDS_NOW, row, &cut, c->why);

	c->op->languages |= cut.language;
	*length = cut.length;
	return r;
}

/* Its words go into the portion: all at once where they were cut ahead, else passage by passage. */
static int begin_words(struct coming *c, struct portion *p)
{
	struct segment_builder *words = c->op->words;
	int r = 0;

	c->portion = p;
	c->cut = words != NULL;
	for (size_t i = 0; c->cut && i < c->op->n; i++)
		c->lengths[i] = segment_builder_length(words, i);
	if (c->cut)
		r = portion_take(p, &c->op->words, c->first);
	else
		portion_document(p, c->first);
	return r;
}

static int write_passage(struct coming *c, size_t i)
{
	const struct passage *p = &c->op->passages[i];
	struct words_row row = coming_row(c->op, i, c->first, c->name);
	int r = db_run(c->db, c->db->lib, c->why,
		"INSERT INTO passage (id, start, end, line, page, heading) VALUES (?1, ?2, ?3, ?4, "
		"?5, ?6)",
		db_int(row.id), db_int((int64_t)p->start), db_int((int64_t)p->end), db_int(p->line),
		db_int(p->page), db_text(p->heading));

	if (r == 0 && !c->cut)
		r = write_words(c, &row, &c->lengths[i]);
	c->terms += c->lengths[i];
	c->lengths[i] |= i == 0 ? LENGTH_FIRST : 0;
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
	int r = c->renews.key ? coming_take_place(c) : c->before ? library_hide(c->db, c->before, c->why) : 0;

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
			"bytes = bytes + ?4, languages = languages | ?5 WHERE id = ?1",
			db_int(c->collection), db_int((int64_t)c->op->n), db_int(c->terms),
			db_int(c->op->doc.bytes), db_int(c->op->languages));
	c->db->tend = c->db->tend || (r == 0 && segments_wanted(c->db, c->collection));
	if (r == 0 && !c->renews.key)
		r = carry_add(c->db, c->op->account.id, c->before ? "document.changed" : "document.added", c->op->doc.id,
			c->op->doc.name, c->why);
	return r;
}

static int bring_in(struct coming *c, struct slice *s)
{
	int r = slice_begin(s, c->db, c->why);

	if (r == 0)
		r = open_collection(c);
	if (r == 0)
		r = open_document(c);
	if (r == 0 && c->direct) {
		portion_begin(&c->own, c->collection);
		r = begin_words(c, &c->own);
	}
	s->collection = c->direct ? 0 : c->collection;
	if (r == 0)
		r = slice_turn(s);
	if (r == 0)
		r = write_text(c, s);
	if (r == 0)
		r = write_passages(c, s);
	/* what is shown is shown alone, or its transaction would hold a slice of passages as well */
	if (r == 0)
		r = slice_end(s);
	if (r == 0 && c->direct)
		r = portion_make(c->db, &c->own, c->op->n > LARGE_PASSAGES, c->why);
	if (r == 0)
		r = slice_begin(s, c->db, c->why);
	if (r == 0)
		r = show(c);
	if (r == 0 && c->direct)
		r = portion_add(c->db, &c->own, c->why);
	return r ? r : slice_end(s);
}

int coming_bring_in(struct coming *c)
{
	struct slice s;
	int r = bring_in(c, &s);

	if (r != 0)
		db_rollback(c->db->lib);
	portion_fini(c->db, &c->own, r == 0);
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

int coming_bring_in_at_once(struct coming *c)
{
	struct library_share *share = &c->db->share;
	int r = open_collection(c);

	if (r == 0)
		r = open_document(c);
	if (r == 0 && c->direct)
		r = begin_words(c, portions_get(c->db, c->collection));
	if (r == 0)
		r = text_write(c->db, c->key, 0, c->op->text, c->op->text_len, c->why);
	if (r == 0)
		r = write_all_passages(c);
	if (r == 0)
		r = show(c);
	if (r == 0 && !c->direct && share->n < array_len(share->collections) && !share_has(share, c->collection))
		share->collections[share->n++] = c->collection;
	share->leftovers = share->leftovers || c->before;
	return r;
}
