/*
 * A lane: one thread, its connections, and the queue to it. What is finished goes to the store's
 * list and one uv_async wakes the loop.
 */
#pragma once

#include <stdatomic.h>
#include <uv.h>

#include "common/shares.h"
#include "daemon/store/ahead.h"
#include "daemon/store/busy.h"
#include "daemon/store/db.h"

/* Finished jobs on their way to the loop, and what the loop may read at any time. */
struct harvest {
	uv_mutex_t mutex;
	struct list done;
	uv_async_t async;
	atomic_uint_fast64_t commits, last_commit_us;
	atomic_bool read_only;
	atomic_bool tend;  /* segments have something to do */
	char broken[40];   /* one of them is wrong; under mutex */
	atomic_uint_fast64_t news[NEWS_WORDS];
	atomic_bool carry; /* a job of the library has ended: carry.h */
};

struct lane {
	struct db db;
	struct harvest *harvest;
	uv_thread_t thread;
	bool running;
	uv_mutex_t mutex;
	uv_cond_t wake;
	struct ahead *ahead; /* STORE_LIBRARY: works ahead of it; NULL elsewhere */
	struct list queue; /* under mutex, like stop and busy */
	struct shares shares; /* of the accounts, on STORE_SCAN; its thread's alone */
	uint64_t serving;  /* the account of the job that runs there */
	bool stop;
	struct busy busy;
	unsigned untended;  /* STORE_LIBRARY: transactions since the segments were told that there is something to do */
	unsigned wal_pages; /* in the log after the newest commit */
	atomic_uint queued; /* submitted and not finished */
	atomic_uint_fast64_t jobs_done;
};

/* db is filled; 0 or -errno */
int lane_start(struct lane *l, enum store_lane which, struct harvest *harvest);
int lane_submit(struct lane *l, struct job *j); /* 0 or STORE_E_BUSY */
uint64_t lane_busy_us(struct lane *l); /* since the start */
/* Runs what is queued, joins; harmless on one that never started. */
void lane_stop(struct lane *l);
