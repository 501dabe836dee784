/*
 * Keeps a marker of a citation from being seen in halves: from its opening bracket on the text is
 * held until the bracket closes or HOLD_BYTES are there. Any split of the text gives the same bytes.
 */
#pragma once

#include <stddef.h>

#include "common/buf.h"

#define HOLD_BYTES 8

struct hold {
	char held[HOLD_BYTES + 4];
	size_t n;
};
void hold_feed(struct hold *h, const char *s, size_t n, struct buf *out);
void hold_end(struct hold *h, struct buf *out);
