/*
 * What a daemon does for itself, bit by bit on the writer: threads that were left half deleted, and
 * those that the configuration keeps no longer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct server;

struct housekeeping {
	struct server *server;
	uv_timer_t timer; /* private; runs where there is something to keep watch over */
	bool running, removed;
	uint64_t expired; /* threads deleted because of their age, since the start */
};

void housekeeping_start(struct housekeeping *h, struct server *s);
void housekeeping_configure(struct housekeeping *h); /* keep_threads may be another */
void housekeeping_close(struct housekeeping *h);
