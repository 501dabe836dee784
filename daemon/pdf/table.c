/*
 * Tables: columns measured, cells wrapped, the header on every page, rows split over pages. Too wide: set
 * smaller, then on landscape pages, then as records. Every character of every cell is somewhere.
 */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/table.h"

static void draw_grid(struct layout *l, struct grid *g, const struct md_block *b)
{
	const struct md_block *row = b->first->next;

	table_place(g);
	g->elem = doc_elem(l->doc, g->frame.parent, ROLE_TABLE);
	g->head_height = row_height(l, g, g->head, true);
	(void)layout_need(l, min_of(g->head_height + (row ? row_height(l, g, row, false) : 0),
		(l->bottom - l->top) / 2));
	if (l->full)
		return;
	head_draw(l, g, false);
	for (; row && !l->full; row = row->next)
		row_draw(l, g, row);
}

static void draw_sideways(struct layout *l, struct grid *g, const struct md_block *b)
{
	layout_sideways(l);
	if (l->full)
		return;
	g->frame.w = l->page_width - l->rq->paper.left - l->rq->paper.right;
	draw_grid(l, g, b);
	layout_upright(l);
}

/* ---- records: a row as a list of its columns' names and its values ---- */

static double widest_name(struct layout *l, const struct grid *g, const struct md_block *head)
{
	double w = COLUMN_EMPTY;

	for (const struct md_block *b = head->first; b; b = b->next) {
		struct arena_mark m = arena_mark(l->scratch);
		struct para p = para_of(l, b, STYLE_BOLD, INK_SOFT, g->size);

		if (b->len)
			w = max_of(w, text_natural_width(para_text(l, &p, TEXT_AUTO)) + 0.1);
		arena_release(l->scratch, m);
	}
	return min_of(w, g->frame.w * 0.34);
}

static void draw_pair(struct layout *l, struct grid *g, const struct md_block *name,
	const struct md_block *value)
{
	struct md_block pair[2] = { *name, *value }, row = { .kind = MD_ROW, .first = &pair[0], .last = &pair[1] };

	pair[0].next = &pair[1];
	pair[1].next = NULL;
	row_draw(l, g, &row);
}

static void draw_record(struct layout *l, struct grid *g, const struct md_block *head,
	const struct md_block *row, bool first)
{
	const struct md_block *name = head->first, *value = row->first;
	double y;

	layout_gap(l, GAP_BLOCK);
	(void)layout_need(l, 3 * row_least(g));
	if (l->full)
		return;
	y = layout_take(l, 1);
	page_content(l->page, NULL);
	page_fill(l->page, g->frame.x, y, g->frame.w, 1, LINE_FIRM);
	/* An empty value is not worth a line, but each name is somewhere. */
	for (; name && value && !l->full; name = name->next, value = value->next)
		if (value->len || first)
			draw_pair(l, g, name, value);
}

static void draw_records(struct layout *l, struct grid *g, const struct md_block *b)
{
	struct column columns[2] = { { .style = STYLE_BOLD, .ink = INK_SOFT }, { .ink = g->frame.ink } };
	const struct md_block empty = { .kind = MD_ROW }, *row = b->first->next;

	g->head = NULL;
	g->n = 2;
	g->columns = columns;
	g->size = (float)SIZE_CELL;
	g->elem = doc_elem(l->doc, g->frame.parent, ROLE_TABLE);
	columns[0].w = widest_name(l, g, b->first);
	columns[1].w = g->frame.w - columns[0].w - 4 * PAD_CELL_X;
	table_place(g);
	if (!row)
		for (const struct md_block *name = b->first->first; name && !l->full; name = name->next)
			draw_pair(l, g, name, &empty);
	for (; row && !l->full; row = row->next)
		draw_record(l, g, b->first, row, row == b->first->next);
}

/* ---- which of them ---- */

bool table_turns(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct grid g;
	bool turns = b->first && b->columns > 0 && table_plan(l, &g, f, b) == TABLE_SIDEWAYS;

	arena_release(l->scratch, m);
	return turns;
}

double table_lead(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct grid g;
	double h = 4 * SIZE_CELL * LEADING;

	if (!b->first || b->columns <= 0)
		return 0;
	if (table_plan(l, &g, f, b) == TABLE_GRID) {
		h = row_height(l, &g, b->first, true);
		if (b->first->next)
			h += row_height(l, &g, b->first->next, false);
	}
	arena_release(l->scratch, m);
	return h;
}

void table_draw(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct grid g;

	if (!b->first || b->columns <= 0)
		return;
	layout_gap(l, GAP_BLOCK);
	switch (table_plan(l, &g, f, b)) {
	case TABLE_GRID:
		draw_grid(l, &g, b);
		break;
	case TABLE_SIDEWAYS:
		draw_sideways(l, &g, b);
		break;
	case TABLE_RECORDS:
		draw_records(l, &g, b);
		break;
	}
	arena_release(l->scratch, m);
	layout_gap(l, GAP_BLOCK);
}
