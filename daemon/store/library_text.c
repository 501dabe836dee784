/* What lies in the tables of library.db, packed and unpacked: text in pieces, words, lengths,
 * slices. */
#include "daemon/store/library_in.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"

void words_table(char out[WORDS_NAME], int64_t collection, enum words which)
{
	static const char *const shapes[][2] = { { "words_", "" }, { "words_", "_next" }, { "words_", "_old" }, { "frozen_", "" } };

	(void)snprintf(out, WORDS_NAME, "%s%lld%s", shapes[which][0], (long long)collection, shapes[which][1]);
}

/* ---- text ---- */

/*
 * Of a piece only the pages that are wanted are read: a blob in a row would be read from its beginning to
 * its end. *there false: it was the last one before it; the handle is of no use any more.
 */
static int piece_read(struct db *db, sqlite3_blob **blob, int64_t id, uint64_t from, uint64_t to, struct buf *out,
	bool *there, char **why)
{
	int rc = *blob ? sqlite3_blob_reopen(*blob, id) : sqlite3_blob_open(db->lib, "main", "piece", "bytes", id, 0, blob);
	uint64_t end = rc == SQLITE_OK ? min_of(to, (uint64_t)sqlite3_blob_bytes(*blob)) : 0;
	int r;

	*there = rc == SQLITE_OK;
	if (rc == SQLITE_ERROR)
		return 0;
	if (rc != SQLITE_OK || from >= end)
		return rc == SQLITE_OK ? 0 : db_error(db->lib, rc, why);
	r = buf_reserve(out, end - from);
	if (r != 0)
		return r;
	rc = sqlite3_blob_read(*blob, out->data + out->len, (int)(end - from), (int)from);
	if (rc != SQLITE_OK)
		return db_error(db->lib, rc, why);
	out->len += end - from;
	return 0;
}

int text_read(struct db *db, int64_t key, uint64_t from, uint64_t to, struct buf *out, char **why)
{
	sqlite3_blob *blob = NULL;
	bool there = true;
	int r = 0;

	for (uint64_t at = from, end; r == 0 && there && at < to; at = end) {
		uint64_t piece = at / PIECE_BYTES, start = piece * PIECE_BYTES;

		end = min_of(start + PIECE_BYTES, to);
		r = piece_read(db, &blob, (key << PIECE_BITS) + (int64_t)piece, at - start, end - start, out, &there, why);
	}
	(void)sqlite3_blob_close(blob);
	return r;
}

/* `from` is a multiple of PIECE_BYTES. */
int text_write(struct db *db, int64_t key, uint64_t from, const char *text, size_t n, char **why)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < n; at += PIECE_BYTES)
		r = db_run(db, db->lib, why, "INSERT INTO piece (id, bytes) VALUES (?1, ?2)",
			db_int((key << PIECE_BITS) + (int64_t)((from + at) / PIECE_BYTES)),
			db_blob(text + at, min_of(n - at, (size_t)PIECE_BYTES)));
	return r;
}

/* ---- words ---- */

static int words_change(struct db *db, const char *sql, const struct words_row *row, char **why)
{
	return db_run(db, db->lib, why, sql, db_int(row->id), db_text(row->name),
		db_text(row->heading), db_textn(row->text, row->text_len));
}

/* The text is cut after the name and the heading. */
struct words_cut words_cut(const struct words_row *row, size_t places)
{
	if (!row->text || !row->text_len)
		return (struct words_cut){ 0, 1 };
	return (struct words_cut){ (uint16_t)min_of(places, (size_t)LENGTH_LONGEST), tokenizer_language };
}

int words_insert(struct db *db, int64_t collection, enum words which, const struct words_row *row,
	struct words_cut *cut, char **why)
{
	char table[WORDS_NAME], sql[2 * WORDS_NAME + 96];
	int r;

	words_table(table, collection, which);
	(void)snprintf(sql, sizeof(sql),
		"INSERT INTO %s (rowid, name, heading, body) VALUES (?1, ?2, ?3, ?4)", table);
	r = words_change(db, sql, row, why);
	if (cut)
		*cut = words_cut(row, tokenizer_places);
	return r;
}

int words_delete(struct db *db, int64_t collection, enum words which, const struct words_row *row,
	char **why)
{
	char table[WORDS_NAME], sql[2 * WORDS_NAME + 96];

	words_table(table, collection, which);
	(void)snprintf(sql, sizeof(sql),
		"INSERT INTO %s (%s, rowid, name, heading, body) VALUES ('delete', ?1, ?2, ?3, ?4)",
		table, table);
	return words_change(db, sql, row, why);
}

