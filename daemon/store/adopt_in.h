/*
 * Inside the taking over: one thread's rows of Chainlit's, what they amount to, and its session's
 * history.
 */
#pragma once

#include "daemon/store/adopt.h"
#include "daemon/store/turns.h"

/* A row of steps, with what it hangs on. */
enum step_kind {
	STEP_OTHER,
	STEP_USER,
	STEP_RUN,      /* answers a question */
	STEP_GREETING, /* a run without one: on_chat_start and the like */
	STEP_ANSWER,
	STEP_NOTICE,   /* an assistant_message that is no answer */
};
struct step {
	char *id, *parent, *text; /* text: output; of a run its input */
	char *output;             /* of a run: the exception */
	size_t text_len;
	enum step_kind kind;
	bool root;                /* parent is NULL */
	bool error, ended;
	int64_t us, end_us;       /* end 0: none */
	int64_t row;
	int pair;                 /* of a question its first, of a run its own; -1 none */
	bool answered;            /* of a question: by any of its runs */
	bool taken;               /* a turn of ours has it */
	id_str turn, before;      /* of a question that is taken: its turn, that turn's parent */
};

/* A question and its answer among them; indexes into the steps, -1: there is no such row. */
struct pair {
	int user, run, answer;
	int64_t us;
	bool stopped;  /* a notice says so */
	bool known;    /* has its row of ours */
	char *found_answer, *found_question; /* from the history */
};

struct steps {
	struct step *v;
	size_t n, cap;
	int *by_id; /* indexes in order of id */
	struct pair *pairs;
	size_t npairs, pairs_cap;
};

/* adopt_steps.c; a step without a stamp gets that of the row before it, the first `created_us`. */
int steps_load(struct db *db, const char *thread, int64_t created_us, struct steps *s, char **why);
void steps_fini(struct steps *s);
int steps_find(const struct steps *s, const char *id); /* index or -1 */
void steps_pair(struct steps *s); /* adopt_pairs.c: fills pairs, in order of time */

/* adopt_history.c: fills found_* of the pairs that lack something, from threads.metadata. */
void history_match(struct steps *s, const char *metadata, size_t n);

/* One thread of Chainlit's. */
struct foreign {
	const char *id;
	id_str account;           /* users.id of its owner */
	char *identifier;
	char *tags, *metadata;
	size_t metadata_len;
	int64_t created_us;
};
int adopt_thread(struct db *db, const struct foreign *f, struct adoption *a, char **why);
