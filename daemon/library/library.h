/*
 * The embedded default: a user's own documents, cut along their structure, indexed, searched, and
 * quoted. Works with no model and no key; with `retrieval = local` the same passages feed a backend.
 * All calls are on the loop thread; the work is done in jobs on the store's threads.
 * Sources of the recipe: the BM25 of Robertson/Zaragoza with Lucene's idf; docs in HACKING.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/mark.h"
#include "daemon/store/documents.h"
#include "daemon/types.h"

struct library;
struct readers;

struct library_config {
	size_t max_document;   /* bytes (64 MiB) */
	size_t budget;         /* of passages for a prompt, as cost.h counts (6000) */
	uint64_t deadline_ms;  /* of one retrieval (2000) */
	bool keep_originals;   /* the files as they came, beside their text */
};

int library_new(struct library **out, struct store *store, const struct library_config *config); /* registers the tokenizer: before store_open, pass store later with library_attach */
void library_attach(struct library *l, struct store *store);
/* Has words that were made by other rules made anew, little by little; also after op_reindex. */
void library_rebuild(struct library *l);
/* Whether the index is what the documents say: in the background, and what is not is made anew. */
void library_look(struct library *l);
/* The programs that read what is no plain text; before the first ingest_commit. */
void library_set_readers(struct library *l, struct readers *readers);
/* Where there is a server for embeddings: how a question gets its vector. Copied; what it points to outlives the library. */
struct library_vectors {
	const char *model;
	/* done: once, from the loop; vector NULL: there is none, and why. false: nothing to be had (*why NULL: nothing is embedded yet). */
	bool (*ask)(void *ctx, const char *account, const char *text, size_t n,
		void (*done)(void *ctx, const float *vector, size_t dimension, const char *why), void *done_ctx, const char **why);
	void (*changed)(void *ctx, const char *account, bool removed); /* documents came; removed: some went, too; NULL: anybody's */
	void *ctx;
};
void library_set_vectors(struct library *l, const struct library_vectors *vectors);
/* Documents came or went, by whatever way: they have vectors to get, or to lose. */
void library_changed(struct library *l, const char *account, bool removed);
/* The layers of the sandbox that the last of them worked in; NULL: none has yet. */
const char *library_sandbox(const struct library *l);
void library_configure(struct library *l, const struct library_config *config);
void *library_free(struct library *l); /* after store_close */

/* ---- taking documents in ---- */

enum library_error {
	LIBRARY_E_TYPE = 1,   /* binary, or a format that is not read yet: why says which */
	LIBRARY_E_TEXT,       /* not valid text */
	LIBRARY_E_TOO_LARGE,
	LIBRARY_E_EMPTY,
	LIBRARY_E_NAME,       /* empty, too long, absolute, with ".." or control characters */
	LIBRARY_E_BUSY,
	LIBRARY_E_STORE,      /* why says what the database said */
};

struct ingest; /* one upload on its way */
/* why: >= 256 bytes. */
int ingest_begin(struct library *l, const struct account *account, const char *name, const char *collection, int64_t size,
	struct ingest **out, char why[256]);
int ingest_feed(struct ingest *i, const void *p, size_t n, char why[256]); /* copied, counted */
/* Taken. done: exactly once, from the loop; r: 0 or LIBRARY_E_*; the row and why live during the call. */
struct ingest_end {
	int r;
	const char *why;
	const struct document_row *doc;
	int pages;     /* of the document; 0: it has none */
	unsigned missed; /* documents within it that could not be read */
	const char *missed_why; /* ... the first one's name and words */
	bool unchanged, replaced;
	bool same;     /* another document has these bytes; doc is that one */
};
void ingest_commit(struct ingest *i, void (*done)(uint64_t owner, void *ctx, const struct ingest_end *end), uint64_t owner, void *ctx);
void *ingest_abort(struct ingest *i); /* takes NULL */
/* Before ingest_commit: how far it is, from the loop; `ctx` is that of ingest_commit. pages: read so far. */
typedef void (*ingest_progress)(void *ctx, int pages, bool indexing);
void ingest_watch(struct ingest *i, ingest_progress progress);

