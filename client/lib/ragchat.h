/*
 * libragchat: asking ragchatd from a program, without blocking it. One descriptor to poll; callbacks
 * come from ragchat_process only. Values are JSON text, as PROTOCOL.md describes them; ragchat_text
 * and ragchat_int look into it. See ragchat(3).
 *
 *	struct ragchat *chat = ragchat_open(NULL, 0);
 *	ragchat_ask(chat, "Who are you?", NULL, on_event, NULL);
 *	while (ragchat_waiting(chat))
 *		ragchat_wait(chat, -1);
 *	ragchat_close(chat);
 */
#ifndef RAGCHAT_H
#define RAGCHAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RAGCHAT_API 1 /* what is added raises it */

struct ragchat; /* a connection to the daemon; one thread at a time */

enum ragchat_flag {
	RAGCHAT_NO_AUTOSTART = 1, /* no daemon is started where none listens */
};

enum ragchat_kind {
	RAGCHAT_ACCEPTED = 1, /* the question is on the daemon's disk: turn, json */
	RAGCHAT_DELTA = 2,    /* text: a piece of the answer, which begins at byte off of it */
	RAGCHAT_REASONING = 3,
	RAGCHAT_EVENT = 4,    /* json: a status, notice, citation, usage, error: its key "kind" tells */
	RAGCHAT_DONE = 5,     /* the last one: state, length, json */
	RAGCHAT_REFUSED = 6,  /* the last one: nothing was asked: code, name, text */
};

struct ragchat_event {
	size_t size;       /* of this struct: a newer library's may have more at its end */
	int kind;          /* of enum ragchat_kind */
	int code;          /* RAGCHAT_REFUSED: PROTOCOL.md section 10; negative: of this side */
	const char *name;  /* ... and its name */
	const char *turn;  /* its id */
	const char *text;  /* delta, reasoning: UTF-8, ends with a NUL; refused: words for people */
	size_t text_len;
	uint64_t off;      /* delta, reasoning */
	uint64_t length;   /* done: bytes of the stored answer; may be less than came, where the daemon was killed */
	const char *state; /* done: "done", "failed", "cancelled", "interrupted", or "lost" */
	const char *json;  /* the whole map of the wire, ends with a NUL */
};
typedef void ragchat_event_fn(void *ctx, int64_t id, const struct ragchat_event *event);

struct ragchat_reply {
	size_t size;
	int code;            /* 0: json is the result */
	const char *name;    /* of an error */
	const char *message; /* ... in words */
	const char *json;    /* the result; of an error the whole of it */
	size_t json_len;
};
typedef void ragchat_reply_fn(void *ctx, int64_t id, const struct ragchat_reply *reply);

/*
 * socket NULL: RAGCHAT_SOCKET, else the usual places. Nothing is connected yet. NULL: no descriptors
 * or no memory are left.
 */
struct ragchat *ragchat_open(const char *socket, unsigned flags);
void ragchat_close(struct ragchat *chat); /* no callback comes from it; answers go on in the daemon */
/*
 * Connect now, which may wait for a daemon that is being started; otherwise the first request does,
 * and nobody waits. 0, or -1: ragchat_error tells.
 */
int ragchat_connect(struct ragchat *chat);
const char *ragchat_error(const struct ragchat *chat); /* why the last call here gave -1 */

int ragchat_fd(const struct ragchat *chat); /* readable: call ragchat_process; the same for its whole life */
int ragchat_process(struct ragchat *chat);  /* what can be done without waiting; as ragchat_waiting */
int ragchat_wait(struct ragchat *chat, int timeout_ms); /* poll, then process; -1: for ever */
int ragchat_waiting(const struct ragchat *chat); /* requests and answers that have not ended */

/*
 * Each gives an id above 0, or -1: ragchat_error tells. Whatever befalls the request later comes as
 * the last call of fn. `params` is a JSON object, or NULL.
 */
int64_t ragchat_ask(struct ragchat *chat, const char *question, const char *params, ragchat_event_fn *fn, void *ctx);
int64_t ragchat_retry(struct ragchat *chat, const char *turn, const char *params, ragchat_event_fn *fn, void *ctx);
/* An answer that was begun elsewhere, running or ended, from its first byte. */
int64_t ragchat_attach(struct ragchat *chat, const char *turn, ragchat_event_fn *fn, void *ctx);
/* Any method of the protocol. */
int64_t ragchat_call(struct ragchat *chat, const char *method, const char *params, ragchat_reply_fn *fn, void *ctx);
/* An answer is stopped, what came of it stays, and RAGCHAT_DONE follows. Of a call: its reply is not told. */
int ragchat_cancel(struct ragchat *chat, int64_t id);
/* fn is not called again; an answer goes on in the daemon. */
void ragchat_forget(struct ragchat *chat, int64_t id);

/*
 * Into JSON by a path of keys and numbers: "turn.sources.0.path". Text is malloc'd, NULL when there is
 * none: free() it. Of a number, true or false also their words.
 */
char *ragchat_text(const char *json, const char *path);
int64_t ragchat_int(const char *json, const char *path, int64_t otherwise);
/* How many things are in the list or object there; -1: it is neither. */
int64_t ragchat_count(const char *json, const char *path);

#ifdef __cplusplus
}
#endif

#endif
