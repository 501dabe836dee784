/*
 * The store: threads that own the database connections, and the queues to them.
 *
 * A job belongs to exactly one thread at a time; the queue is the hand-over, and what it carries
 * are deep copies. `run` is called on the lane's thread, `done` on the loop thread, exactly once
 * and never from inside store_submit; jobs of one lane run and finish in the order they came, but for
 * STORE_SCAN: there accounts share the time (common/shares.h), and a job that allows it is broken off when
 * another account waits: past 5 ms one that goes on where it was, past 20 ms one that runs again from its
 * beginning, then twice as long, up to 80 ms.
 * The writer takes its whole queue into one transaction (group commit, no linger): each job runs
 * in a savepoint of its own, `done` comes after the commit. A done that belongs to something that
 * may be gone carries that thing's id, never its pointer.
 *
 * Files: chat_history.db (conversations; a Chainlit can open it) and library.db beside it
 * (documents and their index). Both 0600, WAL, synchronous=FULL. Exactly one connection writes and
 * checkpoints each file (SQLite before 3.51.3 can corrupt a WAL with two).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"

struct store;
struct db; /* one thread's connections; its presence in a signature says: on a store thread */

enum store_lane {
	STORE_WRITER,  /* chat_history.db, read-write */
	STORE_KEYED,   /* reader A: short reads by key of both files */
	STORE_SCAN,    /* reader B: search and retrieval over both files; interrupted at its deadline */
	STORE_LIBRARY, /* library.db, read-write; no transaction over 20 ms, small jobs share one */
	STORE_INDEX,   /* search.db, read-write: it follows the conversations in slices */
	STORE_SEGMENTS, /* makes segments of the library's index: long jobs at a low priority, reading in short transactions */
	STORE_LANES,
};
#define STORE_THREADS (STORE_LANES + 1) /* and, the last, the one that works ahead of STORE_LIBRARY: ahead.h */

enum store_error {
	STORE_E_NOT_FOUND = 1,
	STORE_E_AMBIGUOUS,  /* candidates are in the op */
	STORE_E_CONFLICT,
	STORE_E_BUSY,       /* the lane's queue is full (4096 jobs), or another process holds the file */
	STORE_E_FULL,       /* disk full, quota, or file size limit */
	STORE_E_READ_ONLY,
	STORE_E_CORRUPT,
	STORE_E_NEWER,      /* written by a newer ragchat */
	STORE_E_NOT_OURS,   /* not a database, or one of another program */
	STORE_E_LOCKED,     /* another ragchatd lives on it: `why` holds its socket path */
	STORE_E_DEADLINE,   /* the scan was cut; what was found so far is in the op */
	STORE_E_LOOSE,      /* folder or file of another owner, or open to others */
	STORE_E_NETWORK_FS,
	STORE_E_SHARED,     /* another's, shared to be read: it cannot be changed */
};

struct job {
	struct list link;
	int (*run)(struct db *db, struct job *j); /* 0, STORE_E_*, -errno */
	void (*done)(struct job *j);              /* frees the job */
	int r;
	char *why;           /* words for r != 0, owned by the job; job_fini frees it */
	uint64_t deadline_ms; /* STORE_SCAN: monotonic; 0 none */
	uint64_t account;     /* STORE_SCAN: fair_key of whose it is; accounts share the time */
	bool shares;          /* STORE_LIBRARY: small work that runs within a transaction of several */
	bool again;           /* STORE_SCAN: run may be broken off and called anew from its beginning */
	bool goes_on;         /* STORE_SCAN: run may be broken off and, called again, goes on where it was */
	bool moved;           /* with goes_on, set by run: it came further */
	unsigned slice_ms;    /* the lane's: how long it may keep others waiting */
	void (*ahead)(struct job *j); /* STORE_LIBRARY: a part that needs no database, called once before `run`, perhaps on the thread that works ahead; NULL: none */
	size_t ahead_bytes;   /* ... of text that it holds ready, roughly */
	struct list ahead_link; /* private: lane_ahead.c, as the next */
	enum { AHEAD_WAITS, AHEAD_RUNS, AHEAD_DONE } ahead_state;
	uint64_t owner;      /* the caller's: an id in its idmap */
	void *ctx;           /* the caller's: an object that outlives the store */
};
void job_fini(struct job *j);

struct store_config {
	const char *path;      /* of chat_history.db; the folder is made 0700 if missing */
	const char *socket;    /* written into the lock file for those who come second; may be NULL */
	bool create;           /* false: a missing file is STORE_E_NOT_FOUND */
	bool init_only;        /* make or migrate the file, start no thread */
	int64_t index_passages; /* a collection of so many moves into segments; 0: none does */
	uint64_t retry_ms;      /* see store_later */
};

/*
 * Resolves and checks the folder, takes PATH.lock (flock, never unlinked), opens, checks
 * (application_id, user_version, quick sanity), migrates (a backup PATH.bak-TIME stands beside
 * before the first change of an existing file), adopts what a Chainlit wrote, marks turns left running as
 * INTERRUPTED with their text joined from the checkpoints, starts the threads.
 * Blocking, before the loop runs. *why: words for the user, malloc'd, also for notices with r == 0
 * ("took over 12 threads of admin from Chainlit, recovered 3 answers"); may be NULL.
 */
int store_open(struct store **out, uv_loop_t *loop, const struct store_config *config, char **why);
/* Runs what is queued, then joins; every `done` has been called when it returns. Checkpoints. Takes NULL. */
void store_close(struct store *s);

/* The job is taken. 0, or STORE_E_BUSY: the lane is full, the job is still the caller's. */
int store_submit(struct store *s, enum store_lane lane, struct job *j);

/*
 * For what works behind everybody's back and could not, on a full disk say: fn is called once, from the
 * loop, after store_config.retry_ms. Harmless on one that waits. Lives as long as the store does.
 */
struct store_later {
	struct list link; /* private */
	void (*fn)(struct store_later *l);
};
void store_later(struct store *s, struct store_later *l);
static inline bool store_waits(const struct store_later *l)
{
	return list_linked(&l->link);
}

/*
 * Whose events have been committed since the last call, as a set of account % NEWS_BITS (fair_key); and
 * the set is empty. False: nobody's. Cheap, on the loop.
 */
#define NEWS_WORDS 4
#define NEWS_BITS (NEWS_WORDS * 64)
bool store_news(struct store *s, uint64_t set[NEWS_WORDS]);
static inline bool news_of(const uint64_t set[NEWS_WORDS], uint64_t account)
{
	return set[account / 64 % NEWS_WORDS] >> account % 64 & 1;
}

struct store_figures { /* for status; cheap, on the loop */
	uint64_t jobs_done[STORE_THREADS];
	uint32_t queued[STORE_THREADS];
	uint64_t commits;
	uint64_t last_commit_us;  /* duration of the newest commit */
	uint64_t library_longest_us; /* of the transactions on library.db, commits included */
	uint64_t busy_ms[STORE_THREADS]; /* how long it has had something to do since the start */
	bool read_only;           /* after a full or failing disk: writes are refused until one works again */
};
uint64_t store_commits(const struct store *s); /* so far, on chat_history.db */
void store_figures(struct store *s, struct store_figures *out);
const char *store_path(const struct store *s);         /* resolved */
const char *store_library_path(const struct store *s);
/* Is a daemon alive on this database? Reads PATH.lock without taking it. *socket malloc'd or NULL. */
bool store_lock_holder(const char *db_path, char **socket);
