/*
 * The nouns of the domain as plain data, shared by chat, library, upstream and store: what a turn
 * may be, what a source is. No behaviour but copy and free.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#define ID_LEN UUID_LEN /* threads, turns, steps, documents */
typedef char id_str[ID_LEN + 1];

/* The order is the wire's and the database's; names come from turn_state_name. */
enum turn_state {
	TURN_QUEUED,
	TURN_RETRIEVING,
	TURN_STREAMING,
	TURN_FINISHING,
	TURN_DONE,
	TURN_FAILED,
	TURN_CANCELLED,
	TURN_INTERRUPTED,
};
const char *turn_state_name(enum turn_state s);      /* "queued" ... "interrupted" */
static inline bool turn_state_ended(enum turn_state s)
{
	return s >= TURN_DONE;
}

/* Why a turn failed; the wire's codes are made from it at the edge. Stored by name: never renumber, never rename. */
enum turn_error {
	TURN_ERROR_NONE,
	TURN_ERROR_UPSTREAM,             /* the backend reported an error */
	TURN_ERROR_UPSTREAM_TIMEOUT,
	TURN_ERROR_UPSTREAM_UNREACHABLE, /* name, connect, TLS, proxy */
	TURN_ERROR_UPSTREAM_REFUSED,     /* 401, 403 */
	TURN_ERROR_UPSTREAM_BUSY,        /* 429, 503, 529 after the retries */
	TURN_ERROR_UPSTREAM_TRUNCATED,   /* neither finish_reason nor [DONE] */
	TURN_ERROR_UPSTREAM_PROTOCOL,    /* not an answer at all */
	TURN_ERROR_TOO_LARGE,            /* past max_answer */
	TURN_ERROR_INTERRUPTED,          /* the daemon ended */
	TURN_ERROR_STORE,                /* the database could not take it */
	TURN_ERROR_INTERNAL,
};
const char *turn_error_name(enum turn_error e);      /* "none", "upstream", "upstream_timeout", ... */
int turn_error_parse(const char *name);

/* One citation, whatever its origin. Strings are owned; NULL where unknown; numbers < 0 where unknown. */
struct source {
	int n;           /* its number in the answer, from 1 */
	bool cited;      /* the answer's text uses the number */
	bool stale;      /* what it was taken from has changed or is gone; known of what is read back */
	char *document;  /* id of a document of ours */
	char *path;      /* file name or path */
	char *title;     /* heading or title */
	char *url;
	char *quote;     /* at most 2000 bytes */
	char *sha256;    /* of the document, hex */
	int page;        /* from 1 */
	int line;        /* from 1 */
	int64_t start, end; /* byte offsets in the document's text */
	double score;    /* of the retrieval */
	double support;  /* 0..1, of the citing sentence by the passage */
};
void source_init(struct source *s);                  /* everything unknown */
void source_fini(struct source *s);
void source_copy(struct source *to, const struct source *from); /* to is uninitialised */
bool source_same(const struct source *a, const struct source *b); /* the same place: url, or document/path + page + line */

struct source_list {
	struct source *v;
	size_t n, cap;
};
void source_list_add(struct source_list *l, struct source *s); /* s is taken; a repeat (source_same and same n) is dropped */
void source_list_fini(struct source_list *l);
void source_list_copy(struct source_list *to, const struct source_list *from);
