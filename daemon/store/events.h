/*
 * Events: what happened to an account's threads, turns and documents, for status bars and hooks.
 * Rows numbered for good, from 1 for each account, written in the transaction of what they tell: who
 * has read up to a number has missed nothing. Kept for EVENT_KEEP_US and no more than EVENT_KEEP.
 * Nothing of questions and answers is in them; names are as stored: whoever shows them filters.
 */
#pragma once

#include "daemon/store/turns.h"

#define EVENT_KEEP 100000                                  /* of an account */
#define EVENT_KEEP_US (INT64_C(7) * 86400 * 1000000)

struct event_row {
	int64_t n, at_us;
	const char *kind; /* "turn.begun", ...: PROTOCOL.md has the list */
	id_str id;    /* of the turn, the thread, the document */
	id_str thread; /* of a turn */
	const char *name; /* the thread's, the document's; or NULL */
	const char *state; /* of a turn that ended; or NULL */
};

/* On the writer, within a job's transaction. The loop hears of it after the commit: store_news. */
struct db;
int event_add(struct db *db, const char *account, const struct event_row *e, char **why);
/* ... of a thread, whose name is read here. kind: "thread.created", "thread.renamed". */
int event_of_thread(struct db *db, const char *account, const char *kind, const char *thread, char **why);
/* ... of a turn, with its thread's name; state NULL: it has none yet. */
int event_of_turn(struct db *db, const char *account, const char *kind, const char *thread, const char *turn, const char *state, char **why);

/* STORE_KEYED: what came after a number, oldest first. */
struct op_event_list {
	struct job job;
	struct account account;
	int64_t after;        /* < 0: nothing, only where it stands */
	int limit;
	struct event_row *rows; /* out */
	size_t n;
	int64_t first, last;  /* the oldest kept; the newest, 0: none ever. first = last + 1: none kept */
	bool gone;            /* `after` lies before the first kept, or past the last */
};
struct op_event_list *op_event_list_new(void);
int op_event_list_run(struct db *db, struct job *j);
void op_event_list_free(struct op_event_list *op);
