/*
 * From a decoded frame to its handler, and from results back to the wire. The one place that knows
 * which method may come when, and which error of the modules is which error of the wire.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/chat/chat.h"
#include "daemon/ipc/conn.h"
#include "proto/args.h"
#include "proto/errors.h"
#include "proto/msg.h"
#include "proto/pack.h"

/*
 * A request on its way. Handlers answer at once, or keep a copy (call_keep) in their job's ctx and
 * answer from its done: the connection may be gone by then, which the reply functions find out by id.
 * Every request is answered exactly once.
 */
struct call {
	struct server *server;
	uint64_t conn;
	uint32_t id;
	bool stray;             /* its id is not among the outstanding ones: an earlier request has it, or none may be added */
	struct account account; /* of the connection; valid during the handler, a copy in a kept call */
};

/* What must have happened before a method may come (methods.def). Nothing named: log-in. */
enum method_flag {
	EARLY = 1, /* nothing: before hello, too */
	LOGIN = 2, /* hello */
	ADMIN = 4, /* log-in to an account with the role admin */
	SECRET = 8, /* nothing more, but params or result hold a secret: they are wiped */
	LOGIN_SECRET = LOGIN | SECRET,
	ADMIN_SECRET = ADMIN | SECRET,
};

typedef void (*rpc_fn)(struct call *call, struct args *args);

#define METHOD(name, handler, since, flags, params, result) void handler(struct call *call, struct args *args);
#include "proto/methods.def"
#undef METHOD

/* True: the frame holds a secret. */
bool dispatch(struct conn *c, const struct msg *m);

struct call *call_keep(const struct call *call); /* malloc'd; call_drop frees */
void *call_drop(struct call *call);
struct conn *call_conn(const struct call *call); /* NULL: gone */

/* reply_begin: false when the client is gone (then pack nothing). The result map is open. */
bool reply_begin(struct call *call, struct pack *p);
void reply_end(struct call *call, struct pack *p);
void reply_empty(struct call *call);
void reply_error(struct call *call, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* retry_ms: when to try again */
void reply_error_retry(struct call *call, int code, int64_t retry_ms, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* An event's number is no longer there (or never was): data tells the first kept and the last. */
void reply_gone(struct call *call, int64_t first, int64_t last);
void reply_bad_args(struct call *call, const struct args *a);
/* r and why of a job that failed; candidates for AMBIGUOUS, may be NULL. */
void reply_store_error(struct call *call, int r, const char *why, const struct candidates *candidates, const char *what);
/* What a job on one thread came to: {thread}, or its error. */
void reply_thread(struct call *call, const struct job *j, const struct candidates *candidates, const struct thread_row *thread);
int wire_error_of_turn(enum turn_error e);

/* Fill a job that belongs to this call and submit it; on a full lane the call is answered and the job freed by `drop`. */
void call_submit(struct call *call, enum store_lane lane, struct job *j, int (*run)(struct db *, struct job *), void (*done)(struct job *));
struct call *call_of(struct job *j);
struct account account_copy(const struct account *a); /* for an op, which owns it */

/* Packers shared by the rpc files. */
void pack_turn(struct pack *p, const struct turn_row *row, const struct turn *live, bool with_text);
void pack_turn_brief(struct pack *p, const struct turn_row *row, const struct turn *live);
void pack_rating(struct pack *p, const struct turn_row *row); /* the pair, when there is one */
void pack_json_opt(struct pack *p, const char *key, const char *json); /* NULL: left out */
void pack_source(struct pack *p, const struct source *s);
void pack_passage(struct pack *p, size_t rank, const struct source *s); /* as a search finds it: `text` is its quote */
void pack_thread(struct pack *p, const struct thread_row *row);
void pack_document(struct pack *p, const struct document_row *row);
void pack_stamp(struct pack *p, const char *key, int64_t us); /* ISO text; 0: left out */
extern const struct sub_ops stream_ops; /* ctx: struct conn */
