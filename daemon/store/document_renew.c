/*
 * A document indexed anew, from the text that is here: as one that comes in, with passages of its own,
 * it takes the place, the id and the day of the old one in one transaction. Until then the old one
 * answers; nothing but its mark tells that it is to be done, so a crash loses nothing.
 */
#define LOG_TAG "library"
#include "daemon/store/document_coming.h"

#include <errno.h>

#include "common/log.h"
#include "common/mem.h"

/* What a document is: everything but its index. */
static int load_row(struct op_document_add *op, struct db *db, int64_t key, struct coming *c, bool *found, char **why)
{
	sqlite3_stmt *stmt = NULL;
	int64_t text = 0;
	struct buf buf;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT d.id, d.name, c.name, d.title, d.sha256, d.bytes, d.added, d.text_bytes, d.first, d.passages, " SQL_KNOWN
		", c.account FROM document d JOIN collection c ON c.id = d.collection WHERE d.key = ?1 AND d.state = 1 AND d.first >= 0",
		db_int(key));

	if (r == 0)
		r = db_step(stmt, found, why);
	if (r == 0 && *found) {
		db_col_id(stmt, 0, c->renews.id);
		op->doc.name = db_col_dup(stmt, 1);
		op->doc.collection = db_col_dup(stmt, 2);
		op->doc.title = db_col_dup(stmt, 3);
		(void)snprintf(op->doc.sha256, sizeof(op->doc.sha256), "%s", db_col_text(stmt, 4) ? db_col_text(stmt, 4) : "");
		op->doc.bytes = db_col_int(stmt, 5);
		c->renews.added_us = db_col_int(stmt, 6);
		text = db_col_int(stmt, 7);
		c->renews.first = db_col_int(stmt, 8);
		op->n = (size_t)db_col_int(stmt, 9);
		c->name = db_col_dup(stmt, 10);
		db_col_id(stmt, 11, op->account.id);
	}
	db_release(stmt);
	if (r != 0 || !*found)
		return r;
	buf_init(&buf, 0);
	r = text_read(db, key, 0, (uint64_t)text, &buf, why);
	op->text_len = buf.len;
	if (r == 0)
		op->text = buf_steal(&buf, NULL);
	buf_fini(&buf);
	*found = r != 0 || (op->text && op->text_len == (size_t)text);
	return r;
}

static int load_passages(struct op_document_add *op, struct db *db, int64_t first, bool *whole, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	size_t n = 0;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT start, end, line, page, heading FROM passage WHERE id >= ?1 AND id < ?2 ORDER BY id", db_int(first),
		db_int(first + (int64_t)op->n));

	op->passages = calloc(op->n + 1, sizeof(*op->passages));
	if (!op->passages)
		r = r ? r : -ENOMEM;
	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row && n < op->n) {
		struct passage *p = &op->passages[n++];

		*p = (struct passage){ .start = (uint64_t)db_col_int(stmt, 0), .end = (uint64_t)db_col_int(stmt, 1),
			.line = (int)db_col_int(stmt, 2), .page = (int)db_col_int(stmt, 3), .heading = db_col_dup(stmt, 4) };
		if (p->start > p->end || p->end > op->text_len)
			break;
		*whole = n == op->n;
	}
	*whole = *whole && n == op->n;
	op->n = n;
	db_release(stmt);
	return r;
}

/* The vectors of its passages are those of the same texts. */
static int carry_vectors(struct coming *c)
{
	return db_run(c->db, c->db->lib, c->why,
		"INSERT OR IGNORE INTO vector (id, scale, data) SELECT id + ?3, scale, data FROM vector WHERE id >= ?1 AND id < ?2",
		db_int(c->renews.first), db_int(c->renews.first + (int64_t)c->op->n), db_int(c->first - c->renews.first));
}

/* Within the transaction that shows the new one. */
int coming_take_place(struct coming *c)
{
	id_str other;
	int r = library_hide_alone(c->db, c->renews.key, c->why);

	uuid_v4(other);
	if (r == 0)
		r = db_run(c->db, c->db->lib, c->why, "UPDATE document SET id = ?2, renew = 0 WHERE key = ?1",
			db_int(c->renews.key), db_text(other));
	if (r == 0)
		r = db_run(c->db, c->db->lib, c->why, "UPDATE document SET id = ?2, added = ?3 WHERE key = ?1",
			db_int(c->key), db_text(c->renews.id), db_int(c->renews.added_us));
	return r ? r : carry_vectors(c);
}

static int unmark(struct db *db, int64_t key, char **why)
{
	return db_run(db, db->lib, why, "UPDATE document SET renew = 0 WHERE key = ?1", db_int(key));
}

static int renew(struct db *db, int64_t key, char **why)
{
	struct op_document_add *op = op_document_add_new();
	struct coming c = { .db = db, .op = op, .why = why, .renews.key = key };
	bool whole = false;
	int r = load_row(op, db, key, &c, &whole, why);

	if (r == 0 && whole)
		r = load_passages(op, db, c.renews.first, &whole, why);
	if (r == 0 && !whole) {
		log_warn("the text of a document is damaged: its index stays as it is");
		r = unmark(db, key, why);
	} else if (r == 0) {
		c.lengths = calloc(op->n + 1, sizeof(*c.lengths));
		r = c.lengths ? coming_bring_in(&c) : -ENOMEM;
		mem_free(c.lengths);
	}
	mem_free(c.name);
	op_document_add_free(op);
	return r;
}

int library_renew_next(struct db *db, int64_t mark, bool *more, char **why)
{
	sqlite3_stmt *stmt = NULL;
	int64_t key = 0;
	int r = db_query(&stmt, db, db->lib, why, "SELECT key FROM document WHERE renew = ?1 AND renew <> 0 ORDER BY key LIMIT 1",
		db_int(mark));

	*more = false;
	if (r == 0)
		r = db_step(stmt, more, why);
	if (r == 0 && *more)
		key = db_col_int(stmt, 0);
	db_release(stmt);
	if (r == 0 && *more)
		r = renew(db, key, why);
	/* the old one; or what came of the new one before an error */
	return *more ? (r ? (library_sweep(db, NULL), r) : library_sweep(db, why)) : r;
}

void library_renew_named(struct db *db)
{
	char *why = NULL;
	bool more = true;
	int r = 0;

	while (r == 0 && more)
		r = library_renew_next(db, RENEW_NAMED, &more, &why);
	if (r != 0)
		log_warn("a document is found by its old name yet: %s", why ? why : "the database failed");
	db->renew = false;
	mem_free(why);
}
