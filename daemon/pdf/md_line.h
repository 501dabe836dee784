/*
 * One line of the source and where it stands: what of it belongs to quotes and lists, and what is code
 * by its indent alone. An estimate for md_guard.c, which changes nothing that a reader could see.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct md_line {
	const char *s, *text, *body, *end; /* text: behind white space and quote marks; body: behind marks of
	                                      items too; end: before the LF */
	size_t quotes, indent, column;     /* column: of body; indent and column count from the last quote mark */
};

/* Where the lines so far leave off. */
struct md_place {
	size_t content; /* column where the text of the last list item begins; 0: no list */
	bool list, paragraph;
	char fence;     /* of the code block that is open, or 0 */
	size_t fence_len, fence_quotes, fence_content;
};

struct md_line md_line_at(const char *s, const char *end);
size_t md_fence_of(const struct md_line *l); /* bytes of the fence that begins the body; 0: none */
/* Takes up the next line. True: it is code, in a fence or by its indent, the fences included. */
bool md_place_next(struct md_place *p, const struct md_line *l);
/* A number other than 1 that begins an item; *delimiter is '.' or ')'. 0: none. */
long md_line_number(const struct md_line *l, char *delimiter);
