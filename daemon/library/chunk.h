/*
 * A document's text cut into passages: of about 400 characters, at sentence ends, along what the
 * text shows of its structure. Small passages find best; what surrounds them is added when they
 * are ranked (daemon/store/rank.h).
 *
 * The passages cover the text: the first begins at 0, each begins where the one before it ends,
 * the last ends at n. Cuts lie between code points. Pure.
 */
#pragma once

#include <stddef.h>

#include "daemon/store/documents.h"
#include "daemon/worker/records.h"

/* characters (wide ones count two): a passage that has so many is full */
#define CHUNK_TARGET 400
#define CHUNK_SOFT 500    /* ... and should not grow past this */
#define CHUNK_BLOCK 1200  /* a table, a list, a fence, a function up to this size stays whole */
#define CHUNK_MAX 2000    /* bytes, never more: what a source may quote */
#define CHUNK_HEADING 300 /* bytes of a path of headings */

enum text_kind {
	TEXT_PLAIN,    /* paragraphs of sentences */
	TEXT_MARKDOWN, /* ... with headings, lists, tables, fences */
	TEXT_CODE,     /* lines; blocks by indentation and blank lines */
	TEXT_ROWS,     /* lines below a line of column names */
};
enum text_kind text_kind(const char *name, const char *text, size_t n);

/* *out: malloc'd with its headings, passages_free takes it. 0, -ENOMEM. An empty text has none. */
int chunk_text(
	const char *text, size_t n, enum text_kind kind, struct passage **out, size_t *count);
/*
 * Text that a helper made, with places: no passage lies on two pages or in two parts, each has its
 * page (-1: none), its line (of the place; 0: the format has none), and the part's label above its
 * headings.
 */
int chunk_placed(const struct records *r, struct passage **out, size_t *count);
void *passages_free(struct passage *v, size_t n);
