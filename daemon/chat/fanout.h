/*
 * Text to subscribers at their own pace. A turn's answer is one append-only buffer; a subscriber is
 * an offset into it (one into the reasoning, one into the events). A slow reader is skipped, never
 * copied for, never waited for; attaching late and coming back are the same code.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "daemon/types.h"

struct turn;

enum event_kind { EVENT_STATUS, EVENT_NOTICE, EVENT_WORDS, EVENT_CITATION, EVENT_MARKS, EVENT_USAGE, EVENT_ERROR };

/* What is not text, in the order it happened: at (off, roff) of the answer and the reasoning. */
struct event {
	enum event_kind kind;
	size_t off, roff;
	char *name;           /* notice: its name; error: turn_error_name */
	char *text;           /* status, notice, error: words; words: of the question, a line each; marks, usage: JSON */
	struct source source; /* citation */
};

/* How a subscriber takes what it is given. All views live during the call. */
struct sub_ops {
	bool (*has_room)(void *ctx);
	void (*delta)(void *ctx, const struct turn *t, size_t off, const char *s, size_t n);
	void (*reasoning)(void *ctx, const struct turn *t, size_t off, const char *s, size_t n);
	void (*event)(void *ctx, const struct turn *t, uint64_t ev, const struct event *e);
	void (*done)(void *ctx, const struct turn *t); /* last; the subscription is gone afterwards */
	void (*drop)(void *ctx);                       /* the subscription goes, after done or without it; may be NULL */
};

struct sub {
	struct list of_turn, of_owner; /* of_owner: the caller's list */
	struct turn *turn;
	size_t off, roff;
	uint64_t ev;                   /* events already given, of those that the turn has */
	bool ends_only;                /* waits for the end: no text, no events */
	const struct sub_ops *ops;
	void *ctx;
};

/* off and roff are within the text and on code point boundaries: fanout_offset_ok. Delivery comes from fanout_pump. */
struct sub *fanout_subscribe(struct turn *t, size_t off, size_t roff, uint64_t ev, const struct sub_ops *ops, void *ctx);
bool fanout_offset_ok(const struct turn *t, size_t off, size_t roff);
void fanout_unsubscribe(struct sub *s); /* frees; the turn may end its own life later, not here */
/* Give this subscriber what it has room for. It may be gone (done) when this returns false. */
bool fanout_pump(struct sub *s);
void fanout_pump_all(struct turn *t);
