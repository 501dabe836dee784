/* What the files of tables share: the grid, a row's cells, and how both come to be. */
#pragma once

#include "daemon/pdf/layout.h"

struct column {
	double word, natural; /* its longest word and line, at the grid's size, without padding */
	double x, w;          /* of the text */
	enum para_align align;
	unsigned style;       /* enum text_style of its cells */
	uint32_t ink;
};

struct grid {
	struct frame frame;
	struct column *columns;
	size_t n;
	float size;
	double width;               /* of all of it */
	bool rtl;                   /* the first column stands on the right */
	struct elem *elem;
	const struct md_block *head; /* or NULL: none to repeat */
	double head_height;
};

enum table_form { TABLE_GRID, TABLE_SIDEWAYS, TABLE_RECORDS };

/* ---- columns.c ---- */
/* Measures, and chooses the size of type and the widths. Allocates in the scratch arena. */
enum table_form table_plan(struct layout *l, struct grid *g, const struct frame *f, const struct md_block *b);
void table_place(struct grid *g); /* the columns of known widths, side by side */

/* ---- rows.c ---- */
void row_draw(struct layout *l, struct grid *g, const struct md_block *row);
void head_draw(struct layout *l, struct grid *g, bool again);
double row_height(struct layout *l, struct grid *g, const struct md_block *row, bool head); /* with its padding */
double row_least(const struct grid *g); /* of one line */
