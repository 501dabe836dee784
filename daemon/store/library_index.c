/* The index of a collection: its table, its rows read back from the stored text, and making it
 * anew. */
#include "daemon/store/library_in.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"

int document_place_load(struct db *db, int64_t key, struct document_place *p, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT collection, first, passages, name FROM document WHERE key = ?1",
		db_int(key));

	*p = (struct document_place){ .key = key };
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && !row)
		r = STORE_E_NOT_FOUND;
	if (r == 0) {
		p->collection = db_col_int(stmt, 0);
		p->first = db_col_int(stmt, 1);
		p->passages = db_col_int(stmt, 2);
		p->name = db_col_dup(stmt, 3);
	}
	db_release(stmt);
	return r;
}

void document_place_fini(struct document_place *p)
{
	p->name = mem_free(p->name);
}

int words_create(struct db *db, int64_t collection, char **why)
{
	char table[WORDS_NAME], sql[320];

	library_words_table(table, collection);
	(void)snprintf(sql, sizeof(sql),
		"CREATE VIRTUAL TABLE %s USING fts5"
		"(name, heading, body, content = '', columnsize = 0, tokenize = 'ragchat');"
		"INSERT INTO %s (%s, rank) VALUES ('automerge', 0)",
		table, table, table);
	return db_script(db->lib, sql, why);
}

int words_load(struct db *db, const struct document_place *p, int64_t id, struct words_row *row,
	char **heading, struct buf *text, bool *found, char **why)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t start = 0, end = 0;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT start, end, heading FROM passage WHERE id = ?1", db_int(id));

	*heading = NULL;
	buf_reset(text);
	if (r == 0)
		r = db_step(stmt, found, why);
	if (r == 0 && *found) {
		start = (uint64_t)db_col_int(stmt, 0);
		end = (uint64_t)db_col_int(stmt, 1);
		*heading = db_col_dup(stmt, 2);
	}
	db_release(stmt);
	if (r == 0 && *found)
		r = text_read(db, p->key, start, end, text, why);
	*row = (struct words_row){
		.id = id,
		.name = id == p->first ? p->name : NULL,
		.heading = *heading,
		.text = (const char *)text->data,
		.text_len = text->len,
	};
	return r;
}

/* ---- the same words? ---- */

static int hash_word(
	void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	uint64_t *h = ctx;

	(void)start;
	(void)end;
	for (size_t i = 0; i < n; i++)
		*h = (*h ^ (uint8_t)term[i]) * 0x100000001b3u;
	*h = (*h ^ (colocated ? 0x101u : 0x100u)) * 0x100000001b3u;
	return 0;
}

int64_t words_fingerprint(void)
{
	/* one word at least for each rule and each step of the stemmers */
	static const char sample[] =
		"generalizations oscillators ponies caresses agreed plastered motoring hopping "
		"falling filing "
		"happily relational conditional rationally valency digitizer conformably radically "
		"differently "
		"analogously vietnamization operator feudalism decisiveness formality sensitivity "
		"triplicate "
		"formative electrical hopefulness goodness revival allowance inference airliner "
		"adjustable "
		"replacement dependent communism activate effective bowdlerize probate controlling "
		"succeeded "
		"dying news skies only O'Neill's can't FY2018 fooBar HTTPServer foo_bar.c COVID-19 "
		"3.5 1,000 C++ "
		"Stra\xc3\x9f"
		"e na\xc3\xafve \xc5\x81\xc3\xb3"
		"d\xc5\xba \xef\xac\x81ne "
		"\xd0\xb4\xd0\xbe\xd0\xba\xd1\x83\xd0\xbc\xd0\xb5\xd0\xbd\xd1\x82\xd0\xbe\xd0\xb2 "
		"\xce\xad\xce\xb3\xce\xb3\xcf\x81\xce\xb1\xcf\x86\xce\xb1 "
		"\xd8\xa7\xd9\x84\xd9\x83\xd8\xaa\xd8\xa8 "
		"\xe6\x96\x87\xe4\xbb\xb6\xe6\xa3\x80\xe7\xb4\xa2 "
		"\xe0\xb9\x80\xe0\xb8\xad\xe0\xb8\x81\xe0\xb8\xaa\xe0\xb8\xb2\xe0\xb8\xa3";
	uint64_t h = 0xcbf29ce484222325u;

	tokenizer_each(sample, sizeof(sample) - 1, &h, hash_word);
	return (int64_t)(h >> 1);
}

