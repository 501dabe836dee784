/*
 * Text of one paragraph, from UTF-8 with spans to positioned glyphs in lines: bidi (UAX #9, FriBidi),
 * script and font per grapheme cluster, shaping (HarfBuzz), line breaks (own: kinsoku, URLs, soft
 * hyphens, Thai and its like by cluster), lines in visual order.
 *
 * Widths are points. Everything lives in the arena it was made in. Linear in the text's length: a
 * paragraph may be a megabyte without a space, a cluster may have nine thousand marks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/pdf/arena.h"
#include "daemon/pdf/fonts.h"

struct report;

/* How a stretch of a paragraph looks. Spans are in order and cover the text without a gap. */
struct span {
	uint32_t start, end;   /* bytes; between code points */
	uint8_t style;         /* enum text_style */
	bool underline, strike;
	float size;            /* points */
	float rise;            /* of the baseline, points, up */
	uint32_t ink;          /* 0xRRGGBB */
	uint32_t tint;         /* background, 0xRRGGBB; TINT_NONE */
	uint32_t tag;          /* the caller's own: link, code, citation */
};
#define TINT_NONE UINT32_MAX

struct glyph {
	uint16_t gid;
	int16_t dx, dy;        /* 1/1000 em, from where it would stand */
	int32_t advance;       /* 1/1000 em; a cell of the grid for STYLE_MONO, whatever the font */
	uint32_t text_at;      /* its part of the paragraph's text, for copying: bytes; exact and complete over */
	uint16_t text_len;     /* a cluster's glyphs together; 0: the neighbours have it */
};

/* Glyphs of one font and one span, left to right. */
struct piece {
	const struct font *font;   /* never NULL: what no font has is glyph 0 of the base font, `missing` */
	const struct span *span;
	const struct glyph *glyphs;
	size_t n;
	double x, width;       /* from the line's left edge */
	bool missing;          /* a visible box that copies as the character */
	bool rtl;
};

struct line {
	struct piece *pieces;  /* in logical order: `x` says where they stand */
	size_t n;
	uint32_t start, end;   /* bytes of the text; trailing spaces belong to the line and have no width */
	double width;          /* without trailing spaces */
	double ascent, descent; /* of the largest font and rise in it */
	bool hard;             /* ended by a line feed or by the text's end, not by the width */
	bool split;            /* ended within a word, because nothing else fits */
};

enum text_direction { TEXT_AUTO, TEXT_LTR, TEXT_RTL }; /* AUTO: the first strong character (P2, P3) */

struct text;

/*
 * utf8 is clean (valid, no NUL), LF is a hard break; other controls are shown as U+FFFD boxes that copy as
 * what they were cleaned to. It must live as long as the text does. Code points without a glyph go to the report.
 */
struct text *text_new(struct arena *a, struct fonts *f, struct report *r, const char *utf8, size_t len,
	const struct span *spans, size_t nspans, enum text_direction direction);
bool text_rtl(const struct text *t);          /* the paragraph's base direction */
double text_widest_word(const struct text *t); /* the longest stretch without a break: a column's least width */
double text_natural_width(const struct text *t); /* the longest line when nothing wraps */

/* The next line from *at (start with 0) that fits the width; at least one cluster. False: the text is used up. */
bool text_line(struct text *t, uint32_t *at, double width, struct line *out);

double text_cell(struct fonts *f, double size); /* width of one cell of the monospaced grid */
