/*
 * Requests that do not wait for each other: the reply of the oldest is waited for when WINDOW_MOST of them, or
 * WINDOW_BYTES, are on their way. After a lost connection all without a reply are sent again, in their order: only for
 * requests that may come twice. The first error of the daemon is said, and nothing is sent after it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct link;

#define WINDOW_MOST 32 /* half of what the daemon takes of one connection: `done` may add as many */
#define WINDOW_BYTES (1u << 20)

struct window {
	struct link *link;
	/* A reply without an error is in link->msg; item is freed behind it. again: it was sent twice, and may have been done twice. */
	void (*done)(void *ctx, void *item, bool again);
	void *ctx;
	struct window_slot {
		uint32_t id;
		struct buf frame;
		void *item;
		bool again;
	} slots[2 * WINDOW_MOST]; /* oldest first */
	size_t n, bytes;
	int status; /* of the first that failed, said */
};

void window_init(struct window *w, struct link *l, void (*done)(void *ctx, void *item, bool again), void *ctx);
void window_fini(struct window *w); /* what is on its way is no longer waited for */
/* Sends the link's open request; item (mem_new, or NULL) is taken. Returns the status so far. */
int window_send(struct window *w, void *item);
/* The same from within `done`: does not wait. */
void window_add(struct window *w, void *item);
/* Until all have their reply. The status. */
int window_drain(struct window *w);
