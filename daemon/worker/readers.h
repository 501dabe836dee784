/*
 * Readers of documents: ragchatd-extract, one process for each document, few at a time, the rest in
 * order. Not a pool (daemon/worker/pool.h): it runs in two profiles, and a document is large, so its
 * bytes are copied only when its turn has come. Loop thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct readers;

enum readers_error {
	READERS_E_START = 1, /* `words` says why */
	READERS_E_DEADLINE,
	READERS_E_TOO_LARGE, /* more output than a document may make */
	READERS_E_ENDED,     /* by a signal, or with another status than 0: `words` is its report */
	READERS_E_STOPPING,  /* the daemon ends */
};

struct readers_end {
	int r;               /* 0, READERS_E_* */
	int signal;          /* that ended it, 0: none */
	const char *words;   /* what it wrote to stderr, NUL-terminated; a stranger's */
	const void *out;     /* all that it wrote, for r == 0 */
	size_t n;
};

struct readers_job {
	const char *profile;     /* an option of ragchatd-extract, or NULL; static */
	const void *head, *body; /* its stdin, one after the other; borrowed until done */
	size_t nhead, nbody;
	uint64_t deadline_ms;    /* from its start */
	void (*done)(void *ctx, const struct readers_end *end); /* exactly once, from the loop; from
	                                                           inside of readers_run when none can start */
	void *ctx;
};

struct readers *readers_new(uv_loop_t *loop, const char *program, unsigned running); /* path, copied */
void readers_run(struct readers *r, const struct readers_job *job);
/* Ends what runs and what waits (READERS_E_STOPPING); closed: when nothing of it is left, and it is freed. */
void readers_close(struct readers *r, void (*closed)(void *ctx), void *ctx);
