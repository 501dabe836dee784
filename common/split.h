/*
 * Splits the answer's text into what is the answer and what is not, across any cut of the stream:
 * a status line (a whole line "`[X working...]`" outside a code fence, it goes with its own
 * newline) and one leading metadata block (the answer begins with a ```json fence whose body is a
 * JSON object, with white space around it). Holds back only what may still become one of them and
 * gives it out untouched when it turns out to be something else. If anything was stripped before
 * the first character of the answer, leading white space goes too; all else is byte for byte.
 *
 * A block that nothing follows leads nothing: it is the answer itself and is given out as text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct split_events {
	void (*on_text)(void *ctx, const char *s, size_t n);
	void (*on_status)(void *ctx, const char *s, size_t n);   /* "Researcher working..." without marks */
	void (*on_metadata)(void *ctx, const char *s, size_t n); /* the JSON object */
};

#define SPLIT_STATUS_MAX 256     /* bytes of a line that may still be a status line */
#define SPLIT_METADATA_MAX 65536 /* a longer block is text; so is that much leading white space */

struct split {
	struct buf held;  /* white space before the answer, then what may become a line or a block */
	struct buf block; /* a whole leading block, waiting for the answer that it leads */
	uint32_t lead;    /* bytes of white space at the start of held */
	uint32_t object, object_n; /* the JSON object: in held while it is read, in block afterwards */
	uint8_t state, part, ticks;
	bool off, began, stripped, had_block;
	bool bol;         /* the next byte is the first of its line */
	bool in_string, escape, after_newline; /* within the block's JSON */
	uint32_t depth;
	/* What the lines given out say about code fences. */
	bool in_fence;
	char fence_char, run_char;
	unsigned fence_len, run_len;
	uint8_t line, indent;
};

/* Who takes something else off the front of the answer first sets `stripped`. */
void split_init(struct split *s, bool off);
void split_fini(struct split *s);
/* p holds whole code points. 0, -ENOMEM. */
int split_feed(struct split *s, const char *p, size_t n, const struct split_events *ev, void *ctx);
/* What is held is text, but for a whole status line that only lacks its newline. */
int split_end(struct split *s, const struct split_events *ev, void *ctx);
