/*
 * Where an answer goes: stdout, or a file that gets its name when it is whole. Bytes are queued
 * and written as the reader takes them, never blocking, so that a stuck pager cannot keep the
 * client from hearing a signal or the daemon.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

#define OUT_BACKLOG (256u << 10) /* queued bytes at which nothing more is read from the daemon */

struct out {
	int fd;
	bool tty;
	bool always;      /* a regular file: it takes everything at once */
	const char *path; /* -o, or NULL */
	char *part;       /* path.part while it is written, or NULL: written directly */
	struct buf queue;
	size_t at;    /* of the queue already written */
	size_t total; /* bytes queued so far */
	int error;    /* the first failed write, -errno */
};

/* path NULL or "-": stdout. 0, or a status and said. */
int out_open(struct out *o, const char *path);
void out_add(struct out *o, const void *p, size_t n);
static inline size_t out_left(const struct out *o)
{
	return o->queue.len - o->at;
}
int out_drain(struct out *o); /* what goes without waiting; 0 or -errno, which sticks */
int out_flush(struct out *o); /* all of it, waiting; 0 or -errno */
/*
 * After the last byte is written: the file gets its name when `whole`, else its .part stays and is
 * named. Status.
 */
int out_close(struct out *o, bool whole);
/* Of a failed write, and said, but for STATUS_PIPE. */
int out_status(const struct out *o);

/* For commands with one text: all of it to stdout, through the filter unless raw. Status. */
int out_text(const struct buf *text, bool raw);