/* ---- lengths ---- */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static bool block_is_empty(const uint8_t *block)
{
	for (size_t i = 0; i < LENGTHS_COUNT; i++)
		if ((get16(block + 2 * i) & 0x7fff) != LENGTH_HIDDEN)
			return false;
	return true;
}

static int block_read(struct db *db, int64_t id, uint8_t block[LENGTHS_BYTES], char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(
		&stmt, db, db->lib, why, "SELECT data FROM lengths WHERE id = ?1", db_int(id));

	for (size_t i = 0; i < LENGTHS_COUNT; i++)
		put16(block + 2 * i, LENGTH_HIDDEN);
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row && sqlite3_column_bytes(stmt, 0) == LENGTHS_BYTES)
		memcpy(block, sqlite3_column_blob(stmt, 0), LENGTHS_BYTES);
	db_release(stmt);
	return r;
}

static int block_write(struct db *db, int64_t id, const uint8_t block[LENGTHS_BYTES], char **why)
{
	if (block_is_empty(block))
		return db_run(db, db->lib, why, "DELETE FROM lengths WHERE id = ?1", db_int(id));
	return db_run(db, db->lib, why, "REPLACE INTO lengths (id, data) VALUES (?1, ?2)",
		db_int(id), db_blob(block, LENGTHS_BYTES));
}

int lengths_write(struct db *db, int64_t first, size_t n, const uint16_t *v, char **why)
{
	uint8_t block[LENGTHS_BYTES];
	int r = 0;

	for (size_t at = 0; r == 0 && at < n;) {
		int64_t id = (first + (int64_t)at) >> LENGTHS_BITS;
		size_t slot = (size_t)(first + (int64_t)at) & (LENGTHS_COUNT - 1);

		r = block_read(db, id, block, why);
		for (; slot < LENGTHS_COUNT && at < n; slot++, at++)
			put16(block + 2 * slot, v ? v[at] : LENGTH_HIDDEN);
		if (r == 0)
			r = block_write(db, id, block, why);
	}
	return r;
}

int length_read(struct db *db, int64_t passage, uint16_t *length, char **why)
{
	uint8_t block[LENGTHS_BYTES];
	int r = block_read(db, passage >> LENGTHS_BITS, block, why);

	*length = get16(block + 2 * (passage & (LENGTHS_COUNT - 1)));
	return r;
}

/* ---- transactions ---- */

int library_begin(struct db *db, char **why)
{
	int r = db_begin(db->lib, why);

	db->begun_us = clock_mono_us();
	return r;
}

int library_commit(struct db *db, char **why)
{
	return db_commit(db->lib, why);
}

void library_written(struct db *db, int pages)
{
	uint64_t took = db->begun_us ? clock_mono_us() - db->begun_us : 0;

	db->begun_us = 0; /* a statement by itself has no beginning of its own */
	if (took > atomic_load(&db->longest_us))
		atomic_store(&db->longest_us, took);
	if (pages >= CHECKPOINT_PAGES)
		(void)sqlite3_wal_checkpoint_v2(db->lib, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* ---- slices ---- */

int slice_begin(struct slice *s, struct db *db, char **why)
{
	*s = (struct slice){ .db = db, .why = why, .until_us = clock_mono_us() + SLICE_US };
	return library_begin(db, why);
}

/*
 * FTS5 would merge its segments within whatever transaction happens to fill one up, for as long as
 * it takes. It is told not to (words_create), and does a little after every slice instead.
 */
int words_merge(struct db *db, int64_t collection, enum words which, char **why)
{
	char table[WORDS_NAME], sql[2 * WORDS_NAME + 96];

	if (!collection)
		return 0;
	words_table(table, collection, which);
	(void)snprintf(
		sql, sizeof(sql), "INSERT INTO %s (%s, rank) VALUES ('merge', ?1)", table, table);
	db->begun_us = clock_mono_us();
	return db_run(db, db->lib, why, sql, db_int(MERGE_PAGES));
}

int slice_end(struct slice *s)
{
	int r = library_commit(s->db, s->why);

	return r ? r : words_merge(s->db, s->collection, s->which, s->why);
}

int slice_turn(struct slice *s)
{
	int r;

	if (clock_mono_us() < s->until_us)
		return 0;
	r = slice_end(s);
	if (r == 0)
		r = library_begin(s->db, s->why);
	s->until_us = clock_mono_us() + SLICE_US;
	return r;
}
