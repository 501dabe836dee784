/*
 * Shared by the files of the terminal's block parser: what is open, the plan of a line, what blocks
 * look like. The way of a line: markdown.c holds it, markdown_plan.c says what it is, markdown_block.c
 * carries that out, markdown_put.c draws.
 */
#pragma once

#include "client/markdown_in.h"

#define DEPTH 16      /* nested quotes and lists; deeper marks stay as written */
#define INDENT_CODE 4

struct container {
	bool quote;
	bool fresh;       /* nothing of it is shown yet: its bar begins with its first line */
	unsigned content; /* list item: columns its content is indented by */
	char marker[16];  /* what is shown before its first line; "" once shown */
	unsigned columns; /* of the marker: later lines are indented by as much */
};

enum leaf { NONE, PARAGRAPH, HEADING, RULE, FENCE, CODE, CANDIDATE, TABLE };

struct plan {
	size_t matched;           /* of the open containers */
	struct container fresh[DEPTH];
	size_t nfresh;
	enum leaf leaf;
	bool blank, lazy;
	size_t rest;              /* where the leaf's text begins */
	unsigned indent;          /* columns before it */
};

struct markdown {
	struct markdown_look look;
	struct links links;
	struct container open[DEPTH];
	size_t depth;
	enum leaf leaf;
	char fence;
	size_t fence_len;
	unsigned fence_indent;
	struct buf in;    /* at most the begin of a character */
	struct buf line;  /* the source line that is held */
	bool waits;       /* for the line's end: what it is was looked at */
	bool streams;     /* the rest of this line is prose */
	bool blank;       /* a blank line is due before the next block */
	bool begun;
	struct inlines inlines;
	struct flow flow;
	struct table table;
	ink ink;
	struct buf words; /* bold within quotes, a line each */
	struct buf *out;
};

/* ---- the plan of a line: it changes nothing ---- */
struct cursor {
	const char *s;
	size_t n, at;
};

struct plan plan_line(const struct markdown *m, const char *s, size_t n);
/* Columns of white space at the cursor; *end: what follows it. */
unsigned plan_indent(const struct cursor *c, size_t *end);
void plan_skip_columns(struct cursor *c, unsigned columns); /* steps over at most so many of white space */
size_t plan_fence(const char *s, size_t n); /* the marks that open one; 0: none */

/* ---- carrying it out ---- */
void block_line(struct markdown *m, const char *s, size_t n); /* a whole one */
/* The begin of a line is here. True: it is prose, and has begun; put_prose takes the rest. */
bool block_begin(struct markdown *m, const char *s, size_t n);
void block_end(struct markdown *m);     /* of the leaf that is open */
void block_end_all(struct markdown *m); /* of the text */

/* ---- what blocks look like ---- */
void put_begin(struct markdown *m); /* of a block: the blank line before it, what stands before its lines */
void put_prose(struct markdown *m, const char *s, size_t n, bool end);
void put_prose_begin(struct markdown *m);
void put_prose_end(struct markdown *m);
void put_line(struct markdown *m, const char *s, size_t n, ink k);
void put_rule(struct markdown *m, const char *label, size_t n);
void put_heading(struct markdown *m, const char *s, size_t n);
void put_table(struct markdown *m);
