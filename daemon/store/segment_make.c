/*
 * Making segments, on a thread that only reads. Nothing counts
 * before segments_commit; a crash or an end in between leaves a file that the next start deletes.
 */
#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"
#include "daemon/segment/write.h"
#include "daemon/store/library_in.h"
#include "daemon/store/portion.h"
#include "daemon/store/segments.h"

#define PASSAGES_AT_ONCE 32768 /* about 1 KiB of memory each while a segment is made of them */
#define TEXT_AT_ONCE (1 << 20)
#define DOCUMENTS_AT_ONCE 64 /* read in one transaction, unless they are long */
#define READ_US 50000

/* ---- from the text ---- */

struct reading {
	struct db *db;
	struct segments_work *w;
	char **why;
	struct segment_builder *b;
	struct buf text; /* bytes from `from` of the document */
	uint64_t from;
};

/* Bytes [start, end) of the document, which is read in large portions. */
static int text_at(struct reading *g, int64_t key, uint64_t start, uint64_t end, const char **text)
{
	int r = 0;

	if (start < g->from || end > g->from + g->text.len) {
		buf_reset(&g->text);
		g->from = start;
		r = text_read(g->db, key, start, max_of(end, start + TEXT_AT_ONCE), &g->text, g->why);
	}
	/* what is not there cannot be searched; the rest of the collection can */
	*text = r == 0 && end <= g->from + g->text.len ? (const char *)g->text.data + (start - g->from) : NULL;
	return r;
}

static int take_passage(struct reading *g, const struct document_place *d, sqlite3_stmt *stmt)
{
	uint64_t start = (uint64_t)db_col_int(stmt, 1), end = (uint64_t)db_col_int(stmt, 2);
	struct words_row row = {
		.id = db_col_int(stmt, 0),
		.name = db_col_int(stmt, 0) == d->first ? d->name : NULL,
		.heading = db_col_text(stmt, 3),
		.text_len = end - start,
	};
	struct words_cut cut;
	int r = text_at(g, d->key, start, end, &row.text);

	if (r == 0)
		r = portion_row(g->b, &row, &cut);
	return r ? r : segment_builder_passage(g->b, cut.length);
}

static int take_document(struct reading *g, const struct document_place *d)
{
	sqlite3_stmt *stmt;
	bool row = true;
	int64_t next = d->first;
	int r = db_query(&stmt, g->db, g->db->lib, g->why,
		"SELECT id, start, end, heading FROM passage WHERE id >= ?1 AND id < ?2 ORDER BY id", db_int(d->first),
		db_int(d->first + d->passages));

	buf_reset(&g->text);
	g->from = 0;
	segment_builder_document(g->b, d->first);
	while (r == 0 && (r = db_step(stmt, &row, g->why)) == 0 && row) {
		if (db_col_int(stmt, 0) != next++)
			break;
		r = take_passage(g, d, stmt);
		if (r == 0 && atomic_load(&g->db->stopping))
			r = -ECANCELED;
	}
	db_release(stmt);
	return r;
}

static int next_document(struct reading *g, int64_t from, struct document_place *d, bool *found)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, g->db, g->db->lib, g->why,
		"SELECT d.key, d.first, d.passages, " SQL_INDEXED " FROM document d WHERE d.first >= ?1 AND d.first < ?2 AND d.state = 1 "
		"ORDER BY d.first LIMIT 1",
		db_int(from), db_int(g->w->end));

	if (r == 0)
		r = db_step(stmt, found, g->why);
	if (r == 0 && *found)
		*d = (struct document_place){ .key = db_col_int(stmt, 0), .first = db_col_int(stmt, 1),
			.passages = db_col_int(stmt, 2), .name = db_col_dup(stmt, 3) };
	db_release(stmt);
	return r;
}

/* Some documents from `*at` on, within one read transaction that the log does not have to wait long for. */
static int take_some(struct reading *g, int64_t *at, bool *more)
{
	uint64_t until = clock_mono_us() + READ_US;
	int r = db_script(g->db->lib, "BEGIN", g->why);

	*more = true;
	for (unsigned i = 0; r == 0 && *more && i < DOCUMENTS_AT_ONCE && clock_mono_us() < until; i++) {
		struct document_place d = { 0 };

		r = next_document(g, *at, &d, more);
		if (r == 0 && *more)
			r = take_document(g, &d);
		if (r == 0 && *more)
			*at = d.first + d.passages;
		document_place_fini(&d);
		if (segment_builder_passages(g->b) >= PASSAGES_AT_ONCE)
			break;
	}
	db_rollback(g->db->lib);
	return r;
}

