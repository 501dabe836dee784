/*
 * A connection that lasts, for programs that stay: never blocks (a thread waits where a daemon has to be
 * started), has one descriptor to poll, and is made again when it breaks, with the streams resumed from where they
 * were. Bounds: requests, streams and bytes kept; whoever reads slowly holds it (session_hold), and
 * the daemon then skips the stream instead of queueing it.
 *
 * When the connection breaks, requests whose repetition changes nothing (reads, cancel, attach, and
 * ask with its key) are sent again; others are answered with SESSION_LOST. With the same daemon a
 * stream goes on without a gap. Where the daemon itself had ended, what it still has follows, and
 * where that is less than what came, or nothing can be reached any more, an `error` and a `done` are
 * made here in its place, with the key `local`.
 *
 *	struct session *s = session_new(&config, &handler);
 *	pack_kv_text(session_request(s, "turn.get"), "turn", "last");
 *	session_send(s, tag, 0);
 *	for (;;) { poll(session_fd(s)); session_run(s); }	// handler.reply(ctx, tag, error, result)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/pack.h"
#include "proto/val.h"

#define SESSION_REQUESTS 56          /* outstanding at once: LIMIT_REQUESTS less what resuming needs */
#define SESSION_STREAMS 1024         /* followed at once; more come, but are not resumed */
#define SESSION_KEEP (8u << 20)      /* bytes of requests kept to be sent again */
#define SESSION_AGAIN_MS 10000       /* how long a lost connection is tried; RAGCHAT_AGAIN_MS changes it */

/* Codes of errors made here, beside those of proto/errors.def: what JSON-RPC leaves to a server. */
enum session_code {
	SESSION_UNREACHABLE = -32001, /* "unreachable": no daemon, or none that would have us */
	SESSION_LOST = -32002,        /* "lost": the connection broke; whether it was done is not known */
};

struct session_handler {
	void *ctx;
	/* error: a map {code, name, message, data?, retry_ms?}, or absent. Views live for the call only. */
	void (*reply)(void *ctx, uint64_t tag, struct val error, struct val result);
	/* The daemon's, and "connection" {state: lost|made|given_up, restarted} of this side. */
	void (*note)(void *ctx, const char *method, size_t n, struct val params);
};

struct session_config {
	const char *name;   /* told in hello; static */
	const char *socket; /* the only one, or NULL: the usual places */
	bool autostart;
	bool start_again;   /* also after a loss, where the usual places are used */
	char *(*token)(const char *socket); /* of this socket, malloc'd, or NULL; wiped after use */
};

enum session_flag {
	SESSION_REPEAT = 1, /* may be sent again */
	SESSION_STREAM = 2, /* its result names a turn whose stream follows */
};

struct session *session_new(const struct session_config *config, const struct session_handler *handler);
void *session_free(struct session *s); /* no callback comes from it */
/* Connect now, which may wait; 0, or an exit status with *why (malloc'd). Otherwise the first request does, and does not. */
int session_connect(struct session *s, char **why);

int session_fd(const struct session *s); /* readable: call session_run; the same for its whole life */
void session_run(struct session *s);     /* what can be done without waiting; callbacks come from here */
void session_hold(struct session *s, bool hold); /* true: nothing is taken from the daemon */
size_t session_queued(const struct session *s);  /* bytes that the daemon has not taken */
size_t session_outstanding(const struct session *s); /* requests without their reply */
size_t session_streams(const struct session *s);     /* turns that are followed */
const char *session_path(const struct session *s);   /* of the socket, or NULL */
const char *session_account(const struct session *s); /* or NULL */
bool session_must_log_in(const struct session *s);

/* A request is open: write its params, then send or drop it. flags: of enum session_flag. */
struct pack *session_request(struct session *s, const char *method);
/*
 * 0; -EMSGSIZE: larger than a message may be; -EBUSY: SESSION_REQUESTS are outstanding. Whatever
 * else befalls it is told by reply, and never from within this call.
 */
int session_send(struct session *s, uint64_t tag, unsigned flags);
void session_drop(struct session *s); /* the open request is given up */
void session_forget(struct session *s, uint64_t tag); /* its reply is no longer wanted */
void session_unfollow(struct session *s, const char *turn); /* detached: it is not resumed */
unsigned session_flags_of(const char *method, size_t n); /* SESSION_REPEAT, or 0 (ask: by its key) */
