/* How stored texts are shown: drawn on a terminal and through the pager when long, as they are elsewhere. */
#pragma once

#include <stdbool.h>

#include "client/opts.h"
#include "client/paper.h"
#include "client/term.h"
#include "common/buf.h"

struct reading {
	bool raw;        /* -r: on a terminal too it is the Markdown */
	int raw_output;  /* exactly the bytes; how often it was given: a terminal wants it twice */
	bool no_pager;
	enum color_when color;
	unsigned width; /* --width; 0: not given */
};

enum { OPT_READING_COLOR = 0x3000, OPT_READING_WIDTH, OPT_READING_RAW_OUTPUT, OPT_NO_PAGER };
#define READING_OPTS \
	{ 'r', "raw", NULL }, { OPT_READING_COLOR, "color", "auto|always|never" }, { OPT_READING_WIDTH, "width", "COLUMNS" }, \
		{ OPT_READING_RAW_OUTPUT, "raw-output", NULL }, { OPT_NO_PAGER, "no-pager", NULL }

/* Takes one of READING_OPTS; false: it is none. What is wrong is said, o->status is set. */
bool reading_option(struct reading *r, struct opts *o, int id);
int reading_check(const struct reading *r, struct opts *o); /* after the last one: 0, or a status and said */
/* What a conversation is to be written on, for this output. */
struct paper reading_paper(const struct reading *r);
/* To stdout, or the pager; what was drawn is not filtered again. A status. */
int reading_print(const struct reading *r, const struct paper *p, const struct buf *text);
