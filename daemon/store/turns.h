/*
 * Operations on conversations: turns, threads, accounts. Each is a job; the caller makes it with
 * its _new, fills what is under "in", submits it to the lane named, and frees it with its _free in
 * done. All strings are malloc'd and owned by the op. Ids are uuid text.
 *
 * How a turn lies in the database (facts of Chainlit's data layer; PROTOCOL.md has the outside):
 * three rows of `steps` (user_message -> run "on_message" -> assistant_message), the turn's id being
 * the run's; everything of ours in ragchat_turn and ragchat_thread. A retry adds a run and an
 * assistant_message under the same user_message. Text while it streams: rows of ragchat_delta.
 */
#pragma once

#include "daemon/store/store.h"
#include "daemon/types.h"

enum account_role { ROLE_USER, ROLE_ADMIN };

/* Who: users.id and users.identifier. */
struct account {
	id_str id;
	char *name;
	enum account_role role;
};

struct turn_row {
	id_str id, thread, parent, of; /* parent: the turn before it on its branch, "" none; of: the turn it retries */
	id_str user_step, answer_step;
	char *thread_name;
	int64_t seq;                   /* within the thread, from 1, rising; retries get their own */
	enum turn_state state;
	char *question;
	size_t question_len;
	char *text;                    /* at most max_text bytes of the answer, cut on a boundary */
	size_t text_len;
	uint64_t length;               /* bytes of the whole answer */
	char sha256[65];               /* "" while unknown */
	char *reasoning;               /* or NULL */
	char *finish_reason;
	char *model;
	char *origin;                  /* NULL: ours; "chainlit" */
	int64_t created_us, ended_us;  /* ended 0: not yet */
	char *usage;                   /* JSON object or NULL */
	char *notices;                 /* JSON array of {name,text} or NULL */
	char *marks;                   /* JSON array of the verdicts on the text's markers (common/mark.h) or NULL */
	char *meta;                    /* JSON object (options, system, collection, metadata block...) or NULL */
	enum turn_error error;
	char *error_text;
	int found;                     /* -1 unknown, 0 nothing found, 1 found, 2 weak */
	double coverage;               /* < 0 unknown */
	int rating;                    /* -1 none, 0 down, 1 up */
	char *comment;                 /* what was said with it, or NULL */
	struct source_list sources;
};
void turn_row_fini(struct turn_row *t);

struct thread_row {
	id_str id;
	char *name;
	int64_t created_us, updated_us;
	int64_t turns;
	char *tags; /* JSON array or NULL */
	char *origin;
	id_str last; /* its newest turn: the one that is gone on from */
	int state;   /* of that one, enum turn_state; -1: there is none */
	char *owner; /* name of the account whose it is, where that is another; or NULL */
};
void thread_row_fini(struct thread_row *t);

struct candidate { /* of an ambiguous REF */
	id_str id;
	char *name;
};
struct candidates {
	struct candidate *v;
	size_t n; /* at most 10 */
};
void candidates_fini(struct candidates *c);

/* ---- writer ---- */

/* Make or find the account. With name NULL: the database's only user, else `fallback`. */
struct op_account {
	struct job job;
	char *name, *fallback;           /* in */
	struct account account;          /* out */
	bool created;
};
struct op_account *op_account_new(void);
int op_account_run(struct db *db, struct job *j);
void op_account_free(struct op_account *op);

/* Accept a question: resolve or make the thread, check the key, write the three rows. */
struct op_turn_begin {
	struct job job;
	/* in */
	struct account account;
	char *key;             /* idempotency key or NULL */
	char *thread_ref;      /* or NULL */
	bool create;           /* a new name makes a thread */
	bool follow;           /* continue: this terminal's last thread, else the account's last from a terminal */
	char *terminal;        /* opaque name of the terminal or NULL; remembered with the thread */
	char *title;           /* name of a new thread; NULL: first line of the question, 80 code points */
	char *tags;            /* JSON array or NULL */
	char *text;            /* clean UTF-8 without NUL */
	size_t text_len;
	char *model, *meta;
	id_str of;             /* retry: the turn whose question is asked again; text is taken from it */
	bool edit;             /* `text` is asked in place of the question of `of`, beside it */
	/* out */
	struct turn_row turn;  /* question filled also for a retry; text empty */
	bool duplicate;        /* the key was known: `turn` is the earlier one, nothing was written */
	bool new_thread;
	struct candidates candidates;
};
struct op_turn_begin *op_turn_begin_new(void);
int op_turn_begin_run(struct db *db, struct job *j);
void op_turn_begin_free(struct op_turn_begin *op);

/* Checkpoint: append bytes of the answer at off (= bytes appended so far). Also records a change of state. */
struct op_turn_append {
	struct job job;
	id_str turn;
	uint64_t off;
	char *text;
	size_t len;
};
struct op_turn_append *op_turn_append_new(const char *turn, uint64_t off, const char *text, size_t len);
int op_turn_append_run(struct db *db, struct job *j);
void op_turn_append_free(struct op_turn_append *op);

/*
 * The end: steps.output, run end, elements rows of the sources (as Chainlit's front end links them),
 * ragchat_turn, and the delta rows removed, in one transaction.
 */
struct op_turn_finish {
	struct job job;
	struct turn_row turn;  /* in: id, state, text (the whole), sha256, and all that the answer brought */
};
struct op_turn_finish *op_turn_finish_new(void);
int op_turn_finish_run(struct db *db, struct job *j);
void op_turn_finish_free(struct op_turn_finish *op);

/* ---- reader A (STORE_KEYED) ---- */

