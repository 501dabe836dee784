/*
 * One HTTP exchange with the backend: waiting for a connection, running, waiting for another try,
 * told, reading on a little. stream.c, upload.c and models.c are its kinds; each embeds a struct
 * transfer as its first member.
 *
 * Nothing is started, ended or told within a call from outside or within a callback of libcurl:
 * both leave a mark and the work is done from the loop (transfer_kick).
 */
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include "common/buf.h"
#include "common/fair.h"
#include "common/idmap.h"
#include "common/list.h"
#include "daemon/upstream/multi.h"
#include "daemon/upstream/request.h"
#include "daemon/upstream/settings.h"

struct transfer;

struct transfer_kind {
	const char *what, *path; /* "chat", "/v1/chat/completions" */
	const char *slow; /* what is said when its time is over; NULL: by what ran out */
	enum request_kind request;
	bool retries;
	/* Options of its own, for each try. false: out of memory. */
	bool (*setup)(struct transfer *t, CURL *easy);
	/* Bytes of a reply with status 2xx. */
	void (*body)(struct transfer *t, const char *p, size_t n);
	/* The reply is at its end, or over: what it amounts to. *text is malloc'd. */
	enum upstream_result (*verdict)(struct transfer *t, char **text);
	/* The end is told; the kind adds what it knows. */
	void (*tell)(struct transfer *t, struct upstream_end *end);
	void (*free)(struct transfer *t);
	/* May be NULL: from the loop, after a kick; a wait for a connection; another try is coming. */
	void (*work)(struct transfer *t);
	void (*waiting)(struct transfer *t, size_t before);
	void (*retry)(struct transfer *t, const char *text);
};

enum transfer_state {
	TRANSFER_READY,
	TRANSFER_WAITING,
	TRANSFER_RUNNING,
	TRANSFER_BACKOFF,
	TRANSFER_DRAINING,
	TRANSFER_CLOSING,
};

struct transfer {
	struct upstream *u;
	uint64_t id, owner;
	const struct transfer_kind *kind;
	struct settings *settings;
	struct list all, link, todo; /* all; the waiting or the paused; those with work to do */
	CURL *easy;
	struct curl_slist *headers;
	char *errors; /* libcurl's words, https only */
	uv_timer_t timer;
	uint64_t started, alive; /* loop time of the first try, of the last byte */
	uint64_t grace, until;   /* of the finish_reason, 0: none yet; when a wait ends */
	unsigned tries;
	uint8_t state;
	bool slot;  /* counts as active */
	bool added; /* libcurl runs it */
	bool cancelled, over, told, paused;
	bool complete; /* libcurl is done with it, with `code` */
	bool first_byte;
	bool sending, starved; /* upload: not all sent yet; it is us who have nothing to send */
	bool reusable;         /* the connection is worth reading on for */
	enum upstream_result result; /* for `over` by the clock or before anything was sent */
	char *text;
	int64_t retry_ms;
	long status;
	CURLcode code;
	struct buf refusal; /* body of a reply that is no success */
};

struct upstream {
	uv_loop_t *loop;
	struct settings *settings;
	struct multi multi;
	struct idmap transfers; /* those that were not told their end */
	struct list all, waiting, paused, todo;
	bool closing;
	uv_idle_t idle;  /* runs while there is something in todo */
	uv_timer_t rest; /* until libcurl's idle memory goes */
	uint64_t rest_ms;
	struct fair slots; /* active ones, by owner */
	unsigned handles;
	struct upstream_figures figures;
	struct buf scratch;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* t is zeroed but for what its kind has set. Returns its id. */
uint64_t transfer_start(struct upstream *u, struct transfer *t, const struct transfer_kind *kind);
void transfer_kick(struct transfer *t);
void transfer_cancel(struct transfer *t);
void transfer_work(struct transfer *t);   /* from the loop, what was kicked */
void transfer_resume(struct transfer *t); /* from the loop, what was paused */
void transfer_close(struct transfer *t);  /* without a word, if it was told its end */
void transfer_done(struct transfer *t, CURLcode code);
void transfer_over(struct transfer *t);  /* the reply has said all: from body */
void transfer_grace(struct transfer *t); /* only the end mark is missing: the wait begins (again) */
/* Ends it without a request. text is taken. */
void transfer_fail(struct transfer *t, enum upstream_result result, char *text);

void upstream_want_work(struct upstream *u); /* there is something in todo or paused */
void upstream_released(struct upstream *u);  /* a uv handle is closed */
void upstream_rested(struct upstream *u);    /* nothing is active any more */
