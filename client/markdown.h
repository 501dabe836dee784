/*
 * Markdown on a terminal, as it comes: append-only, never redrawn. A block parser over lines, an
 * inline parser over the text of a block; no regular expressions. Prose goes out by word once its
 * line is known to be prose; headings, code and rules by line; a table when it is complete. What
 * could only be understood by looking back, references and setext underlines, stays as written.
 *
 * Text comes in through a filter (client/filter.h) that has left no control but tab and line feed;
 * the only escape sequences that go out are those made here. Any split of the text gives the same
 * bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct markdown_look {
	unsigned width;  /* columns; 0: nothing is wrapped, tables are as wide as they are */
	bool styled;     /* SGR; otherwise marks of emphasis and headings stay as written */
	bool utf8;       /* bullets, bars and rules of Unicode */
	bool hyperlinks; /* OSC 8 around the text of links; their address is shown in any case */
};

struct markdown;

struct markdown *markdown_new(const struct markdown_look *look);
void *markdown_free(struct markdown *m); /* takes and returns NULL */
void markdown_width(struct markdown *m, unsigned width); /* the window has another width from here on */
void markdown_feed(struct markdown *m, const char *s, size_t n, struct buf *out);
/* Words that are bold within quotes from here on, a line each; case does not count. */
void markdown_words(struct markdown *m, const char *lines, size_t n);
bool markdown_holds_table(const struct markdown *m); /* one that comes out when it is complete */
void markdown_end(struct markdown *m, struct buf *out); /* what is held comes out, with a final line feed */
/* How a terminal is to be shown Markdown: by NO_COLOR, TERM, the locale and what the terminal says of itself. */
struct markdown_look markdown_look(unsigned width, bool color);
