/*
 * Working ahead of a lane: the part of a job that needs no database (job.ahead) is done on a thread of
 * its own while the jobs before it are written. The lane's queue keeps its order: a job whose turn
 * comes before this thread came to it does that part on the lane's thread. What is held ready is bounded,
 * whatever is queued.
 */
#pragma once

#include <uv.h>

#include "daemon/store/busy.h"
#include "daemon/store/store.h"

struct ahead {
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t wake, done; /* there is something to do; a job's part is done */
	struct list queue;    /* under mutex, as all below */
	size_t held;          /* job.ahead_bytes of those begun whose `run` has not ended */
	bool stop;
	struct busy busy;
	uint32_t queued; /* those that wait for this thread, and the one that it is at */
	uint64_t jobs_done; /* by it */
};
int ahead_start(struct ahead *a); /* 0 or -errno */
void ahead_stop(struct ahead *a); /* nothing is queued any more */

/* From the loop, before the lane has the job. */
void ahead_push(struct ahead *a, struct job *j);

struct ahead_figures {
	uint32_t queued;
	uint64_t jobs_done, busy_us;
};
struct ahead_figures ahead_figures(struct ahead *a);

/* The lane's thread. */
bool ahead_is_done(struct ahead *a, const struct job *j);
/* Waits, until then at most (monotonic), for the first `most` of those that share. */
void ahead_gather(struct ahead *a, const struct list *batch, size_t most, uint64_t until_us);
void ahead_finish(struct ahead *a, struct job *j); /* its part is done: waited for, or done here; harmless twice */
void ahead_over(struct ahead *a, struct job *j);   /* it ran: it holds nothing any more */
