/* Private to the bridge: its state. bridge.c runs it, bridge_ask.c reads, bridge_tell.c writes. */
#pragma once

#include "client/batch.h"
#include "common/json.h"

#define BRIDGE_ENDED 64            /* ids whose request is answered and whose turn may be cancelled still */

enum job_kind { JOB_PLAIN, JOB_ASK, JOB_ATTACH, JOB_DETACH };

struct job { /* a request that waits */
	bool used, cancel;
	enum job_kind kind;
	char *id;   /* JSON; NULL: a notification, nobody waits for the answer */
	char *turn; /* JOB_DETACH */
	struct batch *batch;
};

struct ended {
	char *id;
	char turn[40];
	enum job_kind kind;
};

struct bridge {
	struct stdio io;
	struct job jobs[SESSION_REQUESTS];
	struct ended ended[BRIDGE_ENDED];
	size_t next_ended;
	struct buf line; /* the message being written */
	bool until_done; /* --wait */
};

/* bridge_tell.c */
void bridge_error(struct bridge *b, struct batch *batch, const char *id, int code, const char *name, const char *message);
void bridge_on_reply(void *ctx, uint64_t tag, struct val error, struct val result);
void bridge_on_note(void *ctx, const char *method, size_t n, struct val params);

/* bridge_ask.c */
void bridge_take(void *ctx, const char *message, size_t n);
void bridge_cancel_turn(struct bridge *b, const char *turn, enum job_kind kind);
