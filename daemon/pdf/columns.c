/* How wide the columns of a table are, and whether they fit: on this page, smaller, on a landscape one. */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/table.h"

/*
 * Shaping a cell costs more than all else, so of a long table a part is measured: the first rows, then one
 * of so many. A cell wider than those wraps; nothing is lost.
 */
#define MEASURE_FIRST 100
#define MEASURE_ROWS 400

static void measure_cell(struct layout *l, struct grid *g, struct column *c,
	const struct md_block *cell, unsigned style)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p;
	struct text *t;

	if (!cell->len)
		return;
	p = para_of(l, cell, style, INK, g->size);
	t = para_text(l, &p, TEXT_AUTO);
	c->word = max_of(c->word, text_widest_word(t) + 0.05);
	c->natural = max_of(c->natural, text_natural_width(t) + 0.05);
	arena_release(l->scratch, m);
}

static void measure_row(struct layout *l, struct grid *g, const struct md_block *row, bool head)
{
	size_t i = 0;

	for (const struct md_block *cell = row->first; cell && i < g->n; cell = cell->next, i++)
		measure_cell(l, g, &g->columns[i], cell, head ? STYLE_BOLD : 0);
}

static void measure(struct layout *l, struct grid *g, const struct md_block *b)
{
	size_t rows = 0, step, i = 0;

	for (size_t k = 0; k < g->n; k++)
		g->columns[k].word = g->columns[k].natural = COLUMN_EMPTY;
	for (const struct md_block *row = b->first; row; row = row->next)
		rows++;
	step = rows / MEASURE_ROWS + 1;
	for (const struct md_block *row = b->first; row; row = row->next, i++)
		if (i < MEASURE_FIRST || i % step == 0)
			measure_row(l, g, row, row == b->first);
}

/*
 * Shares `width` out: to each column its longest word, but no more than `word_most` for that; then what is left
 * by what each would still like. False: the words do not fit.
 */
static bool share_out(struct grid *g, double width, double word_most)
{
	double least = 0, natural = 0, room = width - (double)g->n * 2 * PAD_CELL_X, share;

	for (size_t i = 0; i < g->n; i++) {
		least += min_of(g->columns[i].word, word_most);
		natural += g->columns[i].natural;
	}
	if (least > room)
		return false;
	share = natural <= room ? 1 : natural > least ? (room - least) / (natural - least) : 0;
	for (size_t i = 0; i < g->n; i++) {
		struct column *c = &g->columns[i];
		double w = min_of(c->word, word_most);

		c->w = w + (c->natural - w) * share;
	}
	return true;
}

/* Words that are long for a word may be broken before the table takes another form. */
static bool fits(struct grid *g, double width)
{
	return share_out(g, width, width * 0.45) || share_out(g, width, g->size * WORD_MOST_EMS);
}

static void scale(struct grid *g, float size)
{
	double by = (double)size / (double)g->size;

	for (size_t i = 0; i < g->n; i++) {
		g->columns[i].word *= by;
		g->columns[i].natural *= by;
	}
	g->size = size;
}

void table_place(struct grid *g)
{
	double x = g->frame.x;

	g->width = 0;
	for (size_t i = 0; i < g->n; i++)
		g->width += g->columns[i].w + 2 * PAD_CELL_X;
	if (g->rtl)
		x += g->frame.w - g->width;
	for (size_t i = 0; i < g->n; i++) {
		struct column *c = &g->columns[g->rtl ? g->n - 1 - i : i];

		c->x = x + PAD_CELL_X;
		x += c->w + 2 * PAD_CELL_X;
	}
}

static enum para_align align_of(uint8_t a)
{
	return a == MD_ALIGN_LEFT ? ALIGN_LEFT : a == MD_ALIGN_CENTER ? ALIGN_CENTER : a == MD_ALIGN_RIGHT ? ALIGN_RIGHT : ALIGN_START;
}

/* Landscape is for tables that stand by themselves: within a list or a quote the page keeps its way. */
static double sideways_width(const struct layout *l, const struct frame *f)
{
	const struct pdf_paper *p = &l->rq->paper;

	if (p->width >= p->height || f->x != p->left || l->nbars || l->nlabels)
		return 0;
	return p->height - p->left - p->right;
}

enum table_form table_plan(struct layout *l, struct grid *g, const struct frame *f, const struct md_block *b)
{
	double sideways = sideways_width(l, f);

	*g = (struct grid){ .frame = *f, .n = (size_t)b->columns, .head = b->first, .size = (float)SIZE_CELL };
	g->rtl = blocks_rtl(b->first->first, blocks_rtl(b->first, f->rtl));
	if ((double)g->n * COLUMN_LEAST > max_of(sideways, f->w))
		return TABLE_RECORDS; /* without measuring: there may be thousands */
	g->columns = arena_alloc(l->scratch, g->n * sizeof(*g->columns));
	for (size_t i = 0; i < g->n; i++) {
		g->columns[i].align = align_of(b->align ? b->align[i] : MD_ALIGN_NONE);
		g->columns[i].ink = f->ink;
	}
	measure(l, g, b);
	if (fits(g, f->w))
		return TABLE_GRID;
	scale(g, (float)SIZE_CELL_SMALL);
	if (fits(g, f->w))
		return TABLE_GRID;
	scale(g, (float)SIZE_CELL);
	if (fits(g, sideways))
		return TABLE_SIDEWAYS;
	scale(g, (float)SIZE_CELL_SMALL);
	return fits(g, sideways) ? TABLE_SIDEWAYS : TABLE_RECORDS;
}
