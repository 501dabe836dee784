/*
 * Text with places on its way out, as records (daemon/worker/records.h) or as plain text. Whatever
 * comes in, what goes out is clean UTF-8 without NUL and without control characters but tab, line
 * feed and form feed.
 *
 * Errors stick: after the first, nothing more goes out, and out_failed says why.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/utf8.h"

struct out {
	int fd;       /* records are written there; -1: they stay in `wire` */
	bool plain;   /* text for people instead of records */
	size_t max;   /* bytes of text */
	size_t total; /* ... so far */
	size_t pages; /* the highest page named */
	size_t visible; /* bytes of text that are no white space: 0 is a document without text */
	struct buf wire, text;
	struct utf8_clean clean;
	int r;        /* 0, -errno, OUT_E_FULL */
};
#define OUT_E_FULL 1 /* past max */

void out_init(struct out *o, int fd, size_t max);
void out_fini(struct out *o);
/* How the text is to be read (enum text_form of records.h), and its title: "" none. Comes first. */
void out_form(struct out *o, char form, const char *title, size_t n);
void out_text(struct out *o, const char *s, size_t n); /* any bytes */
/* From here on: page and line (-1: none), and the part of the document, as a heading above all
 * others ("" none). */
void out_place(struct out *o, int page, int line, const char *label);
/* A document within the document that another profile has to read. */
void out_child(struct out *o, const char *name, const void *p, size_t n);
void out_end(struct out *o); /* the last record, and all that is left to write */
bool out_failed(const struct out *o);
