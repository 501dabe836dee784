/*
 * Blocks of a document written as Markdown, so that the cutting into passages sees the structure
 * that the document had: headings, paragraphs, items, tables, code. White space is collapsed but in
 * code. A block that gets no text leaves nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/extract/limits.h"
#include "daemon/extract/out.h"

enum block_kind {
	BLOCK_TEXT,
	BLOCK_HEADING, /* level 1.. */
	BLOCK_ITEM,    /* level 0.. is how deep the list lies */
	BLOCK_CODE,    /* white space is kept */
};

struct writer_table {
	bool layout; /* holds a table: its cells are paragraphs */
	size_t rows;
};

struct writer {
	struct out *out;
	struct buf now;  /* the open block's, or the open cell's text */
	struct buf row;  /* the cells of the open row before it */
	size_t ends[COLUMNS_MAX]; /* ... where each ends in `row` */
	size_t cells;
	enum block_kind kind, last; /* last: of the block written before */
	unsigned level;
	char mark[64];  /* what stands before the open block's text */
	bool space;     /* white space came and is not written yet */
	bool any;       /* something stands above */
	bool fresh;     /* nothing has been written since the last place */
	bool in_cell;
	struct writer_table tables[TABLES_DEEP];
	size_t deep;    /* open tables; past TABLES_DEEP only counted */
	int page, line; /* of the place told last; -1 */
	char label[EXTRACT_NAME_MAX + 1];
};

void writer_init(struct writer *w, struct out *out);
void writer_fini(struct writer *w);

/* Ends the open block; text that follows is of one of this kind. */
void writer_block(struct writer *w, enum block_kind kind, unsigned level);
/* The kind of the open block turns out only after it has begun. Not within a cell. */
void writer_retitle(struct writer *w, enum block_kind kind, unsigned level);
/* What counts the open heading or item, "3.2"; without text it leaves nothing. "": an item's dash. */
void writer_mark(struct writer *w, const char *mark);
void writer_text(struct writer *w, const char *s, size_t n); /* UTF-8 */
void writer_str(struct writer *w, const char *s);
void writer_break(struct writer *w); /* a line end within the block */
void writer_end(struct writer *w);   /* ends the block; what follows is a paragraph */

void writer_table(struct writer *w);
void writer_row(struct writer *w);
void writer_cell(struct writer *w);
void writer_cell_end(struct writer *w);
void writer_row_end(struct writer *w);
void writer_table_end(struct writer *w);

/* As out_place; ends the open block. A place like the last one is not told again. */
void writer_place(struct writer *w, int page, int line, const char *label);
