/*
 * What the files of the text engine share: a paragraph as arrays over its code points, runs that are shaped
 * as one, and clusters, the smallest pieces that a line may end between. Not for others.
 */
#pragma once

#include <fribidi.h>
#include <hb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/pdf/linebreak.h"
#include "daemon/pdf/report.h"
#include "daemon/pdf/text.h"

#define RUN_MAX 4096   /* code points of a run: longer ones are cut between clusters */
#define MARKS_MAX 32   /* of one cluster that are drawn; the others only copy */
#define TAB_CELLS 4

struct run {
	uint32_t start, end;           /* code points */
	uint32_t first, last;          /* clusters */
	const struct font *font;
	const struct span *span;
	hb_script_t script;
	int8_t level;
	bool missing;
};

struct cluster {
	uint32_t start;    /* code point */
	uint32_t glyph;    /* its glyphs, left to right */
	uint32_t run;
	uint32_t nglyphs;
	uint8_t flags;     /* linebreak.h, of what is before it */
	bool space, shy;
	int32_t advance;   /* 1/1000 em */
};

struct text {
	struct arena *arena;
	struct fonts *fonts;
	struct report *report;
	const char *utf8;
	uint32_t len;
	const struct span *spans;
	size_t nspans;
	uint32_t *cps, *drawn;  /* as written; as shaped: controls are U+FFFD, surplus marks CGJ */
	uint32_t *at;           /* byte of each code point, and len */
	uint8_t *flags;
	int8_t *levels;
	size_t n;
	bool rtl;
	struct run *runs;
	size_t nruns, cap_runs;
	struct cluster *clusters;
	size_t nclusters, cap_clusters;
	struct glyph *glyphs;
	size_t nglyphs, cap_glyphs;
	uint32_t cursor;        /* the cluster that the next line starts with */
};

void text_levels(struct text *t, enum text_direction direction); /* bidi.c */
void text_itemise(struct text *t);                               /* itemise.c: runs */
void text_shape(struct text *t);                                 /* shape.c: clusters and glyphs */
