/*
 * From a request to the end of its answer: ask, retry and attach. Keeps the promises of the
 * command line: the first Ctrl-C cancels what we asked for, a lost connection is taken up at the
 * byte where it broke, a reader that stops reading stops nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/view.h"
#include "common/str.h"

struct link;

/* Somebody else who may end the answer or the wait for it: a conversation that reads keys meanwhile. */
struct follow_ears {
	int fd; /* polled for reading, instead of the signals' */
	int (*take)(void *ctx); /* the number of a signal, or 0: it was something else */
	void *ctx;
};

/* What is left of an answer. */
struct follow_end {
	char turn[UUID_LEN + 1], thread[UUID_LEN + 1]; /* "" there was none */
	bool sources; /* it cites some */
	bool whole;
};

struct follow_request {
	struct link *link; /* its request is packed, not sent: ask, turn.retry or attach */
	const struct view *view;
	bool own;      /* Ctrl-C and --timeout cancel the answer; otherwise they only leave */
	bool saved;    /* it is kept: hints may name it */
	uint64_t from; /* attach: the offset asked for */
	const struct follow_ears *ears; /* may be NULL */
	struct follow_end *end;         /* may be NULL */
	const char *again; /* how the question is asked again, in words for people; NULL: `ragchat retry` */
	bool anew; /* while nothing has come of it, any daemon will do: the question has a key */
};

/* The exit status; everything is said. */
int follow(const struct follow_request *req);

/* -d: sends the request (not streamed), prints the turn's id in the view's mode. Status. */
int follow_detached(struct link *l, const struct view *view);
