/*
 * What the files of the Markdown reader share; nothing of it is for others.
 *
 * The text that cmark gets has no C0 control but TAB and LF (md_clean.c), so those bytes are free to say
 * things to ourselves. A stand-in is a byte that cmark takes for an ordinary character and that every text
 * of the tree passes on its way out (md_put): there it becomes what it stands for. A guard
 * may therefore defuse a stretch without knowing whether it is prose, code or a link.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "daemon/pdf/md.h"
#include "daemon/pdf/report.h"

enum {
	IN_BACKSLASH = 0x01, /* of "\(" and "\[": cmark gives our extension no backslash */
	IN_FENCE = 0x02,     /* the info string of a fence that we put around display math */
	IN_MATH = 0x03,      /* the first byte of the literal of inline math */
	IN_END = 0x04,       /* the reader's own text begins: nothing from here on is shown */
	IN_LABEL = 0x05,     /* opens and closes something that is not shown */
	IN_DEFUSE = 0x06,    /* shown as nothing: what follows means nothing to cmark */
	IN_TABLE = 0x07,     /* as IN_DEFUSE: the paragraph is the source of a table that is too large */
	IN_FIRST = 0x0E,     /* from here on: one character each, of md_plain_chars */
	IN_SOFT = 0x1F,      /* a soft break while a text is put together */
};
extern const char md_plain_chars[]; /* what has a meaning within a line */

struct md_job {
	struct arena *a;
	struct report *report;
	const struct md_options *options;
	const char *src;       /* NUL-terminated */
	size_t len;
	const char **lines;    /* where they begin; lines[nlines] is the end */
	size_t nlines;

	/* The text that is being put together. */
	struct buf text;
	struct md_span *spans;
	size_t nspans, cap_spans;
	bool plain;            /* a stand-in of IN_FIRST came by */
	bool table;            /* IN_TABLE came by */
	unsigned bold, italic, strike, image;
	const char *url;
	size_t link_at, image_at; /* of text: where they began */
	char label[32];        /* of an item that is too deep to be one: goes before its text */
	size_t columns, depth;
};

/* ---- md_clean.c ---- */

/* Valid UTF-8, LF at line ends, no controls. -ENOMEM, -ENOBUFS. */
int md_clean(const char *s, size_t n, struct buf *out);

/* ---- md_guard.c ---- */

/* Clean text in, the text that cmark is given out: see the head of md_guard.c. */
void md_guard(struct md_job *j, struct buf *text);

/* ---- md_inline.c ---- */

void md_text_begin(struct md_job *j);
void md_put(struct md_job *j, const char *s, size_t n); /* with the marks of this moment */
void md_put_marked(struct md_job *j, const char *s, size_t n, unsigned marks, int number);
void md_text_end(struct md_job *j, struct md_block *b); /* text, len, spans */
bool md_is_source(const struct md_options *o, int n);
void md_cites(struct md_job *j, struct md_block *b);    /* splits the spans at citations */

/* ---- md_math.c ---- */

/* Bytes of the formula that starts at s, delimiters included; 0: none does. */
size_t md_math_at(const char *s, size_t n, char before);
/* "\(" and "\[" that have a partner get IN_BACKSLASH, in place. */
void md_math_mark(char *s, size_t n);
/* A text that is one display formula and nothing else. */
bool md_math_alone(const struct md_block *b);
