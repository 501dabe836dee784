/* Private to the session: its state, and what its files ask of each other. */
#pragma once

#include "client/finder.h"
#include "client/session.h"
#include "common/buf.h"
#include "common/sha256.h"
#include "proto/msg.h"
#include "proto/scan.h"

#define HELLO_ID 1
#define TOKEN_ID 0
#define SESSION_READ 65536 /* bytes asked for at once */
#define SESSION_OWN 8 /* requests of this side at once: what LIMIT_REQUESTS leaves */

enum session_state {
	SESSION_IDLE,  /* no connection; the next request makes one */
	SESSION_FINDING, /* a thread looks for the daemon, and may start it */
	SESSION_HELLO, /* connected, not yet greeted (and logged in) */
	SESSION_OPEN,
	SESSION_AGAIN, /* lost; tried again by the timer */
};

enum request_kind { REQUEST_USER, REQUEST_ATTACH, REQUEST_GET };

struct request {
	uint32_t id; /* 0: the place is free */
	uint64_t tag;
	enum request_kind kind;
	unsigned flags;
	bool forgotten;
	int tries;        /* left */
	char *doomed;     /* words for it: it is answered here, by the next session_run */
	int doom_code;
	uint8_t *frame;   /* kept to be sent again, or NULL */
	size_t nframe;
	char turn[40];    /* REQUEST_ATTACH, REQUEST_GET */
};

struct stream {
	char turn[40];
	int64_t off, roff, ev;
	bool waits;        /* to be attached again */
	int tries;         /* left, until something comes of it */
	bool whole;        /* from its first byte on: `sum` is that of the answer so far */
	struct sha256 sum;
};

struct session {
	struct session_config config;
	struct session_handler handler;
	enum session_state state;
	int epoll, timer, fd;
	struct finder *finder;
	uint32_t events;   /* that fd is watched for; 0: not in epoll */
	bool held;
	char *path, *token, *account;
	char instance[64];
	bool restarted, must_log_in;
	uint64_t hello_until, again_until, next_try, started_at, again_ms;
	unsigned pause;
	struct buf in, out, later; /* later: requests until hello is answered */
	size_t in_at, out_at;
	struct scan scan;
	struct msg msg, made; /* of the daemon; of this side */
	struct buf made_frame;
	struct pack pack;
	struct buf open; /* the request being written */
	uint32_t last_id, open_id;
	struct request requests[SESSION_REQUESTS + SESSION_OWN]; /* those of this side included */
	size_t outstanding, kept, doomed;
	struct stream *streams;
	size_t nstreams, stream_cap;
};

/* session_conn.c */
void session_lose(struct session *s);
void session_fail(struct session *s, int code, const char *name, const char *why);
void session_watch(struct session *s);
void session_timer(struct session *s);
int session_find_now(struct session *s, int *status, char **why); /* waits */
void session_find(struct session *s); /* ... and this does not; what comes of it shows in session_found */
void session_found(struct session *s);
void session_greet(struct session *s, int fd);
void session_again(struct session *s);

/* session_stream.c */
void session_follow(struct session *s, struct val result);
void session_stream_note(struct session *s, struct val note);
void session_resume_all(struct session *s);
void session_resume(struct session *s);
void session_attach_failed(struct session *s, const char *turn, struct val error);
void session_got_turn(struct session *s, const char *turn, struct val error, struct val result);
void session_streams_end(struct session *s, int code, const char *name, const char *why);

/* session_read.c */
int session_write(struct session *s); /* what goes without waiting; < 0: the connection is gone */
void session_read(struct session *s); /* what is there, unless it is held */

/* session.c */
void session_request_end(struct session *s, struct request *q);
struct pack *session_note_begin(struct session *s, const char *method);
void session_note_end(struct session *s, struct pack *p);
void session_doom(struct session *s, struct request *q, int code, const char *why);
int session_send_own(struct session *s, enum request_kind kind, const char *turn);
void session_drop_frame(struct session *s, struct request *q);
