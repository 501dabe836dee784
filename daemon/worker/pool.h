/*
 * The helpers of one program: a few run, a few wait, and a result is whole or an error in words.
 *
 * One process does one job and ends, so nothing of one document meets another. So that a job need not
 * wait for exec and fonts, one spare stands ready and locked: from the first job on, until there has
 * been none for a while.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"

struct pool_config {
	const char *program;     /* path; copied */
	const char *what;        /* "renderer": in words for people; static */
	unsigned running, waiting;
	uint64_t deadline_ms;    /* of one job, from its start */
	uint64_t spare_ms;       /* a spare is kept so long without a job; 0: none is kept */
	size_t out_max;          /* bytes of one result */
};

enum pool_error {
	POOL_E_BUSY = 1,         /* all run and all places to wait are taken */
	POOL_E_START,            /* the program cannot be started */
	POOL_E_DEADLINE,
	POOL_E_TOO_LARGE,
	POOL_E_REFUSED,          /* the helper's own words, in the report: it ended with EX_DATAERR (65) */
	POOL_E_FAILED,           /* all other ends */
	POOL_E_STOPPING,
};

struct pool_result {
	int r;                   /* 0 or POOL_E_* */
	const char *why;         /* in words, for r != 0; but for REFUSED */
	struct buf out;          /* for r == 0; may be taken by buf_steal */
	const char *report;      /* the last line on stderr, "" none */
};

typedef void (*pool_done)(void *ctx, struct pool_result *result);
/* Is this result whole, as its format tells by its end? */
typedef bool (*pool_whole)(const struct buf *out);

struct pool_figures {
	unsigned running, waiting;
	bool spare;
	uint64_t jobs, failures;
};

struct pool;

struct pool *pool_new(uv_loop_t *loop, const struct pool_config *config);
void pool_configure(struct pool *p, const struct pool_config *config); /* for jobs to come */
/* input is taken. 0 or POOL_E_BUSY, POOL_E_STOPPING; done comes once, never from inside this call. */
int pool_submit(struct pool *p, struct buf *input, pool_whole whole, pool_done done, void *ctx);
void pool_figures(const struct pool *p, struct pool_figures *out);
/* Jobs end as POOL_E_STOPPING; closed comes when no process and no handle is left, and the pool is freed. */
void pool_close(struct pool *p, void (*closed)(void *ctx), void *ctx);