/* One turn or one thread by REF. */
struct op_turn_get {
	struct job job;
	struct account account;
	char *ref;             /* turn REF: see PROTOCOL.md; a thread's name or id means its newest turn */
	uint64_t max_text;     /* 0: no text at all */
	bool with_sources;
	bool own;              /* what others share does not count: it is to be changed */
	struct turn_row turn;  /* out */
	bool shared;           /* it is another's */
	struct candidates candidates;
};
struct op_turn_get *op_turn_get_new(void);
int op_turn_get_run(struct db *db, struct job *j);
void op_turn_get_free(struct op_turn_get *op);

struct op_thread_get {
	struct job job;
	struct account account;
	char *ref;      /* NULL: what a question with `follow` would go on with */
	char *terminal; /* ... of this terminal, or NULL */
	struct thread_row thread;
	struct candidates candidates;
};
struct op_thread_get *op_thread_get_new(void);
int op_thread_get_run(struct db *db, struct job *j);
void op_thread_get_free(struct op_thread_get *op);

/* A page of threads, newest activity first, those shared by others among them; keyset. */
struct op_thread_list {
	struct job job;
	struct account account;
	int limit;
	char *before;          /* cursor or NULL; a bad one is STORE_E_NOT_FOUND */
	bool filtered;         /* any of the following counts; run on STORE_SCAN then */
	int64_t since_us, until_us; /* last active in [since, until) */
	char *tag, *text;      /* or NULL; text: within the name, ASCII letters of either case */
	int state;             /* of the newest turn; -1: any; TURN_QUEUED: whatever has not ended */
	struct thread_row *rows;
	size_t n;
	char *next;            /* NULL: no more */
	bool cut;              /* the deadline came; `next` goes on behind what was looked at */
	struct {               /* private, of a filtered one: how far it is, for when it is broken off */
		int stage;
		int64_t seen;
		id_str seen_id;
		size_t walked, gathered, kept, cap;
		bool aside;
		char *key;
	} at;
};
struct op_thread_list *op_thread_list_new(void);
int op_thread_list_run(struct db *db, struct job *j);
void op_thread_list_free(struct op_thread_list *op);

/* Turns of one thread (ref set: oldest first, from seq > after) or of the account (ref NULL: newest first, keyset `before`). */
struct op_turn_list {
	struct job job;
	struct account account;
	char *thread_ref;
	int64_t after;
	bool branch;           /* of the thread: from its newest turn, or from `before`, upward along the branch */
	char *before;
	int limit;
	uint64_t max_text, max_question, max_bytes; /* of one text, one question, of the whole page */
	bool with_sources;
	struct thread_row thread;  /* out, with thread_ref */
	struct turn_row *rows;
	size_t n;
	bool more;
	char *next;
	struct candidates candidates;
};
struct op_turn_list *op_turn_list_new(void);
int op_turn_list_run(struct db *db, struct job *j);
void op_turn_list_free(struct op_turn_list *op);

/*
 * What was said before a turn, oldest first, along its branch (parent pointers): whole turns only,
 * at most max_bytes of text in all, the newest kept. Left out: turns without any answer text (with
 * their question), greetings and notices (they are no turns). *cut: some older turn did not fit.
 */
struct op_context {
	struct job job;
	struct account account;
	id_str parent;         /* "" none */
	char *ref;             /* instead: a thread (its newest turn) or turn of the account; may be NULL */
	uint64_t max_bytes;
	struct context_turn {
		char *question, *answer;
		size_t question_len, answer_len;
		enum turn_state state;
		bool found_nothing; /* the answer says that the documents do not have it */
	} *turns;
	size_t n;
	size_t left_out;       /* older turns that did not fit */
	struct candidates candidates; /* of ref */
};
struct op_context *op_context_new(void);
int op_context_run(struct db *db, struct job *j);
void op_context_free(struct op_context *op);

/* Counts for status. */
struct op_stats {
	struct job job;
	struct account account;
	int64_t threads, turns, bytes; /* of the account; bytes: the file's */
	int64_t documents, passages;   /* of its library */
	bool damaged;                  /* some of them have no index that would answer meanwhile */
	int64_t stale, rebuilt;        /* passages in an index of other rules; of these, made anew by now */
	int schema;                    /* user_version */
	char *journal_mode;
};
struct op_stats *op_stats_new(void);
int op_stats_run(struct db *db, struct job *j);
void op_stats_free(struct op_stats *op);

/* ---- sources ---- */

/* STORE_KEYED: source n of an answer, and the text of its document around it where that is still as it was. */
struct op_source_get {
	struct job job;
	struct account account;
	char *ref;            /* of the turn */
	int n;
	size_t around;        /* bytes on each side */
	/* out */
	struct turn_row turn; /* without texts */
	struct source source;
	char *text;           /* NULL: there is nothing but the quote */
	size_t text_len, at;  /* at: where the quote begins in it */
	bool shared;          /* the thread is another's */
	struct candidates candidates;
};
struct op_source_get *op_source_get_new(void);
int op_source_get_run(struct db *db, struct job *j);
void op_source_get_free(struct op_source_get *op);

/* STORE_SCAN: the account's answers that cite a document, newest first. May be run anew. */
struct op_source_find {
	struct job job;
	struct account account;
	char *source;         /* its name, the end of its path, or its id */
	char *before;         /* cursor or NULL */
	int limit;
	/* out */
	struct turn_row *rows; /* sources: those meant */
	size_t n;
	char *next;
	bool cut;             /* the deadline ended it: older answers were not looked at */
};
struct op_source_find *op_source_find_new(void);
int op_source_find_run(struct db *db, struct job *j);
void op_source_find_free(struct op_source_find *op);
bool source_is(const struct source *s, const char *name);
char *source_find_after(const struct turn_row *t); /* the cursor behind this row */
