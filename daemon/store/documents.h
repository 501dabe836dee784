/*
 * Operations on documents and their index, in library.db. Jobs as in turns.h. An account's
 * collection has an index of its own: word statistics of one are not seen by another, and dropping
 * a collection is cheap.
 */
#pragma once

#include "daemon/store/store.h"
#include "daemon/store/turns.h"
#include "daemon/types.h"

struct segment_builder;

struct document_row {
	id_str id;
	char *name;        /* as given: a base name, or the path relative to the folder uploaded */
	char *collection;  /* "default" unless named */
	char *title;       /* that it gives itself, NULL: none */
	char sha256[65];
	int64_t bytes;
	int64_t passages;
	int64_t added_us;
	char *same;        /* name of the document that it has its bytes and its passages in common with; NULL: its own */
	bool original;     /* the file as it came is kept; told of one by ref only */
};
void document_row_fini(struct document_row *d);

/* One indexed piece of a document. Offsets are bytes in the document's text. */
struct passage {
	uint64_t start, end;
	int line;            /* of its first byte, from 1 */
	int page;            /* -1: the format has none */
	char *heading;       /* the headings above it, " > " between; or NULL */
};

/*
 * The tokenizer that fills the index and cuts the question; given by the library so that the store
 * needs no word lists. Calls emit once per term with the byte range it came from; colocated: an
 * alternative at the same place (FTS5_TOKEN_COLOCATED). emit's return value != 0 stops and is returned.
 * *language: out, the bit of the language by which a passage of a document was cut; NULL: it is what was said.
 */
typedef int (*words_emit_fn)(void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end);
typedef int (*words_split_fn)(const char *text, size_t n, uint32_t *language, void *ctx, words_emit_fn emit);
void store_set_words(words_split_fn split); /* once, before store_open */

/* STORE_LIBRARY: put a document in. The same bytes under the same name change nothing (`unchanged`), under another one they become a second name (`same`); a changed file replaces its old passages. */
struct op_document_add {
	struct job job;
	struct account account;       /* in */
	struct document_row doc;      /* in: name, collection, sha256, bytes; out: id, passages, added */
	char *text;                   /* clean UTF-8 without NUL */
	size_t text_len;
	struct passage *passages;
	size_t n;
	const void *original;         /* in: the file as it came, to be kept as well; borrowed; NULL: not */
	bool shares;                  /* in: small, and its job is one that shares a transaction */
	bool direct;                  /* in: a guess, its words go straight into a segment; out: so it is with its collection */
	uint32_t languages;           /* private: those of its passages, as bits */
	struct segment_builder *words; /* private: those that op_document_add_ahead has cut; NULL: none */
	bool unchanged, replaced;     /* out */
	bool same;                    /* out: another one of the collection has these bytes, doc.same */
};
struct op_document_add *op_document_add_new(void);
int op_document_add_run(struct db *db, struct job *j);
/* What needs no database, once text and passages are there: a job may do it on any thread before it runs. */
void op_document_add_ahead(struct op_document_add *op);
void op_document_add_free(struct op_document_add *op);

/* STORE_KEYED: has the account these bytes under this name in this collection? */
struct op_document_same {
	struct job job;
	struct account account;
	char *name, *collection, *sha256; /* in */
	bool original;                    /* in: and is the file as it came kept, too? */
	bool found;                       /* out */
	struct document_row doc;
};
struct op_document_same *op_document_same_new(void);
int op_document_same_run(struct db *db, struct job *j);
void op_document_same_free(struct op_document_same *op);

/* STORE_KEYED: where a document's file as it came is kept. */
struct op_document_original {
	struct job job;
	struct account account;
	char *ref;                    /* id, id prefix, name */
	char *collection;             /* NULL: in any */
	struct document_row doc;      /* out; `original`: it is kept, at */
	char *path;
	struct candidates candidates;
};
struct op_document_original *op_document_original_new(void);
int op_document_original_run(struct db *db, struct job *j);
void op_document_original_free(struct op_document_original *op);

/* STORE_LIBRARY */
struct op_document_remove {
	struct job job;
	struct account account;
	char *ref;                    /* id, id prefix, name */
	char *collection;             /* NULL: in any */
	struct document_row doc;      /* out */
	struct candidates candidates;
};
struct op_document_remove *op_document_remove_new(void);
int op_document_remove_run(struct db *db, struct job *j);
void op_document_remove_free(struct op_document_remove *op);

/* STORE_LIBRARY: some milliseconds of removing a collection's documents, each for itself; `more`: call again. */
struct op_collection_remove {
	struct job job;
	struct account account;
	char *collection;
	int64_t removed;              /* so far, over all calls */
	bool more;                    /* out */
};
struct op_collection_remove *op_collection_remove_new(void);
int op_collection_remove_run(struct db *db, struct job *j);
void op_collection_remove_free(struct op_collection_remove *op);

/* STORE_LIBRARY: clear what a crash left of documents on their way in or out; once after store_open. */
struct op_library_tidy {
	struct job job;
};
struct op_library_tidy *op_library_tidy_new(void);
int op_library_tidy_run(struct db *db, struct job *j);
void op_library_tidy_free(struct op_library_tidy *op);

/*
 * STORE_LIBRARY: makes the words anew that were made by other rules than those of today, some
 * milliseconds of it; `more`: call again. Goes on where a crash ended it.
 */