/* ---- anew ---- */

static uint16_t length_of(const struct words_row *row, bool first)
{
	size_t n = tokenizer_count(row->text, row->text_len);

	return (uint16_t)(min_of(n, (size_t)LENGTH_LONGEST) | (first ? LENGTH_FIRST : 0));
}

static int index_document(struct slice *s, const struct document_place *p)
{
	struct buf text;
	int64_t terms = 0;
	int r = 0;

	buf_init(&text, 0);
	for (int64_t id = p->first; r == 0 && id < p->first + p->passages; id++) {
		struct words_row row;
		char *heading;
		uint16_t length;
		bool found = false;

		r = words_load(s->db, p, id, &row, &heading, &text, &found, s->why);
		length = found ? length_of(&row, id == p->first) : LENGTH_HIDDEN;
		terms += found ? length & 0x7fff : 0;
		if (r == 0 && found)
			r = words_insert(s->db, p->collection, &row, s->why);
		if (r == 0)
			r = lengths_write(s->db, id, 1, &length, s->why);
		mem_free(heading);
		if (r == 0)
			r = slice_turn(s);
	}
	buf_fini(&text);
	return r ? r
		 : db_run(s->db, s->db->lib, s->why,
			   "UPDATE document SET terms = ?2 WHERE key = ?1", db_int(p->key),
			   db_int(terms));
}

/* The collection with the smallest id above `after`; 0: no more. */
static int next_collection(struct db *db, int64_t after, int64_t *id, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT id FROM collection WHERE id > ?1 ORDER BY id LIMIT 1", db_int(after));

	if (r == 0)
		r = db_step(stmt, &row, why);
	*id = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

static int make_tables_anew(struct db *db, char **why)
{
	char table[WORDS_NAME], sql[64];
	int64_t id = 0;
	int r;

	while ((r = next_collection(db, id, &id, why)) == 0 && id != 0) {
		library_words_table(table, id);
		(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s", table);
		r = db_script(db->lib, sql, why);
		if (r == 0)
			r = words_create(db, id, why);
		if (r != 0)
			return r;
	}
	return r;
}

/* The document with the smallest key above `after`; 0: no more. */
static int next_document(struct db *db, int64_t after, int64_t *key, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT key FROM document WHERE key > ?1 AND state = 1 ORDER BY key LIMIT 1",
		db_int(after));

	if (r == 0)
		r = db_step(stmt, &row, why);
	*key = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

int library_reindex(struct db *db, char **why)
{
	struct document_place p = { 0 };
	struct slice s;
	int64_t key = 0;
	int r = make_tables_anew(db, why);

	if (r == 0)
		r = slice_begin(&s, db, why);
	if (r != 0)
		return r;
	for (;;) {
		r = next_document(db, key, &key, why);
		if (r != 0 || key == 0)
			break;
		r = document_place_load(db, key, &p, why);
		s.collection = p.collection;
		if (r == 0)
			r = index_document(&s, &p);
		document_place_fini(&p);
		if (r != 0)
			break;
	}
	if (r == 0)
		r = db_run(db, db->lib, why,
			"UPDATE collection SET terms = coalesce((SELECT sum(d.terms) FROM document "
			"d "
			"WHERE d.collection = collection.id AND d.state = 1), 0)");
	if (r == 0)
		return slice_end(&s);
	db_rollback(db->lib);
	return r;
}
