/*
 * The connection to the daemon: blocking calls over a non-blocking socket, one poll for it, the
 * signals and the output. It connects with the first request, whose frame leaves in one write with
 * `hello`; the reply of `hello` is checked when it comes. A connection that breaks before a reply
 * is made again for 10 s and the same frame sent again, unless the caller says LINK_ONCE.
 *
 *	struct pack *p = link_request(l, "thread.get");
 *	pack_kv_text(p, "thread", ref);
 *	r = link_call(l, 0);
 *	if (r)
 *		return link_fail(l, r);
 *	... l->msg.result, until the next call
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "proto/msg.h"
#include "proto/pack.h"
#include "proto/scan.h"

struct client;
struct out;

enum link_result {
	LINK_OK,
	LINK_E_REMOTE, /* the daemon answered with an error: l->error */
	LINK_E_LOST,   /* the connection is gone and was not made again */
	LINK_E_TIMEOUT,
	LINK_E_STATUS, /* said already: l->status */
};

enum link_event {
	LINK_MESSAGE, /* l->msg: a response or a notification */
	LINK_TIMEOUT,
	LINK_SIGNAL, /* signals_take tells which */
	LINK_LOST,
	LINK_OUTPUT,  /* out->error: the reader of the output is gone */
	LINK_REFUSED, /* no word in common with the server: said, l->status */
};

enum { LINK_ONCE = 1, LINK_PATIENT = 2 }; /* never sent twice; no time limit */
#define LINK_CALL_MS 60000                /* for the reply of a call that is not LINK_PATIENT */
#define LINK_HELLO_MS 15000               /* for the first word */
#define LINK_AGAIN_MS 10000

struct link_wait {
	uint64_t until_ms; /* clock_mono_ms; 0: for ever */
	int signals;       /* from signals_watch, or -1 */
	struct out *out;   /* drained while waiting, or NULL */
	bool read_anyway;  /* also past the output's backlog */
};

struct link_error {
	int code;
	char *name, *message;
	int64_t retry_ms;  /* -1: none */
	char **candidates; /* lines, of an ambiguous REF */
	size_t ncandidates;
};

struct link {
	const struct client *client;
	int fd;
	char *path;
	struct buf in, out;
	size_t in_at, out_at;
	struct scan scan;
	struct msg msg;
	struct pack pack;
	struct buf request; /* the frame of the last request, to send it again */
	uint32_t last_id;
	bool hello_waits; /* its reply has not come */
	bool token_waits;
	char *token;      /* kept for this socket; while hello waits: nothing else is sent until then */
	size_t gate;      /* bytes of `out` that are the hello */
	bool secret;      /* out and request hold a secret: wiped */
	bool by_hand;     /* no token is sent: somebody is about to log in */
	uint64_t hello_until_ms;
	bool greeted;   /* a hello was ever answered */
	bool restarted; /* a later hello named another instance: the daemon had ended */
	char instance[64], version[32];
	char closing[32]; /* the reason that the daemon gave for closing */
	int64_t protocol, level, uid;
	bool must_log_in; /* by password or token; the uid is not enough */
	bool may_log_in;
	char account[132], role[16]; /* "" not logged in */
	/* What comes while a reply is waited for and is not that reply: other replies, notifications. */
	void (*other)(void *ctx);
	/* Puts what has no reply yet into `out`, on the new connection after a lost one. NULL: the last request alone. */
	void (*again)(void *ctx);
	void *other_ctx; /* of both */
	uint64_t until_ms; /* a LINK_PATIENT call ends then; 0: never; clock_mono_ms */
	int status;
	struct link_error error;
};

struct link *link_new(const struct client *c);
void *link_free(struct link *l);

/* A request is open: write its params, then send it. It connects when there is no connection. */
struct pack *link_request(struct link *l, const char *method);
int link_send(struct link *l, uint32_t *id);   /* a link_result */
void link_is_secret(struct link *l);            /* the open request holds a secret */
void link_forget(struct link *l);               /* ... and is not needed again */
int link_call(struct link *l, unsigned flags); /* sends, waits for the reply: a link_result */
int link_reply(struct link *l, uint32_t id, unsigned flags); /* waits for the reply of one that was sent */

/* What comes next, of whatever kind. */
enum link_event link_next(struct link *l, const struct link_wait *w);
bool link_is_reply(const struct link *l, uint32_t id);
/* The error of the response in l->msg goes to l->error: LINK_E_REMOTE; LINK_OK: it has none. */
int link_take_error(struct link *l);
/* Until the output takes more, a signal came or the time is over; the daemon is not heard. */
void link_pause(const struct link_wait *w);

/* After LINK_LOST: the same daemon anew, tried for LINK_AGAIN_MS; LINK_E_LOST also after a signal.
 */
int link_again(struct link *l, const struct link_wait *w);
int link_again_for(struct link *l, const struct link_wait *w, unsigned ms);
/* From now on another daemon will do too; one is started where that is the way. It is told apart by l->restarted. */
void link_any(struct link *l);
void link_resend(struct link *l); /* the last request, on the new connection */
void link_drop(struct link *l);   /* close; the next request connects anew */
/* ... to whatever daemon there is then; one is started where that is the way. Forgets the one there was. */
void link_renew(struct link *l);
bool link_is_open(const struct link *l); /* and the daemon has not closed it */

/* Says what happened (nothing for LINK_E_STATUS) and returns the exit status. */
int link_fail(struct link *l, int result);
void link_error_fini(struct link_error *e);
/* Who failed, by an error's name: "backend" or "daemon". */
const char *link_culprit(const char *error_name);
