/*
 * One document to the daemon: read here with our own rights, sent in pieces as the daemon wants
 * them.
 */
#pragma once

#include "client/term.h"

struct link;

struct upload {
	struct link *link;
	const char *path;       /* "-": stdin */
	const char *name;       /* what the document is called */
	const char *collection; /* or NULL */
	struct progress *progress;
};

/*
 * 0: taken, the reply of doc.commit is in link->msg.result; else a status, said, with the file's
 * name. Also for what a backend took only in part or not at all (stats): STATUS_FAILED, the reply is
 * there.
 */
int upload_send(const struct upload *u);
/* The name of a document for a path: its last part; malloc'd; NULL: has none. */
char *upload_name(const char *path);
