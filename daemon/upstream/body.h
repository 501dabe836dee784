/*
 * The body of a successful reply, whatever it is: the first bytes tell an event stream from JSON
 * (one object, or one after the other) and from a page for browsers; the Content-Type is not asked,
 * since it is wrong too often. Pure: bytes in, events out.
 */
#pragma once

#include "daemon/upstream/dialect.h"
#include "daemon/upstream/sse.h"

#define BODY_HEAD 256 /* bytes of a reply that is no answer, for the error's text */

struct body {
	struct dialect dialect;
	struct sse sse;
	struct buf value; /* a JSON value or a line, until it is whole */
	char *head;       /* how the reply began, until an event of an answer was seen */
	size_t max_event, head_n, bytes;
	int r; /* what ended the reading: 0, positive (over), -ENOBUFS, -ENOMEM */
	uint32_t depth;
	uint8_t kind, bom;
	bool in_string, escape;
};

void body_init(struct body *b, const struct dialect_options *o, size_t max_event,
	const struct upstream_events *ev, void *ctx, struct buf *scratch);
void body_fini(struct body *b);
/* 0: go on; positive: the answer is over, nothing more is wanted; negative: it cannot be read
 * further. */
int body_feed(struct body *b, const char *p, size_t n);
/* The reply has ended. A last event without its blank line counts if it can be read. */
void body_end(struct body *b);
/* After body_end. *text is malloc'd for what is not UPSTREAM_OK. */
enum upstream_result body_verdict(const struct body *b, char **text);
