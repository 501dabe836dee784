/*
 * What ragchatd-pdf says beside the document: one line of JSON on stderr at its end.
 *
 *	{"pages": 3, "level": "seccomp, rlimits, ...", "error": null|"words",
 *	 "warnings": [{"code": "cells", "count": 2, "text": "..."}],
 *	 "missing": {"count": 5, "codepoints": ["U+13000", ...]}}
 *
 * A code is one word, for programs; the text is for people, lower case, without a full stop. Of a code
 * the first text is kept and the later ones are counted. Nothing here uses a stdio stream:
 * behind the lock its first use is a forbidden call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buf.h"

#define REPORT_WARNINGS 24      /* codes; a further one is dropped */
#define REPORT_TEXT 160         /* bytes of a text with its NUL; longer ones are cut at a code point */
#define REPORT_MISSING 32       /* code points that are named; the others are counted */

struct report_warning {
	const char *code;       /* static */
	size_t count;
	char text[REPORT_TEXT];
};

struct report {
	size_t pages;
	char level[REPORT_TEXT]; /* of the sandbox */
	char error[REPORT_TEXT]; /* "": none */
	struct report_warning warnings[REPORT_WARNINGS];
	size_t nwarnings;
	uint32_t missing[REPORT_MISSING]; /* code points without a glyph, distinct, as first met */
	size_t nmissing;
	size_t missing_total;             /* occurrences */
};

void report_init(struct report *r);
/* Safe behind the lock (vsnprintf makes no calls). `code` is a string constant. */
void report_warn(struct report *r, const char *code, const char *fmt, ...) attr_printf(3, 4);
/* The words of the one error that ends the work; the first one stands. */
void report_error(struct report *r, const char *fmt, ...) attr_printf(2, 3);
void report_missing(struct report *r, uint32_t codepoint);

/* The JSON line with its newline, at most REPORT_LINE_MAX bytes. -ENOMEM, -ENOBUFS. */
#define REPORT_LINE_MAX 4096
int report_line(const struct report *r, struct buf *out);
