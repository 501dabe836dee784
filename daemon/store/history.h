/*
 * Operations on what is there already: names, tags, ratings, and threads that go. Each is a job for
 * STORE_WRITER; see turns.h for how they are made and freed. Those with `more` did a slice that
 * keeps within a writer's time: submit them again until it is false.
 */
#pragma once

#include "daemon/store/turns.h"

/* A new name, or other tags. */
struct op_thread_change {
	struct job job;
	struct account account;
	char *ref;
	char *name;              /* NULL: stays */
	char *tags;              /* JSON array: these and no others; NULL: see below */
	char *add, *remove;      /* JSON arrays or NULL */
	struct thread_row thread; /* out, as it is now */
	struct candidates candidates;
};
struct op_thread_change *op_thread_change_new(void);
int op_thread_change_run(struct db *db, struct job *j);
void op_thread_change_free(struct op_thread_change *op);

/*
 * What an account thinks of an answer: one row of feedbacks for its run, as Chainlit writes it. The
 * row's id stays when it changes.
 */
enum rating { RATING_NONE = -1, RATING_DOWN, RATING_UP };
struct op_rate {
	struct job job;
	struct account account;
	char *ref;
	enum rating rating;
	char *comment;           /* NULL: stays as it is; "" is none */
	struct turn_row turn;    /* out: without texts */
	struct candidates candidates;
};
struct op_rate *op_rate_new(void);
int op_rate_run(struct db *db, struct job *j);
void op_rate_free(struct op_rate *op);

/*
 * A thread is deleted. The first slice takes it out of everybody's sight; STORE_E_CONFLICT: an answer
 * of it is being made. ref NULL: the hidden thread `id`; with id "" those that an earlier
 * daemon left half made or half deleted.
 */
struct op_thread_remove {
	struct job job;
	struct account account;
	char *ref;
	bool only_look;          /* nothing is deleted: what would be */
	bool wait;               /* the caller's: somebody waits until it has settled */
	id_str id;               /* out */
	char *name;
	int64_t turns;
	bool more;
	struct candidates candidates;
	id_str *left;            /* private: of the earlier daemon's */
	size_t nleft, left_cap;
	bool begun;
};
struct op_thread_remove *op_thread_remove_new(void);
int op_thread_remove_run(struct db *db, struct job *j);
void op_thread_remove_free(struct op_thread_remove *op);

/*
 * A new thread that shares the history of another up to one of its turns: copies. What went wrong in
 * a later slice leaves a hidden rest that op_thread_remove finds.
 */
struct op_thread_fork {
	struct job job;
	struct account account;
	char *ref;               /* of a turn; a thread's name means its newest */
	int64_t at;              /* the turn of this number in the same thread; 0: that of ref */
	char *name;              /* or NULL: made from the old one */
	char *terminal;          /* or NULL: remembered with the new thread */
	struct thread_row thread; /* out */
	bool more;
	struct candidates candidates;
	/* private */
	id_str id, from, next, last;
	id_str *path;
	size_t npath, path_cap;
	int64_t seq, ncopied;
	char *tags, *copy_step, *copy_element;
};
struct op_thread_fork *op_thread_fork_new(void);
int op_thread_fork_run(struct db *db, struct job *j);
void op_thread_fork_free(struct op_thread_fork *op);

/* What was deleted leaves the write-ahead log, too. `more` as above; given up after a while of readers. */
struct op_settle {
	struct job job;
	unsigned tries;
	bool more;
};
struct op_settle *op_settle_new(void);
int op_settle_run(struct db *db, struct job *j);
void op_settle_free(struct op_settle *op);

/*
 * What belongs to nobody: threads that a Chainlit deleted and brought back without an owner when
 * their tab was closed, and steps, elements and ratings whose thread is gone.
 */
struct op_ghosts {
	struct job job;
	int64_t before_us;       /* older than that; INT64_MAX: all */
	bool only_look;
	int64_t threads, steps, elements; /* out, rising */
	bool more;
	char *at;                /* private: the thread's id to go on behind */
	bool dropping;           /* ... or with */
	int stage;
};
struct op_ghosts *op_ghosts_new(void);
int op_ghosts_run(struct db *db, struct job *j);
void op_ghosts_free(struct op_ghosts *op);

/* Retention: one thread that was last active before `before_us`, of whoever; *id "" when there is none. */
struct op_expired {
	struct job job;
	int64_t before_us;
	id_str id;
	struct account account;
};
struct op_expired *op_expired_new(void);
int op_expired_run(struct db *db, struct job *j); /* STORE_KEYED */
void op_expired_free(struct op_expired *op);
