/*
 * Server-sent events, incrementally (WHATWG HTML, 9.2 "Server-sent events"), as real backends send
 * them. Pure: bytes in, events out. Only LF, CR and CRLF end a line; one optional space after the
 * colon; a BOM at the start is stripped; comments, id, retry and unknown fields are passed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* One event. data has no trailing newline; both views live during the call. name "" when none. != 0 stops the feed and is returned by it. */
typedef int (*sse_event_fn)(void *ctx, const char *name, size_t name_len, const char *data, size_t n);

struct sse {
	struct buf line;   /* an unfinished line, on demand only */
	struct buf data;   /* data of a multi-line event, on demand only */
	char name[64];
	uint8_t name_len;
	bool started, skip_lf, has_data;
	size_t max_event;
};

void sse_init(struct sse *s, size_t max_event);
void sse_fini(struct sse *s);
/* 0, -ENOBUFS: an event past max_event, -ENOMEM, or what the callback returned. */
int sse_feed(struct sse *s, const char *p, size_t n, sse_event_fn fn, void *ctx);
int sse_end(struct sse *s, sse_event_fn fn, void *ctx); /* EOF: a last unfinished event is given out too */
