/*
 * From a request to the end of its answer: ask, retry and attach. Keeps the promises of the
 * command line: the first Ctrl-C cancels what we asked for, a lost connection is taken up at the
 * byte where it broke, a reader that stops reading stops nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/view.h"

struct link;

struct follow_request {
	struct link *link; /* its request is packed, not sent: ask, turn.retry or attach */
	const struct view *view;
	bool own;      /* Ctrl-C and --timeout cancel the answer; otherwise they only leave */
	bool saved;    /* it is kept: hints may name it */
	uint64_t from; /* attach: the offset asked for */
};

/* The exit status; everything is said. */
int follow(const struct follow_request *req);

/* -d: sends the request (not streamed), prints the turn's id in the view's mode. Status. */
int follow_detached(struct link *l, const struct view *view);
