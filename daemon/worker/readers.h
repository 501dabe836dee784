/*
 * Readers of documents: ragchatd-extract and ragchatd-pdftext, one process for each document, few at
 * a time; the rest waits, and owners take turns (common/fair.h). An owner of whom none is read gets
 * a place of a second set as large as the first when the first is taken: whoever sends documents that
 * take minutes holds up himself. Not a pool (daemon/worker/pool.h): there are two programs, and a document
 * is large, so it is written from where it lies and its text is handed on as it comes.
 *
 * A spare of each kind that was asked for stands ready and locked, until none was asked for a while.
 * Loop thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct readers;

enum reader_kind { READER_DOCUMENT, READER_PDF, READER_KINDS };

struct readers_config {
	const char *program[READER_KINDS]; /* paths, copied */
	unsigned running;                  /* at once; twice as many where several owners have something to read */
	uint64_t spare_ms;                 /* a spare is kept so long without a job; 0: none is kept */
};

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
};

struct readers_job {
	enum reader_kind kind;
	uint64_t owner;          /* fair_key of whose it is */
	const void *head, *body; /* its stdin, one after the other; borrowed until done */
	size_t nhead, nbody;
	uint64_t deadline_ms;    /* from its start */
	void (*take)(void *ctx, const void *p, size_t n); /* a piece of what it writes; before `done` only */
	void (*done)(void *ctx, const struct readers_end *end); /* exactly once, from the loop; from
	                                                           inside of readers_run when none can start */
	void *ctx;
};

struct readers *readers_new(uv_loop_t *loop, const struct readers_config *config);
void readers_run(struct readers *r, const struct readers_job *job);
/* Ends what runs and what waits (READERS_E_STOPPING); closed: when nothing of it is left, and it is freed. */
void readers_close(struct readers *r, void (*closed)(void *ctx), void *ctx);
