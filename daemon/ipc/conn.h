/*
 * One client: bytes in, frames out, one out-queue. The edge's way in: conn_on_read -> scan ->
 * msg_parse -> dispatch. The way out: frames are packed into conn->out and leave once at the end of
 * the loop turn in one write. A full out-queue never stops the reading of requests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/buf.h"
#include "common/list.h"
#include "daemon/ipc/listener.h"
#include "daemon/store/accounts.h"
#include "daemon/store/turns.h"
#include "proto/pack.h"
#include "proto/scan.h"

struct server;

struct conn {
	struct server *server;
	uint64_t id;               /* in server->conns */
	struct list link;          /* server->conn_list, longest idle first */
	struct list dirty;         /* server->dirty_conns: has something to write */
	uv_pipe_t pipe;
	uv_write_t write;
	struct peer peer;
	struct buf in;             /* the unfinished frame, no memory while there is none */
	struct scan scan;
	struct buf out, flying;    /* being filled; being written */
	size_t flying_sent;
	bool writing, closing, throttled;
	bool greeted;              /* said hello */
	bool held, taking;         /* frames wait: the one before them is being answered elsewhere */
	bool logged_in;
	bool secret_out;           /* what is being written holds a secret */
	unsigned login_failures;
	token_id token;            /* by which it logged in; "" none */
	struct account account;    /* once logged in */
	uint32_t *outstanding;     /* ids of requests that wait for their reply */
	unsigned noutstanding;
	struct list subs;          /* struct sub.of_owner */
	struct list uploads;       /* struct upload.link */
	struct list blobs;         /* struct blob.link */
	struct list waits;         /* event.next: rpc_event.c */
	uint64_t next_upload;      /* counted here: from numbers of the daemon's, what others do could be told */
	uint64_t born_ms;
	uint64_t progress_ms;      /* last byte taken by the client while something was queued */
	unsigned stray;            /* notifications nobody asked for, in this minute */
	uint64_t stray_since_ms;
};

/* Accept from the listener. NULL: refused or failed, and said in the log. */
struct conn *conn_accept(struct server *s, struct listener *l);
/* Idempotent. reason: static, in PROTOCOL.md; a notice goes out first when it fits. */
void conn_close(struct conn *c, const char *reason);
bool conn_has_room(const struct conn *c);  /* for streams: below the high-water mark, with hysteresis */
/* Call after packing into c->out: it is written at the end of the loop turn. */
void conn_wrote(struct conn *c);
void conn_flush(struct conn *c);
/*
 * While a connection is held nothing more of it is taken in: what comes behind a log-in is judged
 * by its outcome.
 */
void conn_hold(struct conn *c);
void conn_release(struct conn *c);
void conn_log_in(struct conn *c, const struct account *a); /* again: as another account */
bool conn_idle(const struct conn *c);      /* no request, no subscription, no upload */
