/* The way of passages to their vectors, for its three files. */
#pragma once

#include "daemon/chat/shelves.h"
#include "daemon/chat/vectors.h"
#include "daemon/upstream/upstream.h"

#define VECTORS_REFUSED 3 /* texts passed over in a row before it is not they; then twice as many, and so on */

struct vectors {
	uv_loop_t *loop;
	struct store *store;
	struct upstream *batch, *quick; /* for passages, for questions */
	char *url, *model, *error;
	uv_timer_t timer;
	bool busy, closing;
	bool again;     /* documents came or went: what there is has to be looked up */
	int64_t tidied; /* how far vectors of no use are gone; -1: all are */
	struct shelves shelves;
	size_t most;      /* texts in a batch: fewer where the server takes no more */
	size_t swift;     /* ... or is slow: a question waits behind them */
	uint64_t swift_ms, sent;
	unsigned fine;    /* batches it took since then */
	bool rests;       /* the server took nothing: it has its time */
	uint64_t doubted; /* when what was passed over was last looked at again */
	unsigned refused, refused_max; /* texts passed over one after the other, and how many may be */
	struct vectors_probe probe; /* what the server made of it last */
	bool probe_due;
	uint64_t probed;            /* when */
	uint64_t wait_ms, retry_base_ms, retry_max_ms, failures, rests_until;
	struct op_vectors_next *next; /* the batch that the server has */
	unsigned open;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* ---- vectors.c ---- */

void vectors_later(struct vectors *v, uint64_t ms); /* the next step */

/* The next batch finds out first whether the server is still the same. */
void vectors_probe_soon(struct vectors *v);
bool vectors_probe_is_old(const struct vectors *v);

#define VECTORS_PROBE_MS 300000 /* after so long the server may be another one */

/* ---- vectors_batch.c ---- */

void vectors_step(struct vectors *v);
/* A failure may lie in what was sent: too much at once, or a text that this model cannot take. */
bool vectors_may_be_the_texts(const struct upstream_end *end);

/* ---- vectors_ask.c: as library.h has it ---- */

bool vectors_ask(void *ctx, const char *account, const char *text, size_t n,
	void (*done)(void *ctx, const float *vector, size_t dimension, const char *why), void *done_ctx, const char **why);