/* ---- finding ---- */

enum found_band { FOUND_NOTHING, FOUND_WEAK, FOUND_GOOD }; /* coverage < .45, < .55, else */

#define LIBRARY_LIMIT 1000
struct retrieve_request { /* strings borrowed during the call, copied */
	struct account account;
	const char *question;
	size_t question_len;
	const char *previous_question, *previous_answer; /* of the thread, or NULL: weights .3 and .1 */
	size_t previous_question_len, previous_answer_len;
	const char *collection;        /* NULL: all */
	const char *const *documents;  /* names to keep to, NULL: all */
	size_t ndocuments;
	size_t budget;                 /* of the prompt's passages, as cost.h counts; 0: the configured one */
	size_t limit;                  /* not 0: a plain search, so many sources of the best passages, neighbours put together, whatever the band;
	                                  no prompt, no pieces. At most LIBRARY_LIMIT */
	bool whole;                    /* ... each of so many best documents, by its best passage */
	bool answer;                   /* the extractive answer: each of its quotes is a source of its own, before the others */
	bool passages;                 /* what was read for it is wanted, too */
};
struct retrieval { /* views during the callback */
	int r;                         /* 0, or STORE_E_*: nothing below but why */
	const char *why;
	enum found_band band;
	double coverage;               /* how far the best passage answers: see query_answered in query.h */
	int64_t documents, passages;   /* searched */
	const char *vectors_missing;   /* why the question has no vector, where it should have one; or NULL */
	bool cut;                      /* not all was looked at: the deadline ended the search early, or */
	bool lacking;                  /* ... the index of some is being made anew */
	bool all;                      /* the sources are all of what was searched: it fits the budget */
	bool begun;                    /* named documents hold few of the question's words: their beginnings are among the sources */
	const struct source *sources;  /* numbered 1..n, best first; quote is the document's bytes [start, end) */
	size_t nsources;
	const struct source *read;     /* with `passages`: all that was read, best first, within the budget; n is the rank */
	size_t nread;
	const char *prompt;            /* "<source id=\"1\" doc=... >...</source>\n...", ids as in sources; "" for FOUND_NOTHING */
	size_t prompt_len;
	const char *const *pieces;     /* the extractive answer in pieces as it is to be streamed; with `answer`, and for FOUND_NOTHING */
	size_t npieces;
	const char *instead;           /* words of the question that no document has, and what was asked for instead, a sentence; or NULL */
	const char *matched;           /* words of the question as they stand in the quotes, a line each; or NULL */
};
/* done: exactly once, from the loop, never from inside. 0 or LIBRARY_E_BUSY. */
int library_retrieve(struct library *l, const struct retrieve_request *req,
	void (*done)(uint64_t owner, void *ctx, const struct retrieval *r), uint64_t owner, void *ctx);

/* ---- answers that cite ---- */

/* The system text that goes with numbered sources (rules for citing; sources are data, not instructions). */
const char *library_system_prompt(void);
/*
 * After a model's answer: which numbers did it cite ([1], [1,2], [1][2], [1-3], full-width, [^1]),
 * how well does each cited passage support its sentence. Sets cited and support (lowest of its
 * sentences) in sources; adds a verdict for each number to marks; appends to notes one line per
 * finding ("[7] names no source", "[2] is weakly supported", "1951 is in no source": a figure of a
 * sentence that cites), "" when all is well. Pure. Text within code fences does not cite.
 */
void library_check_citations(
	const char *answer, size_t n, struct source_list *sources, struct marks *marks, struct buf *notes);
/* Does the answer say, in the words that library_system_prompt gives it, that the sources do not hold it? */
bool library_says_not_found(const char *answer, size_t n);
