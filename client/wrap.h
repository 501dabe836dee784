/*
 * Wraps text at a width, at spaces, as it comes: append-only, never redraws. Code blocks, tables
 * and indented code keep their lines; a word that is wider than the line stays whole. A word is
 * held until it is complete. width 0: everything passes at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct wrap {
	unsigned width;
	size_t column; /* on the line of the screen */
	struct buf word;
	size_t word_width;
	unsigned spaces; /* before the word */
	bool begun;      /* the line of the text has a word */
	bool fence;      /* within a code block */
	bool verbatim;   /* this line is not wrapped */
	bool glued;      /* what comes next belongs to a word already put out */
	char part[4];    /* of a character cut by the end of a piece */
	size_t npart;
};

void wrap_init(struct wrap *w, unsigned width);
void wrap_fini(struct wrap *w);
void wrap_feed(struct wrap *w, const char *s, size_t n, struct buf *out); /* valid UTF-8 */
void wrap_end(struct wrap *w, struct buf *out);
void wrap_text(unsigned width, const char *s, size_t n, struct buf *out); /* all of it at once */
/* One text behind `indent` columns on each line, with a line feed at its end. width 0: one line. */
void wrap_indented(unsigned width, unsigned indent, const char *s, size_t n, struct buf *out);
