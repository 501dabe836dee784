/* An upload, for its two files: rpc_upload_begin.c, and rpc_upload.c for all that follows. */
#pragma once

#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"

/*
 * One document on its way. It belongs to its connection until doc.commit; from then on it ends by
 * itself, so that a client that leaves after commit has lost nothing.
 */
struct upload {
	struct list link;           /* conn->uploads, none after commit */
	struct server *server;
	uint64_t conn, id;
	uint64_t off, room;         /* bytes taken; that the account may keep */
	int64_t size;               /* announced, < 0 unknown */
	struct ingest *ingest;      /* into the library ... */
	uint64_t transfer;          /* ... or to the backend */
	bool to_backend, ended;     /* ended: the backend has answered, before or after the commit */
	struct call *waiting;       /* a chunk or the commit that is answered later */
	bool committing;
	uint64_t told_ms;           /* the latest notification of its progress */
	char *error;                /* what the backend answered: an error ... */
	int error_code;
	char *message, *stats;      /* ... or its word and figures */
};

/* ---- rpc_upload.c ---- */

void upload_free(struct upload *u);
void upload_to_backend(struct upload *u, uint64_t account, const char *name); /* opens u->transfer; account: fair_key */
int upload_wire_error(int r); /* of a LIBRARY_E_* */
