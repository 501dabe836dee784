/*
 * The terminal as far as a client without styling needs it: is there one, how wide, which locale,
 * how many columns a character takes; and the progress line on stderr.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/filter.h"

#define TERM_WIDTH_MAX 100 /* text is wrapped here on wider terminals */

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

const char *term_environment(const char *name); /* NULL: not set, or empty */
bool term_utf8(void);               /* LC_ALL, LC_CTYPE, LANG; none set: UTF-8 is assumed */
enum filter_mode term_filter(void); /* FILTER_TERMINAL or FILTER_ASCII */
/* ... for lines on stdout: a pipe has no locale. */
enum filter_mode term_filter_out(void);
unsigned term_width(int fd);        /* COLUMNS, else the terminal's; 0: unknown */
unsigned term_wrap_width(int fd);   /* ... that text is wrapped to; 0: not at all, as where it is no terminal */
bool term_moves(int fd);            /* a terminal that can erase a line: not TERM=dumb */
bool term_color(enum color_when when, int fd); /* NO_COLOR, CLICOLOR_FORCE, TERM=dumb */
unsigned term_char_width(
	uint32_t cp); /* 0 combining, 1, 2 wide: client/term_width.def */
size_t term_text_width(const char *s, size_t n);
size_t term_cut(const char *s, size_t n, size_t columns); /* bytes that fit */
/* What is behind `from`, and was filtered, cut to so many columns; isolates that the cut left open are closed. */
void term_shorten(struct buf *b, size_t from, size_t columns);

/* One transient line on stderr; nothing is shown when it is off, or in the first 300 ms. */
struct progress {
	bool on, shown;
	uint64_t from_ms; /* shown from then on */
	uint64_t drawn_ms;
	unsigned step;
	char text[128]; /* what is going on; "" only turns the wheel */
};
void progress_start(struct progress *p, bool on);
void progress_text(struct progress *p, const char *s, size_t n); /* filtered here */
int progress_tick(struct progress *p); /* draws when it is time; ms until the next tick, -1: none */
void progress_clear(struct progress *p);
