/* Inside a search: what its parts hand to one another. On a reader's thread. */
#pragma once

#include "common/buf.h"
#include "daemon/store/search_in.h"

struct found {
	int64_t base;
	unsigned piece;
	double score;
};

struct shard {
	int64_t id, first, last; /* bases, both included */
};

struct look {
	struct db *db;
	struct op_search *op;
	char **why;
	int64_t account;    /* its number in the index; 0: it has nothing there */
	int64_t from, to;   /* rowids, both included; what lies above was looked at */
	struct shard *shards; /* the newest first */
	size_t nshards, shards_cap;
	int64_t thread;     /* kept to this one; 0: to none, -1: to one that holds nothing */
	struct span {       /* or to the threads of a tag, where these are few */
		int64_t thread, first, last;
	} *spans;
	size_t nspans, spans_cap;
	bool tagged, tag_each; /* by spans; or, with many, one hit after another */
	uint64_t began_ms;  /* this piece of the search; 0: its first row has come */
	bool full;          /* the page is */
	bool narrowed;      /* a thread was left out: the question is another now */
	struct buf match;   /* for the shard at hand */
};

/* search_scope.c: where to look. With many threads of a tag those that have many turns and no tag are left out. */
int scope_find(struct look *k);
/* k->match is made for it; *any false: nothing of it can fit. */
int scope_match(struct look *k, const struct shard *s, bool *any);
void scope_missed(struct look *k, int64_t thread); /* a hit of it had no tag */
void scope_fini(struct look *k);

/* A row has come: if the way to it was long, it is worth more of it before others have their turn. */
void search_arrived(struct look *k);

/* search_show.c */
int search_meant(struct look *k, int64_t base, bool *meant); /* it is the account's, and has the tag */
int search_add_hit(struct look *k, const struct found *hit); /* appended, if it is still so */

/* search_rank.c */
int search_best(struct look *k);

static inline struct found found_of(int64_t rowid)
{
	return (struct found){ .base = rowid >> SAID_BITS, .piece = (unsigned)(rowid & ((1 << SAID_BITS) - 1)) };
}
