/*
 * A copy of one of the store's files as it is at one moment, while all goes on: made by a connection of its
 * own on libuv's pool, into a file that has no name any more when it is whole.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct store;

struct snapshot {
	uv_work_t work;
	char *path, *part;            /* private */
	bool library;
	void (*done)(struct snapshot *s); /* frees by snapshot_free */
	void *ctx;
	int fd;                       /* out: from its beginning; -1; the caller may take it */
	int64_t size;
	int r;                        /* 0, STORE_E_*, -errno */
	char *why;
};

/* NULL: it could not be begun. library: documents and their index, else the conversations. */
struct snapshot *snapshot_begin(struct store *store, uv_loop_t *loop, bool library, void (*done)(struct snapshot *), void *ctx);
void snapshot_free(struct snapshot *s);
/* Copies that a daemon left which was killed over them; with the lock of the database. */
void snapshot_tidy(const char *path);
