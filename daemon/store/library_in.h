/*
 * Inside the library's half of the store: how passages, pieces and lengths are numbered and packed,
 * and the verbs that adding, removing and searching share. library.sql has the tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "daemon/store/db.h"
#include "daemon/store/documents.h"

#define LIBRARY_VERSION 8 /* user_version of library.db */

#define PASSAGE_BITS 40 /* of a passage id: its number within the collection */
#define PIECE_BITS 20
#define PIECE_BYTES 32768
#define LENGTHS_BITS 12
#define LENGTHS_COUNT (1 << LENGTHS_BITS)
#define LENGTHS_BYTES (2 * LENGTHS_COUNT)
#define LENGTH_FIRST 0x8000u  /* the first passage of a document */
#define LENGTH_HIDDEN 0x7fffu /* not there, or not for anybody's eyes */
#define LENGTH_LONGEST 0x7ffeu

/* work of one transaction: leaves room for its commit within 20 ms */
#define SLICE_US 5000
#define MERGE_PAGES 96 /* of the index, in a transaction of their own between two slices */

/* 16 MiB: while a document comes in, each checkpoint copies most of the index */
#define CHECKPOINT_PAGES 4000

/* collection.recipe: its words are wrong, and made anew; what is there holds some, or none. */
#define RECIPE_DAMAGED (-1)

enum document_state { DOCUMENT_COMING, DOCUMENT_THERE, DOCUMENT_GOING };

/* The tables of words of a collection: the one that is searched, the one on its way, the one that goes; and
 * the one that moves into segments, which is searched as well. */
enum words { WORDS_NOW, WORDS_NEXT, WORDS_OLD, WORDS_FROZEN };
#define WORDS_NAME 40
void words_table(char out[WORDS_NAME], int64_t collection, enum words which);

/* ---- tokenizer.c ---- */

int tokenizer_register(sqlite3 *lib);
fts5_api *tokenizer_fts5(sqlite3 *lib); /* NULL: an SQLite without FTS5 */
int tokenizer_each(const char *text, size_t n, void *ctx, words_emit_fn emit); /* as a passage of a document */
int tokenizer_each_said(const char *text, size_t n, void *ctx, words_emit_fn emit);
extern _Thread_local size_t tokenizer_places; /* of the text that FTS5 had cut last on this thread */
extern _Thread_local uint32_t tokenizer_language; /* of what of a document was cut last on this thread: a bit */

/* ---- library_text.c ---- */

/* One document's text in pieces. Bytes [from, to) appended to out. */
int text_read(struct db *db, int64_t key, uint64_t from, uint64_t to, struct buf *out, char **why);
int text_write(struct db *db, int64_t key, uint64_t from, const char *text, size_t n, char **why);

/* ---- hit.c ---- */

/*
 * A passage with its document and its text; no score yet. *found false: nothing is to show, for the
 * tables do not have it, or, with `there`, its document goes or went.
 */
int hit_load(struct db *db, int64_t passage, bool there, struct hit *h, bool *found, char **why);

/*
 * The words of one passage as they go into the index and, word for word the same, out of it:
 * `name` with the first passage of a document only.
 */
struct words_row {
	int64_t id;
	const char *name, *heading, *text;
	size_t text_len;
};
/* What came of cutting its text. */
struct words_cut {
	uint16_t length;   /* places for terms, LENGTH_LONGEST at most */
	uint32_t language; /* a bit of collection.languages */
};
struct words_cut words_cut(const struct words_row *row, size_t places); /* just now, on this thread */
int words_insert(struct db *db, int64_t collection, enum words which, const struct words_row *row,
	struct words_cut *cut, char **why); /* cut may be NULL */
int words_delete(struct db *db, int64_t collection, enum words which, const struct words_row *row,
	char **why);
/* A little; a transaction of its own. */
int words_merge(struct db *db, int64_t collection, enum words which, char **why);

/* Set the lengths of n passages from `first` on; NULL: they are hidden, and empty blocks are given
 * back. */
int length_read(struct db *db, int64_t passage, uint16_t *length, char **why);
int lengths_write(struct db *db, int64_t first, size_t n, const uint16_t *v, char **why);

/* ---- a transaction that keeps within its time ---- */

struct slice {
	struct db *db;
	int64_t collection; /* whose index is changed: merged as it grows; 0 none */
	enum words which;
	uint64_t until_us;
	char **why;
};
int slice_begin(struct slice *s, struct db *db, char **why);
int slice_turn(struct slice *s); /* commit and begin anew when the time is over */
int slice_end(struct slice *s);

/* ---- library_index.c ---- */

