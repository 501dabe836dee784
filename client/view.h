/* How an answer is shown: the options that ask, retry and attach share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/opts.h"
#include "client/term.h"

enum view_mode { VIEW_TEXT, VIEW_JSON, VIEW_JSONL };
enum view_citations { CITATIONS_AUTO, CITATIONS_INLINE, CITATIONS_END, CITATIONS_NONE };

struct view {
	enum view_mode mode;
	bool no_stream, raw, quiet, usage;
	bool plain; /* no line is drawn over */
	bool extract; /* the first code block, alone; goes with no_stream */
	int raw_output; /* how often it was given: a terminal wants it twice */
	enum view_citations citations;
	enum color_when color;
	unsigned width;      /* --width; 0: not given */
	const char *output;  /* -o, or NULL */
	uint64_t timeout_ms; /* 0: none */
};

enum {
	OPT_JSONL = OPT_OWN,
	OPT_NO_STREAM,
	OPT_TIMEOUT,
	OPT_CITATIONS,
	OPT_COLOR,
	OPT_WIDTH,
	OPT_RAW_OUTPUT,
	OPT_VIEW_LAST, /* a command's own long options begin here */
};

#define VIEW_OPTS \
	{ 'o', "output", "FILE" }, { 'r', "raw", NULL }, { 'q', "quiet", NULL }, \
		{ 'u', "usage", NULL }, { OPT_JSON, "json", NULL }, { OPT_JSONL, "jsonl", NULL }, \
		{ OPT_NO_STREAM, "no-stream", NULL }, { OPT_TIMEOUT, "timeout", "SECONDS" }, \
		{ OPT_CITATIONS, "citations", "inline|end|none" }, \
		{ OPT_COLOR, "color", "auto|always|never" }, { OPT_WIDTH, "width", "COLUMNS" }, \
	{ \
		OPT_RAW_OUTPUT, "raw-output", NULL \
	}

/*
 * Takes one of VIEW_OPTS: true; false with nothing said: not one; o->status is set and said on a
 * bad value.
 */
bool view_option(struct view *v, struct opts *o, int id);
/* The values of --color and --width, wherever they are taken; what is wrong is said. */
void view_color(struct opts *o, enum color_when *when);
void view_width(struct opts *o, unsigned *width);
/* After the last option: do they go together? 0, or a status and said. */
int view_check(const struct view *v, struct opts *o);
bool view_is_json(const struct view *v); /* for a program, which is told more */
/* "1.5", "30s", "5m": milliseconds, at least 1; a plain number is seconds. 0 or -EINVAL. */
int view_seconds(const char *s, uint64_t *ms);
