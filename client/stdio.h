/*
 * A program on stdin and stdout with a daemon behind it: messages in by their framing, messages out, one
 * poll for both and the session. Whoever does not read is not read from either: with OUT_BACKLOG bytes
 * waiting for the program the daemon is held, with QUEUE_MAX bytes waiting for the daemon the program is.
 */
#pragma once

#include <stdbool.h>

#include "client/framing.h"
#include "client/out.h"
#include "client/session.h"

struct client;

/* Codes of JSON-RPC 2.0 and of the Language Server Protocol for what is refused on this side. */
enum { RPC_PARSE = -32700, RPC_INVALID = -32600, RPC_METHOD = -32601, RPC_PARAMS = -32602, RPC_CANCELLED = -32800 };

struct stdio_ops {
	void (*take)(void *ctx, const char *message, size_t n);
	void (*fault)(void *ctx, int code, const char *name, const char *words); /* of what is no message */
	bool (*is_idle)(void *ctx); /* at the end of the input: nobody waits for anything any more */
	int (*wake)(void *ctx);     /* or NULL. What is due by the clock; ms until something is again, -1: nothing */
};

struct stdio {
	const struct stdio_ops *ops;
	void *ctx;
	struct session *session;
	struct framing framing;
	struct out out;
	bool eof, broken;
	int status;
};

/* 0, or a status and said. name: told to the daemon; static. */
int stdio_open(struct stdio *io, const struct client *c, const char *name, enum framing_mode mode,
	const struct session_handler *handler);
int stdio_run(struct stdio *io); /* until the end of the input, or of the output: a status */
void stdio_fini(struct stdio *io);
void stdio_emit(struct stdio *io, const struct buf *json); /* one message to the program */