/* A row of `document`, as the work on its parts needs it. */
struct document_place {
	int64_t key, collection, first, passages;
	char *name;     /* as it is indexed: with the title and second names below it */
	bool stale;     /* the words of its collection were made by other rules than those of today */
	int64_t cursor; /* ... and passages below this one have new ones, too */
};
int document_place_load(
	struct db *db, int64_t key, struct document_place *p, char **why); /* STORE_E_NOT_FOUND */
void document_place_fini(struct document_place *p);

/* Make a table of words. Within a transaction. */
int words_create(struct db *db, int64_t collection, enum words which, char **why);
/* On the tables that FTS5 keeps for one, which only a connection that says so may touch. */
int words_script(struct db *db, const char *sql, char **why);
/* At most so many blocks of one that goes: dropped at once, a large one would hold the file for long. */
int words_free(struct db *db, const char *table, int most, int *freed, char **why);
/* Read one passage back as it went into the index; *found false: it never came so far. buf is the
 * text's. */
int words_load(struct db *db, const struct document_place *p, int64_t id, struct words_row *row,
	char **heading, struct buf *text, bool *found, char **why);
/* What the index would make of a fixed text: another number means that the words must be indexed
 * anew. */
int64_t words_fingerprint(void);
int64_t words_fingerprint_said(void); /* the same for what was said */

/* ---- document_remove.c ---- */

/* Take out what is on its way in or out: leftovers of a crash, what was removed or replaced. In
 * slices. */
int library_sweep(struct db *db, char **why);
/* One document leaves the collection's figures and everybody's sight. Within a transaction. */
int library_hide(struct db *db, int64_t key, char **why);
/* ... without a look at its second names: they go on standing for what takes its place. */
int library_hide_alone(struct db *db, int64_t key, char **why);

/* ---- document_renew.c ---- */

enum { RENEW_NAMED = 1, RENEW_ASKED = 2 }; /* document.renew */
/* The next document of this mark is indexed anew, in slices; *more: there was one. */
int library_renew_next(struct db *db, int64_t mark, bool *more, char **why);
/* All that have another name: before anybody is told that they do. */
void library_renew_named(struct db *db);
/* What is indexed as the name of document d: its own, its title, and some of its second names. */
#define SQL_NAMED "d.name || coalesce(char(10) || d.title, '')"
#define SQL_KNOWN \
	SQL_NAMED " || coalesce((SELECT group_concat(char(10) || name, '') FROM " \
	"(SELECT a.name FROM document a WHERE a.collection = d.collection AND a.sha256 = d.sha256 AND a.state = 1 AND " \
	"a.first < 0 ORDER BY a.key LIMIT 8)), '')"
/* ... as it was put in. */
#define SQL_INDEXED "coalesce(d.known, " SQL_NAMED ")"

/* ---- document_alias.c ---- */

/* The document of this account and collection that has these bytes; *key 0: none. name: malloc'd. */
int alias_target(struct db *db, const struct account *account, const struct document_row *doc,
	int64_t *key, char **name, char **why);
/* doc->name is another name for it; doc gets its id. Within a transaction, as the next. */
int alias_add(struct db *db, int64_t target, struct document_row *doc, char **why);
/* A second name goes. Within a transaction. `alone`: so does what it stands for. */
int alias_drop(struct db *db, int64_t key, bool alone, char **why);
/* A document is about to go. *done: that was all, for it is a second name, or has one that takes its place. */
int alias_leave(struct db *db, int64_t key, bool *done, char **why);
int alias_each(struct db *db, const char *document,
	int (*each)(void *ctx, const char *id, const char *name), void *ctx, char **why);
/* The key of what document d stands for. */
#define SQL_TARGET \
	"CASE WHEN d.first >= 0 THEN d.key ELSE (SELECT t.key FROM document t WHERE " \
	"t.collection = d.collection AND t.sha256 = d.sha256 AND t.state = 1 AND t.first >= 0) END"

/* ---- document_read.c ---- */

#define SQL_DOCUMENT \
	"SELECT d.id, d.name, c.name, d.sha256, d.bytes, d.passages, d.added, d.key, d.title, " \
	"CASE WHEN d.first < 0 THEN (SELECT t.name FROM document t WHERE t.collection = d.collection AND " \
	"t.sha256 = d.sha256 AND t.state = 1 AND t.first >= 0) END " \
	"FROM document d JOIN collection c ON c.id = d.collection WHERE d.state = 1 "
void document_from_row(sqlite3_stmt *stmt, struct document_row *out, int64_t *key);
/*
 * A document of the account by REF: its id, its name, or a prefix of the id (4 or more characters);
 * within a collection, or NULL: in any.
 * 0 with *key and doc; STORE_E_NOT_FOUND, STORE_E_AMBIGUOUS with candidates.
 */
int library_find(struct db *db, const struct account *account, const char *collection, const char *ref, int64_t *key,
	struct document_row *doc, struct candidates *candidates, char **why);
