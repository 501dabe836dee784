/*
 * Messages of a program on a stream of bytes: with a Content-Length head each (Language Server
 * Protocol, base protocol), or a line each. Pure; fed byte by byte it says the same as fed at once.
 * What is larger than FRAMING_MAX is skipped and told, without being kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define FRAMING_MAX (8u << 20) /* one message: a frame of 1 MiB whose every byte is escaped, \u00XX */
#define FRAMING_HEAD 4096      /* all header lines of one message */

enum framing_mode { FRAMING_LSP, FRAMING_LINES };

enum framing_result {
	FRAMING_MORE,    /* none is whole */
	FRAMING_MESSAGE,
	FRAMING_LARGE,   /* one was larger than FRAMING_MAX; the next may be fine */
	FRAMING_BROKEN,  /* no head: the next message cannot be found; why tells */
};

struct framing {
	enum framing_mode mode;
	struct buf in;
	size_t at, looked; /* of `in`: taken; searched for a line's end so far */
	uint64_t body;     /* bytes of the body to come; LSP, once the head is read */
	uint64_t skip;     /* ... of one that is too large */
	bool has_head, skipping;
	const char *why;
};

void framing_init(struct framing *f, enum framing_mode mode);
void framing_fini(struct framing *f);
/* n bytes at *room may be written; then framing_read(n) says how many were. NULL: no memory. */
uint8_t *framing_room(struct framing *f, size_t n);
void framing_read(struct framing *f, size_t n);
/* The next message, valid until the next call with f. */
enum framing_result framing_next(struct framing *f, const char **message, size_t *n);
/* At the end of the stream: a last line without its end. False: nothing, or half of something. */
bool framing_rest(struct framing *f, const char **message, size_t *n);
bool framing_is_empty(const struct framing *f); /* no half message is left */
