/*
 * Private to the cutting of documents: readers of one kind of text (chunk_prose.c, chunk_code.c)
 * hand their atoms, without a gap, to the packer (chunk.c), which makes passages of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/library/chunk.h"

/* How strongly the text itself breaks before an atom. */
enum strength {
	BREAK_NONE,
	BREAK_SENTENCE,
	BREAK_LINE,
	BREAK_PARAGRAPH,
	BREAK_SECTION, /* always a new passage, unless the open one holds headings only */
};

struct packer {
	const char *text;
	size_t n;
	struct passage *v;
	size_t count, cap;
	size_t start, end; /* the open passage, start == end: none */
	size_t size;       /* its characters */
	bool heading_only; /* nothing but headings in it yet */
	bool merge;        /* the passage before it is of the same section: a scrap may join it */
	size_t line_at;    /* private: line `line` is counted up to here */
	int line, page;
	char mark;     /* what ends a line: \n, or \r in a file without any \n */
	bool paged;    /* form feeds count pages */
	char *heading; /* of the open passage; NULL: none */
	const struct text_place *places; /* NULL: lines and pages are counted in the text */
	size_t nplaces, place;           /* the one that holds at the last passage */
	const char *label;               /* above all headings of this part, or NULL */
	bool failed;
};

/* Put text[end of the last atom, to) behind it. `heading`: the path above it, borrowed, or NULL. */
void pack(
	struct packer *p, size_t to, enum strength strength, bool is_heading, const char *heading);
/* The same, cut at sentence ends and below if it is too long for one passage. */
void pack_prose(struct packer *p, size_t to, enum strength strength, const char *heading);

/* Lines: [start, end) without the line end, next begins the following one. False: no more. */
struct line {
	size_t start, end, next;
	size_t indent; /* columns, tabs count to the next multiple of 8 */
	size_t body;   /* its first byte that is no blank; == end for a blank line */
};
bool line_read(const struct packer *p, size_t at, struct line *l);
static inline bool line_blank(const struct line *l)
{
	return l->body == l->end;
}

void chunk_plain(struct packer *p);
void chunk_markdown(struct packer *p);
void chunk_code(struct packer *p);
void chunk_rows(struct packer *p);