struct op_library_rebuild {
	struct job job;
	bool more; /* out */
};
struct op_library_rebuild *op_library_rebuild_new(void);
int op_library_rebuild_run(struct db *db, struct job *j);
void op_library_rebuild_free(struct op_library_rebuild *op);

/*
 * STORE_LIBRARY: an index that was found to be wrong is given up, for op_library_rebuild. collection 0:
 * a look at the first one behind `after`; `more`: there was one, call again.
 */
struct op_library_mend {
	struct job job;
	int64_t collection, after;
	uint64_t spent_us; /* on reading tables through, over all calls */
	bool more; /* out */
};
struct op_library_mend *op_library_mend_new(void);
int op_library_mend_run(struct db *db, struct job *j);
void op_library_mend_free(struct op_library_mend *op);

/*
 * STORE_LIBRARY: have all words of a collection (NULL: of all), or those of some documents, made anew by
 * op_library_rebuild. One document that is not there, and nothing is done.
 */
struct op_reindex {
	struct job job;
	struct account account;
	char *collection;
	char **refs;                  /* ids, id prefixes, names; owned */
	size_t nrefs;
	struct candidates candidates; /* out, of an ambiguous one */
	int64_t collections, documents, passages; /* out: how many that is */
};
struct op_reindex *op_reindex_new(void);
int op_reindex_run(struct db *db, struct job *j);
void op_reindex_free(struct op_reindex *op);

/* STORE_KEYED: one by ref, or a page by name when ref is NULL. */
struct op_document_list {
	struct job job;
	struct account account;
	char *ref, *collection, *before;
	int limit;
	struct document_row *rows;
	size_t n;
	char *next;
	int64_t damaged;              /* out, with the first page: passages whose index was damaged and is made anew */
	struct candidates candidates;
};
struct op_document_list *op_document_list_new(void);
int op_document_list_run(struct db *db, struct job *j);
void op_document_list_free(struct op_document_list *op);

/* STORE_KEYED */
struct collection_row {
	char *name;
	int64_t documents, passages, bytes;
};
struct op_collection_list {
	struct job job;
	struct account account;
	struct collection_row *rows;
	size_t n;
};
struct op_collection_list *op_collection_list_new(void);
int op_collection_list_run(struct db *db, struct job *j);
void op_collection_list_free(struct op_collection_list *op);

/* On a STORE_SCAN thread: called by the library's retrieval job, not queued by itself. */
struct hit {
	int64_t passage;
	double score;        /* larger is better: see rank.h */
	double own;          /* sum of idf below times what the question's own terms made in the text and around it */
	id_str document;
	char sha256[65];
	char *name, *heading, *text; /* text of the passage, clean */
	size_t text_len;
	uint64_t start, end;
	int line, page;
	int64_t ordinal;     /* of the passage within its document, from 0 */
	bool others;         /* its document may have other names */
};
void hit_fini(struct hit *h);
#define TERM_SAYS 3
struct term_weight {
	const char *term;
	size_t n;
	double weight; /* how often as typed; fractions for terms of earlier questions */
	bool name_only; /* looked for in the names of documents alone */
	bool own;       /* of the question itself, not of what was said before it */
	bool pair;      /* two neighbours in one, beside each of them */
	/* it is another spelling of the term with this number, + 1; 0: of none. Both are one word, as often as either is there */
	uint16_t same;
	/* the words of the question that a name says by it, from 1; 0: none. bestbuy says best and buy */
	uint8_t says[TERM_SAYS];
};
struct db_search {
	const struct account *account;
	const char *collection;       /* NULL: all of the account */
	const char *const *documents; /* names or ids to keep to; NULL: all */
	size_t ndocuments;
	const struct term_weight *terms;
	size_t nterms;
	int limit;
	bool whole;                   /* documents are ranked, each as one text: a hit is the best passage of one, its score the document's */
	/* out */
	struct hit *hits;
	size_t nhits;
	int64_t damaged;              /* a collection whose index cannot be read, and which was left out; 0: none */
	bool lacking;                 /* passages were left out because their index is being made anew */
	int64_t documents_searched, passages_searched;
	double most;                  /* what a term of weight 1 and idf 1 can add to hit.own at most */
	double *idf;                  /* per term: what it is worth to the question, found or not; malloc'd, as df is */
	int64_t *df;                  /* per term */
};
/* Bits of all languages that passages there are written in (store_words); 0 when that cannot be told. */
uint32_t db_library_languages(struct db *db, const struct account *account, const char *collection);
int db_library_search(struct db *db, struct db_search *s); /* 0, STORE_E_DEADLINE (partial), -errno */
/*
 * All passages of what a search would look into, document by document, when they have at most
 * max_bytes of text (`whole`); else, with `beginnings`, those at the beginning of each document.
 */
struct db_passages {
	const struct account *account;
	const char *collection;       /* NULL: all of the account */
	const char *const *documents; /* names or ids; NULL: all */
	size_t ndocuments;
	uint64_t max_bytes;
	bool beginnings;
	/* out; hits as of a search, without scores */
	struct hit *hits;
	size_t nhits;
	size_t ndocuments_read;
	uint64_t bytes;               /* of all texts; of some only where there is more than fits */
	bool whole;
};
int db_library_passages(struct db *db, struct db_passages *p); /* 0, -errno */
/* Text around a passage of a document: [start, end) widened to at most `bytes`, cut at line or sentence ends. malloc'd or NULL. */
char *db_library_surroundings(struct db *db, const char *document, uint64_t start, uint64_t end, size_t bytes, size_t *len);
