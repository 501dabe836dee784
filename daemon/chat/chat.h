/*
 * The domain: questions in, answers out. Owns the live turns, their queues (turns of one thread in
 * order; no more than max_running of an account and max_running_all of all at once, accounts taking
 * turns) and the way of each: context, retrieval,
 * backend or documents, checkpoints, end. On the loop thread.
 */
#pragma once

#include <uv.h>

#include "common/fair.h"
#include "common/idmap.h"
#include "daemon/chat/turn.h"
#include "daemon/config.h"
#include "daemon/library/library.h"
#include "daemon/store/store.h"
#include "daemon/upstream/upstream.h"

struct chat {
	uv_loop_t *loop;
	struct store *store;
	struct library *library;
	struct upstream *upstream;   /* NULL: no backend configured */
	const struct config *config;
	struct idmap turns;          /* every turn object, live or loaded */
	struct list live;            /* queued and running, oldest first */
	struct list ended;           /* read to their end by somebody, or about to be freed */
	struct list dirty, unsaved;
	struct fair running;         /* answers, by account */
	struct fair asking;          /* questions on their way to the store: see chat_may_ask */
	uv_timer_t tick;             /* checkpoints; runs only while something is unsaved */
	uv_timer_t grace;
	unsigned open_handles;
	bool stopping, interrupting;
	bool schedule_wanted;
	uint64_t accepted, ended_count; /* since the start */
	void (*on_idle)(void *ctx);  /* at the end of each loop turn in which no turn lives: all is on disk */
	void *on_idle_ctx;
};

int chat_init(struct chat *c, uv_loop_t *loop);
void chat_configure(struct chat *c, const struct config *config, struct upstream *upstream);
/*
 * Stop: no new questions; running answers get grace_ms, then they are INTERRUPTED with what came.
 * on_idle is called once nothing lives any more (from the loop). chat_close after that.
 */
void chat_stop(struct chat *c, uint64_t grace_ms);
void chat_close(struct chat *c, void (*closed)(void *ctx), void *ctx);

enum chat_error {
	CHAT_E_STOPPING = 1,
	CHAT_E_QUEUE_FULL,
};

/*
 * Is there room for one more question of this account? 0 or CHAT_E_*. Who then asks the store holds a
 * place in `asking` (fair_take, fair_give) until chat_enter has been called or will not be.
 */
int chat_may_ask(const struct chat *c, const struct account *account);
/* A question the store has accepted (or that stays off the disk): row and ask are taken. It runs, or waits its turn. */
struct turn *chat_enter(struct chat *c, const struct account *account, struct turn_row *row, struct ask_options *ask);
struct turn *chat_find(const struct chat *c, const struct account *account, const char *id); /* live ones, by full id; NULL also for another's */
/* Of whoever: the store has said that it may be read. */
struct turn *chat_live(const struct chat *c, const char *id);
/* An ended turn brought back from the store so that it can be read like a live one: row is taken. account NULL: another's, and chat_find gives it to nobody. Freed with its last subscriber, or at the end of the loop turn. */
struct turn *chat_load(struct chat *c, const struct account *account, struct turn_row *row);
void chat_cancel(struct turn *t);            /* idempotent */
void chat_flush(struct chat *c);             /* once at the end of each loop turn */
uint64_t chat_oldest_unsaved_ms(const struct chat *c);
enum retrieval_mode chat_retrieval(const struct chat *c, const struct ask_options *ask); /* LOCAL or OFF */

struct chat_counts {
	size_t running, queued, unsaved;
};
void chat_counts(const struct chat *c, const struct account *whose, struct chat_counts *out); /* whose NULL: of all */

/* Within chat/: answer.c and prompt.c, and what turn.c tells. */
void chat_start(struct turn *t);             /* leave the queue */
void chat_ended(struct turn *t);             /* out of the queues, the next one starts; freed at the end of the loop turn */
void chat_want_tick(struct chat *c);
/* What a turn asks of the library, and what it takes from the reply into its prompt; for --dry-run too. Views into the turn. */
void answer_retrieval(const struct turn *t, struct retrieve_request *req);
bool answer_take_passages(struct turn *t, const struct retrieval *r); /* false: there are none to send */
/* Do the documents hold too little of the question for a model to be asked? */
bool answer_is_hopeless(const struct turn *t, const struct retrieval *r);
/* What the answer cites and how well, once its text is whole; before its end goes out. */
void answer_check(struct turn *t, bool whole); /* whole: it was not cut short */
/* The request of a turn for upstream, or for --dry-run; messages live in *arena. */
void prompt_build(const struct chat *c, const struct turn *t, struct chat_request *req, struct buf *arena);
