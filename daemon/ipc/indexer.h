/*
 * Keeps the index of the search at work: looks after each commit whether there is something to do,
 * slice after slice until there is nothing, and tells those who wait for that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"

struct server;

struct indexer {
	struct server *server;
	bool running, again, failed, pruning;
	bool filled;       /* all that was there at the start is in */
	uint64_t commits;  /* of the store, when it looked last */
	int64_t upto, pruned;
	struct list waiting; /* for it to come to rest */
	unsigned tries;    /* of emptying the log */
};

void indexer_init(struct indexer *x, struct server *s);
void indexer_look(struct indexer *x); /* once a loop turn; cheap */
/* Nothing has been written since it looked last, or it is far behind anyway: a search need not wait for a slice. */
bool indexer_is_fresh(const struct indexer *x);
/* Comes when everything written so far is in the index and nothing of what was deleted is; or when it cannot be. */
void indexer_wait(struct indexer *x, void (*then)(void *ctx), void *ctx);
