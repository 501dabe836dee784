/*
 * libcurl's multi interface on a libuv loop: sockets and its one timer, and nothing else. Callbacks
 * of libcurl never add or remove transfers; who wants to does it in `after`, which is called when
 * libcurl has returned.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

/* Bytes that all transfers together may take in before others have their turn: 2 ms of reading. */
#define MULTI_TURN_BYTES (512u << 10)

struct multi_events {
	void (*done)(void *ctx, CURL *easy, CURLcode code); /* the handle is still to be removed */
	void (*after)(void *ctx);
};

struct multi {
	uv_loop_t *loop;
	CURLM *curl; /* NULL: not needed at the moment */
	uv_timer_t timer;
	uv_prepare_t turns; /* runs once a turn, while there are transfers */
	const struct multi_events *ev;
	void *ctx;
	unsigned handles; /* of uv, ours, not closed yet */
	unsigned easies;
	size_t spent; /* bytes in this turn */
	bool inside;  /* libcurl is running */
	bool global;
	void (*closed)(void *ctx);
};

void multi_init(struct multi *m, uv_loop_t *loop, const struct multi_events *ev, void *ctx);
CURLMcode multi_add(struct multi *m, CURL *easy);
void multi_remove(struct multi *m, CURL *easy);
void multi_resume(struct multi *m, CURL *easy);      /* after a pause; may deliver data at once */
void multi_resume_send(struct multi *m, CURL *easy); /* there is something to send again */
bool multi_spend(struct multi *m, size_t n);         /* false: the turn's bytes are used up */
/* Nothing runs: closes idle connections, frees what libcurl holds. */
void multi_rest(struct multi *m);
/* All were removed before; closed comes from the loop. */
void multi_close(struct multi *m, void (*closed)(void *ctx));
