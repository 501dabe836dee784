/*
 * Inline reasoning: <think>...</think> at the very start of the content, white space before it
 * allowed, across any cut. Anything else at the start is content, and so is every later tag.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct think {
	uint8_t state, matched, nheld;
	bool found;    /* there was one */
	char held[24]; /* white space and the beginning of a tag, not decided yet */
};

struct think_events {
	void (*on_reasoning)(void *ctx, const char *s, size_t n);
	void (*on_content)(void *ctx, const char *s, size_t n);
};

void think_init(struct think *t, bool off);
void think_feed(struct think *t, const char *p, size_t n, const struct think_events *ev, void *ctx);
void think_end(struct think *t, const struct think_events *ev, void *ctx);
bool think_off(const struct think *t); /* all that comes is content */
