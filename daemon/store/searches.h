/*
 * Searching what was said, and keeping its index. The index is a file of its own beside the
 * database, search.db, made again whenever it is missing, damaged or of another version. It follows
 * ragchat_change in slices on STORE_INDEX, so that no answer waits for it.
 */
#pragma once

#include "daemon/store/turns.h"

#define SEARCH_TERMS 32

/* Words to look for, cut by the library (library/said.h). */
struct search_query {
	char *match; /* an FTS5 expression of quoted terms and nothing else */
	char *must;  /* what of it is left without a last word that may go on; NULL: nothing, or all */
	struct search_term {
		char *text;
		size_t n;
		bool prefix;
	} terms[SEARCH_TERMS]; /* what is to be marked */
	size_t n;
};
void search_query_fini(struct search_query *q);

enum said_part { SAID_QUESTION, SAID_ANSWER, SAID_NAME };

struct said {
	id_str turn, thread;
	char *name;          /* the thread's */
	int64_t seq, created_us;
	enum said_part part;
	char *snippet;       /* on one line */
	size_t snippet_len;
	struct said_mark { uint32_t from, len; } marks[16]; /* bytes of the snippet that were looked for */
	size_t nmarks;
	double score;        /* with rank; larger is better */
};

/* What the words of a ranked search weigh: counted once, for all that is compared. */
struct search_weights {
	bool known;
	size_t n;
	double idf[SEARCH_TERMS], mean; /* mean length of a row */
};

struct found;

/* STORE_SCAN. One row a turn. */
struct op_search {
	struct job job;
	struct account account;
	struct search_query query;
	char *thread_ref, *tag;     /* or NULL */
	int64_t since_us, until_us; /* [since, until) */
	bool rank;                  /* the best first, one page; else the newest first */
	int limit;
	char *before;
	struct said *rows;          /* out */
	size_t n;
	char *next;
	bool cut;                   /* the deadline came; `next` goes on behind what was looked at */
	bool complete;              /* the index has all that was there */
	int64_t ranked;             /* with rank: pieces of turns that were compared, */
	int64_t ranked_from_us;     /* the newest, from here on; 0: all that fit */
	struct candidates candidates;
	struct search_at {          /* private: how far it is, for when it is broken off */
		bool begun, sorted;
		int64_t to;         /* rows above it have been looked at */
		int64_t shown;      /* the turn of the newest row of the page */
		size_t cap;
		struct found *best; /* with rank: the best so far */
		size_t nbest, best_cap, loaded;
		struct search_weights weights;
		int64_t without[16], missed; /* threads that are left out; the one whose turns missed last, */
		size_t nwithout, misses;     /* so often one after the other */
	} at;
};
struct op_search *op_search_new(void);
int op_search_run(struct db *db, struct job *j);
void op_search_free(struct op_search *op);

/* STORE_INDEX: a slice of what is to be done. Again while `more`. */
struct op_search_index {
	struct job job;
	bool settle;         /* in: when nothing is left, the log is emptied, too */
	bool more;
	bool settled;
	bool filled;
	int64_t upto;        /* changes that are in the index for good */
	int64_t rows;        /* put in or taken out by this slice */
};
struct op_search_index *op_search_index_new(void);
int op_search_index_run(struct db *db, struct job *j);
void op_search_index_free(struct op_search_index *op);

/* STORE_WRITER: changes that the index has seen are forgotten. Again while `more`. */
struct op_change_prune {
	struct job job;
	int64_t upto;
	bool more;
};
struct op_change_prune *op_change_prune_new(void);
int op_change_prune_run(struct db *db, struct job *j);
void op_change_prune_free(struct op_change_prune *op);
