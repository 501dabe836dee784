/* The index of a collection: its table, and its rows read back from the stored text. */
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
		"SELECT d.collection, d.first, d.passages, " SQL_INDEXED ", c.recipe, c.cursor FROM document d "
		"JOIN collection c ON c.id = d.collection WHERE d.key = ?1",
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
		p->stale = db_col_int(stmt, 4) != words_fingerprint();
		p->cursor = db_col_int(stmt, 5);
	}
	db_release(stmt);
	return r;
}

void document_place_fini(struct document_place *p)
{
	p->name = mem_free(p->name);
}

int words_create(struct db *db, int64_t collection, enum words which, char **why)
{
	char table[WORDS_NAME], sql[320];

	words_table(table, collection, which);
	(void)snprintf(sql, sizeof(sql),
		"CREATE VIRTUAL TABLE %s USING fts5"
		"(name, heading, body, content = '', columnsize = 0, tokenize = 'ragchat');"
		"INSERT INTO %s (%s, rank) VALUES ('automerge', 0)",
		table, table, table);
	return db_script(db->lib, sql, why);
}

int words_script(struct db *db, const char *sql, char **why)
{
	int r;

	(void)sqlite3_db_config(db->lib, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	r = db_script(db->lib, sql, why);
	(void)sqlite3_db_config(db->lib, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return r;
}

/* Blocks with low numbers tell FTS5 what there is, which it reads before it lets itself be dropped. */
int words_free(struct db *db, const char *table, int most, int *freed, char **why)
{
	char sql[2 * WORDS_NAME + 128];
	int r;

	(void)snprintf(sql, sizeof(sql), "DELETE FROM %s_data WHERE id IN (SELECT id FROM %s_data WHERE id > 10 LIMIT %d)",
		table, table, most);
	r = words_script(db, sql, why);
	*freed = r == 0 ? sqlite3_changes(db->lib) : 0;
	return r;
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

int64_t words_fingerprint_said(void)
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
		"3.5 1,000 C++ opera\xe2\x80\x90\n  tion hy-\nphen soft\xc2\xad\nly "
		"Stra\xc3\x9f"
		"e na\xc3\xafve \xc5\x81\xc3\xb3"
		"d\xc5\xba \xef\xac\x81ne "
		"\xd0\xb4\xd0\xbe\xd0\xba\xd1\x83\xd0\xbc\xd0\xb5\xd0\xbd\xd1\x82\xd0\xbe\xd0\xb2 "
		"\xce\xad\xce\xb3\xce\xb3\xcf\x81\xce\xb1\xcf\x86\xce\xb1 "
		"\xd8\xa7\xd9\x84\xd9\x83\xd8\xaa\xd8\xa8 "
		"\xe6\x96\x87\xe4\xbb\xb6\xe6\xa3\x80\xe7\xb4\xa2 "
		"\xe0\xb9\x80\xe0\xb8\xad\xe0\xb8\x81\xe0\xb8\xaa\xe0\xb8\xb2\xe0\xb8\xa3";
	uint64_t h = 0xcbf29ce484222325u;

	tokenizer_each_said(sample, sizeof(sample) - 1, &h, hash_word);
	return (int64_t)(h >> 1);
}

int64_t words_fingerprint(void)
{
	/* one line for each language that has a stemmer of its own */
	static const char *const samples[] = {
		"Die Verwaltungen haben die neuen Vorschriften nicht gelesen, und das ist auch nicht zu erwarten.",
		"Les administrations n'ont pas lu les nouvelles dispositions, et ce n'est pas dans leur habitude.",
		"Las administraciones no leyeron las nuevas disposiciones, y eso es lo que se esperaba de ellas.",
		"Le amministrazioni non hanno letto le nuove disposizioni, e questo \xc3\xa8 quello che si aspettava.",
		"As administra\xc3\xa7\xc3\xb5" "es n\xc3\xa3o leram as novas disposi\xc3\xa7\xc3\xb5" "es, e isso \xc3\xa9 o que se esperava delas.",
		"De besturen hebben de nieuwe voorschriften niet gelezen, en dat is wat er van hen werd verwacht.",
		"Bu y\xc3\xb6netmelikler okunmad\xc4\xb1 ve bunun i\xc3\xa7in daha \xc3\xa7ok zaman gerekiyor, ancak bir de\xc4\x9fi\xc5\x9fiklik var.",
		"Administra\xc8\x9biile nu au citit noile dispozi\xc8\x9bii, iar acest lucru este ceea ce se a\xc8\x99tepta de la ele.",
		"F\xc3\xb6rvaltningarna har inte l\xc3\xa4st de nya best\xc3\xa4mmelserna, och det \xc3\xa4r vad man kunde v\xc3\xa4nta sig av dem.",
		"C\xc3\xa1" "c c\xc6\xa1 quan kh\xc3\xb4ng \xc4\x91\xe1\xbb\x8d" "c c\xc3\xa1" "c quy \xc4\x91\xe1\xbb\x8bnh m\xe1\xbb\x9bi, v\xc3\xa0 \xc4\x91i\xe1\xbb\x81u \xc4\x91\xc3\xb3 l\xc3\xa0 b\xc3\xacnh th\xc6\xb0\xe1\xbb\x9dng.",
	};
	static _Thread_local int64_t known; /* the rules are set before any thread runs: asked once, for each document needs it */
	uint64_t h;

	if (known)
		return known;
	h = (uint64_t)words_fingerprint_said();
	for (size_t i = 0; i < array_len(samples); i++)
		tokenizer_each(samples[i], strlen(samples[i]), &h, hash_word);
	known = (int64_t)(h >> 1);
	return known;
}
