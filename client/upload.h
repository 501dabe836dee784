/*
 * Documents to the daemon: read here with our own rights, sent in pieces as the daemon wants them.
 * Of several a few are on their way at once: while the daemon reads one, the next is sent. A file
 * that the library has already as it is is not sent at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/term.h"
#include "proto/msg.h"

struct link;
struct uploads;

struct upload {
	const char *path;       /* "-": stdin */
	const char *name;       /* what the document is called */
	const char *collection; /* or NULL */
	bool found;             /* in a folder, not named: of a kind that is not read it is passed over */
};
#define UPLOAD_PASSED (-1) /* for a status: it was, and that is no failure */

/* How far one is. */
struct upload_news {
	const char *name;
	enum { UPLOAD_SENDING, UPLOAD_READING, UPLOAD_INDEXING } kind;
	int64_t off, size; /* of UPLOAD_SENDING; size < 0: unknown */
	int pages;         /* read so far; 0: none, or the format has none */
	size_t done;       /* documents of this run that have ended */
};

struct upload_events {
	/*
	 * Once for each, in the order in which they end. status 0: taken, `result` is the reply of
	 * doc.commit; else said, with the file's name. STATUS_FAILED with a result: a backend took it in
	 * part or not at all (stats). UPLOAD_PASSED: said, unless quietly; with a result: a backend took none of it.
	 */
	void (*done)(void *ctx, const struct upload *u, int status, struct val result);
	void (*news)(void *ctx, const struct upload_news *news);
	void *ctx;
};

struct uploads *uploads_new(struct link *l, struct progress *p, const struct upload_events *events);
/* An error that many documents have is said so many times, then counted. */
void uploads_say_at_most(struct uploads *u, size_t times);
void uploads_pass_quietly(struct uploads *u); /* no word of what is passed over */
/* Strings are copied. After the daemon has gone nothing more is sent: false. */
bool uploads_send(struct uploads *all, const struct upload *u);
void *uploads_free(struct uploads *u); /* waits for the end of all */

/* One alone. 0 or a status, said. *away: it went to a backend, which keeps it as it does. */
int upload_send(struct link *l, struct progress *p, const struct upload *file, bool *away);
/* The name of a document for a path: its last part; malloc'd; NULL: has none. */
char *upload_name(const char *path);
