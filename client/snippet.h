/*
 * A piece of text below a line that names it: on one line of the reader's, or wrapped behind an indent
 * where a terminal is the reader; what was looked for in bold. Filtered here: nothing filters it again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/markdown_in.h"
#include "common/buf.h"

struct snippet {
	struct markdown_look look;
	struct links links;
	struct flow flow;
};

void snippet_begin(struct snippet *s, unsigned width, bool bold); /* width 0: one line */
void snippet_add(struct snippet *s, const char *text, size_t n, bool marked, struct buf *out);
void snippet_end(struct snippet *s, struct buf *out);

/* All of a text, with the words in bold that begin as one of the query's does: endings differ. */
void snippet_text(unsigned width, bool bold, const char *text, size_t n, const char *query, struct buf *out);
