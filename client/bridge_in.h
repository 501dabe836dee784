/* Private to the bridge: its state. bridge.c runs it, bridge_ask.c reads, bridge_tell.c writes, bridge_join.c waits. */
#pragma once

#include "client/batch.h"

#define BRIDGE_ENDED 64 /* ids whose request is answered and whose turn may be cancelled still */

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

struct joined { /* pieces of an answer that wait for more; its place stays until another turn needs it */
	char turn[40];
	int64_t off;
	uint64_t due; /* no sooner is it told again */
	struct buf text;
};

struct bridge {
	struct stdio io;
	struct job jobs[SESSION_REQUESTS];
	struct ended ended[BRIDGE_ENDED];
	size_t next_ended;
	struct buf line; /* the message being written */
	bool until_done; /* --wait */
	uint64_t join_ms; /* --join; 0: each piece is told as it comes */
	struct joined joined[8];
};

/* bridge_tell.c */
void bridge_error(struct bridge *b, struct batch *batch, const char *id, int code, const char *name, const char *message);
void bridge_on_reply(void *ctx, uint64_t tag, struct val error, struct val result);
void bridge_on_note(void *ctx, const char *method, size_t n, struct val params);

void bridge_note_begin(struct bridge *b, struct json_out *w, const char *method, size_t n); /* params are to follow */
void bridge_note_end(struct bridge *b, struct json_out *w);

/* bridge_join.c */
bool bridge_join_take(struct bridge *b, struct val note); /* of a stream; false: the caller tells it */
void bridge_join_flush(struct bridge *b);
int bridge_join_wake(void *ctx);
void bridge_join_fini(struct bridge *b);

/* bridge_ask.c */
void bridge_take(void *ctx, const char *message, size_t n);
void bridge_cancel_turn(struct bridge *b, const char *turn, enum job_kind kind);
