/*
 * One helper process for one job: started by posix_spawn(3) from the loop thread, watched by a pidfd.
 *
 * Not uv_spawn: its fork copies the daemon's page tables and stalls the loop as the daemon grows. And no
 * SIGCHLD: the pidfd tells the end of exactly this process. The helper gets three pipes, "/" as its
 * folder, an empty environment, and no other descriptor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"

#define SPAWN_STDERR_MAX 4096 /* kept; the rest is read and dropped */

struct spawn;

/* How it ended. out and err are taken from it by buf_steal, or freed with it. */
struct spawn_end {
	bool deadline;             /* killed: not done in time */
	bool too_large;            /* killed: more output than asked for */
	bool killed;               /* killed by spawn_kill */
	int signal;                /* it ended by this signal, 0: by exit */
	int status;                /* exit status */
	struct buf out, err;
};

typedef void (*spawn_done)(void *ctx, struct spawn_end *end);

/*
 * argv[0] is the program's path. It runs, and waits on its stdin. 0, -errno (-ENOENT: no such program).
 * done comes once, from the loop, when it has been reaped and every handle is closed.
 */
int spawn_start(struct spawn **out, uv_loop_t *loop, const char *const *argv, size_t out_max, spawn_done done, void *ctx);
bool spawn_waits(const struct spawn *s);                        /* for its input: it has neither ended nor been killed */
void spawn_claim(struct spawn *s, spawn_done done, void *ctx); /* somebody else's from here */
/* The input, taken; then its stdin is closed. Counted from here: deadline_ms. Once. */
void spawn_send(struct spawn *s, struct buf *input, uint64_t deadline_ms);
/* The same with bytes that stay the caller's: they are read until done has come. Two pieces, one after the other. */
void spawn_send_borrowed(struct spawn *s, const uv_buf_t parts[2], uint64_t deadline_ms);
/* Before spawn_send: what it writes goes to `take` as it comes, and none of it to end->out. */
typedef void (*spawn_take)(void *ctx, const void *p, size_t n);
void spawn_stream(struct spawn *s, spawn_take take);
void spawn_kill(struct spawn *s);      /* idempotent; done still comes */
