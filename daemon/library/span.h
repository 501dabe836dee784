/*
 * Spans: the hits of a search put together for reading. Passages that touch become one, so that an
 * answer across a cut is seen whole; a budget says what all of it may cost
 * (cost.h). Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "daemon/store/documents.h"

#define SPANS_MAX 160
#define SPAN_BYTES 2000 /* longest; what a source may quote */
#define SPAN_FINE 800   /* ... where all of a text is read: what is cited should be near its place */
#define SPANS_LEAST 350 /* bytes of text make hardly more than a fine span, but for the last of a document */

struct span {
	const struct hit *best; /* its highest passage: document, name, sha256 */
	struct span_part {      /* its passages, in the order of the text */
		size_t at;
		const char *heading; /* or NULL */
		int line, page;
	} * parts;
	size_t nparts;
	char *text; /* the document's bytes [start, end), no white space at either end */
	size_t n;
	uint64_t start, end;
	int line, page; /* of start; page -1: none */
	double score;   /* of `best` */
};
struct spans {
	struct span v[SPANS_MAX];
	size_t n;
	size_t cost; /* of all texts */
};

/* Best first, as the hits are, none longer than `longest` bytes unless a passage is. The last one is cut at a sentence end to keep the budget. 0,
 * -ENOMEM. */
int spans_make(struct spans *s, const struct hit *hits, size_t n, size_t budget, size_t longest);
void spans_fini(struct spans *s);
/* The heading over a byte of the text, or NULL. */
const char *span_heading(const struct span *s, size_t at);
/* Its page (-1: none) and line (0: none). */
void span_place(const struct span *s, size_t at, int *page, int *line);