static int make_from_text(struct db *db, struct segments_work *w, char **why)
{
	struct reading g = { .db = db, .w = w, .why = why, .b = segment_builder_new() };
	int64_t at = w->first;
	bool more = true;
	int r = 0;

	buf_init(&g.text, 0);
	while (r == 0 && more && segment_builder_passages(g.b) < PASSAGES_AT_ONCE)
		r = take_some(&g, &at, &more);
	w->last = (more ? at : w->end) - 1;
	buf_fini(&g.text);
	if (r == 0)
		r = portion_write(db, g.b, false, true, w, why);
	segment_builder_free(g.b);
	return r;
}

/* ---- from segments ---- */

struct sources {
	struct db *db;
	struct segment_source v[SEGMENTS_MERGED];
	char *files[SEGMENTS_MERGED];
	size_t n;
};

static bool go_on(void *ctx)
{
	return !atomic_load(&((struct db *)ctx)->stopping);
}

/* Those gone by now; who goes later stays gone by its row. */
static int load_gone(struct db *db, struct segments_work *w, char **why)
{
	sqlite3_stmt *stmt;
	size_t cap = 0;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT first FROM segment_gone WHERE first BETWEEN ?1 AND ?2 ORDER BY first", db_int(w->first),
		db_int(w->last));

	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row) {
		w->gone = mem_grow(w->gone, &cap, w->ngone, sizeof(*w->gone));
		w->gone[w->ngone++] = db_col_int(stmt, 0);
	}
	db_release(stmt);
	return r;
}

static int open_source(struct sources *s, int64_t id, struct segments_work *w, char **why)
{
	sqlite3_stmt *stmt;
	struct segment_source *v = &s->v[s->n];
	bool row = false;
	int e = 0, r = db_query(&stmt, s->db, s->db->lib, why, "SELECT file, bytes FROM segment WHERE id = ?1 AND state = 1",
			db_int(id));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		s->files[s->n] = db_col_dup(stmt, 0);
		v->s = segments_open(s->db, s->files[s->n], db_col_int(stmt, 1), &e);
		v->gone = w->gone;
		v->ngone = w->ngone;
		s->n++;
	}
	db_release(stmt);
	if (e == -ENOENT) /* nobody deletes what has a row that counts */
		e = SEGMENT_E_CORRUPT;
	return r ? r : row ? e : -ECANCELED;
}

static int write_merged(struct db *db, struct segments_work *w, struct sources *s, char **why)
{
	struct segment_file f;
	uint64_t passages = 0;
	int r = segment_file_make(&f, db, why);

	if (r == 0)
		r = segment_merge(s->v, s->n, segment_file_put, &f, go_on, db, &passages);
	if (r == 0 && passages)
		r = segment_file_keep(&f, true, why);
	if (r == 0 && passages)
		memcpy(w->file, f.name, sizeof(w->file));
	w->passages = (int64_t)passages;
	w->bytes = f.bytes;
	segment_file_drop(&f);
	return r;
}

static int merge(struct db *db, struct segments_work *w, char **why)
{
	struct sources s = { .db = db };
	int r = db_script(db->lib, "BEGIN", why);

	segments_turn(db);
	if (r == 0)
		r = load_gone(db, w, why);
	for (size_t i = 0; r == 0 && i < w->nold; i++)
		r = open_source(&s, w->old[i], w, why);
	db_rollback(db->lib);
	if (r == 0)
		r = write_merged(db, w, &s, why);
	for (size_t i = 0; i < s.n; i++) {
		if (s.v[i].s && segment_is_bad(s.v[i].s))
			r = SEGMENT_E_CORRUPT;
		if ((r == SEGMENT_E_CORRUPT || r == SEGMENT_E_VERSION) && (!s.v[i].s || s.v[i].s->corrupt))
			(void)snprintf(w->file, sizeof(w->file), "%s", s.files[i]);
		segments_close(db, s.files[i]);
		mem_free(s.files[i]);
	}
	return r;
}

int segments_make(struct db *db, struct segments_work *w, char **why)
{
	int r = segments_choose(db, w, why);

	if (r == 0 && w->task == SEGMENTS_FROM_TEXT)
		r = make_from_text(db, w, why);
	if (r == 0 && w->task == SEGMENTS_MERGE)
		r = merge(db, w, why);
	if (r == SEGMENT_E_CORRUPT || r == SEGMENT_E_VERSION)
		return STORE_E_CORRUPT;
	return r == SEGMENT_E_ORDER || r == SEGMENT_E_TERM ? -EIO : r;
}
