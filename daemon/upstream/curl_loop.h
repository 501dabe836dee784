/*
 * libcurl's multi interface on a uv loop (curl's multi_socket API). Transfers are added and removed
 * through here only, never from inside a curl callback. Finished transfers are read after every
 * socket action, timeouts included.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

#include "common/list.h"

struct curl_loop {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	bool inside;            /* a curl call is on the stack */
	bool closing;
	unsigned open_handles;  /* uv handles that still have to close */
	/* A transfer has ended; its easy handle is still in the multi. CURLOPT_PRIVATE leads to the owner. */
	void (*on_done)(void *ctx, CURL *easy, CURLcode rc);
	/* A curl call has returned: what was put off may be done. */
	void (*on_settled)(void *ctx);
	void (*on_closed)(void *ctx);
	void *ctx;
};

int curl_loop_init(struct curl_loop *l, uv_loop_t *loop); /* 0, -ENOMEM */
int curl_loop_add(struct curl_loop *l, CURL *easy);
void curl_loop_remove(struct curl_loop *l, CURL *easy);
void curl_loop_close(struct curl_loop *l); /* every easy handle was removed; on_closed follows from the loop */
