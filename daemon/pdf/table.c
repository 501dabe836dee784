/*
 * Tables: columns measured, cells wrapped, the header repeated, rows split over pages. Too wide: set
 * smaller, then on landscape pages, then as records. Every character of every cell is somewhere.
 */
#include <string.h>

#include "daemon/pdf/layout.h"

struct column {
	double least, natural, x, w; /* of the text, without padding */
	enum para_align align;
};

struct grid {
	struct frame frame;
	struct column *columns;
	size_t n;
	float size;
	bool rtl;
	struct elem *elem;
	const struct md_block *head;
	double head_height;
};

struct cell { /* of the row that is drawn */
	struct para para;
	struct text *text;
	uint32_t at;
	struct elem *elem;
	struct line *lines;
	size_t n, cap;
};

/* ---- measuring ---- */

static void measure_cell(struct layout *l, struct grid *g, struct column *c, const struct md_block *cell, unsigned style)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_of(l, &g->frame, cell, style, INK, g->size);
	struct text *t;

	if (cell->len) {
		double least;

		t = para_text(l, &p, TEXT_AUTO);
		least = text_widest_word(t);
		if (least > WORD_MOST)
			least = WORD_MOST;
		if (least > c->least)
			c->least = least;
		if (text_natural_width(t) > c->natural)
			c->natural = text_natural_width(t);
	}
	arena_release(l->scratch, m);
}

static void measure(struct layout *l, struct grid *g, const struct md_block *b)
{
	for (size_t i = 0; i < g->n; i++)
		g->columns[i].least = g->columns[i].natural = 8;
	for (const struct md_block *row = b->first; row; row = row->next) {
		size_t i = 0;

		for (const struct md_block *cell = row->first; cell && i < g->n; cell = cell->next)
			measure_cell(l, g, &g->columns[i++], cell, row == b->first ? STYLE_BOLD : 0);
	}
}

/* Shares `width` out: what every column needs, then the rest by what each would still like. */
static bool share_out(struct grid *g, double width)
{
	double least = 0, natural = 0, room = width - (double)g->n * 2 * PAD_CELL_X, share;

	for (size_t i = 0; i < g->n; i++) {
		least += g->columns[i].least;
		natural += g->columns[i].natural;
	}
	if (least > room)
		return false;
	share = natural <= room ? 1 : natural > least ? (room - least) / (natural - least) : 0;
	for (size_t i = 0; i < g->n; i++)
		g->columns[i].w = g->columns[i].least + (g->columns[i].natural - g->columns[i].least) * share;
	return true;
}

static double place(struct grid *g)
{
	double x = g->frame.x, width = 0;

	for (size_t i = 0; i < g->n; i++)
		width += g->columns[i].w + 2 * PAD_CELL_X;
	for (size_t i = 0; i < g->n; i++) {
		struct column *c = &g->columns[g->rtl ? g->n - 1 - i : i];

		c->x = (g->rtl ? x + g->frame.w - width : x) + PAD_CELL_X;
		x += c->w + 2 * PAD_CELL_X;
	}
	return width;
}

/* ---- a row ---- */

static struct cell *make_cells(struct layout *l, struct grid *g, const struct md_block *row, struct elem *tr, bool head)
{
	struct cell *cells = arena_alloc(l->scratch, g->n * sizeof(*cells));
	size_t i = 0;

	for (const struct md_block *b = row->first; b && i < g->n; b = b->next, i++) {
		cells[i].para = para_of(l, &g->frame, b, head ? STYLE_BOLD : 0, INK, g->size);
		cells[i].text = b->len ? para_text(l, &cells[i].para, TEXT_AUTO) : NULL;
		if (!tr)
			continue;
		cells[i].elem = doc_elem(l->doc, tr, head ? ROLE_TH : ROLE_TD);
		if (head)
			elem_header_of_column(cells[i].elem);
		cells[i].para.elem = cells[i].elem;
	}
	return cells;
}

/* The lines of a cell that fit into `room`; at least `least` of them. Their height. */
static double take_lines(struct layout *l, struct cell *c, double w, double size, double room, size_t least)
{
	double h = 0;

	c->n = 0;
	while (c->text) {
		uint32_t before = c->at;
		struct line line;
		double lh;

		if (!text_line(c->text, &c->at, w + 0.01, &line)) {
			c->text = NULL;
			break;
		}
		lh = line_height(&line, size, LEADING_TIGHT);
		if (h + lh > room && c->n >= least) {
			c->at = before;
			break;
		}
		c->lines = arena_grow(l->scratch, c->lines, &c->cap, c->n + 1, sizeof(*c->lines));
		c->lines[c->n++] = line;
		h += lh;
	}
	return h;
}

static double fill_cells(struct layout *l, struct grid *g, struct cell *cells, double room, size_t least)
{
	double h = 0;

	for (size_t i = 0; i < g->n; i++) {
		double mine = take_lines(l, &cells[i], g->columns[i].w, g->size, room, least);

		h = mine > h ? mine : h;
	}
	return h;
}

static bool cells_left(const struct grid *g, const struct cell *cells)
{
	for (size_t i = 0; i < g->n; i++)
		if (cells[i].text && cells[i].at < cells[i].para.n)
			return true;
	return false;
}

static void put_cell(struct layout *l, const struct grid *g, const struct column *c, const struct cell *cell, double y)
{
	bool rtl = cell->text ? text_rtl(cell->text) : g->rtl;
	enum para_align align = c->align;

	if (align == ALIGN_START)
		align = rtl ? ALIGN_RIGHT : ALIGN_LEFT;
	for (size_t i = 0; i < cell->n; i++) {
		const struct line *line = &cell->lines[i];
		double h = line_height(line, g->size, LEADING_TIGHT), free = c->w - line->width;
		double x = c->x + (free <= 0 || align == ALIGN_LEFT ? 0 : align == ALIGN_CENTER ? free / 2 : free);

		para_put(l, &cell->para, line, x, y + (h - line->ascent - line->descent) / 2 + line->ascent);
		y += h;
	}
}

static void put_row(struct layout *l, const struct grid *g, const struct cell *cells, double h, bool head)
{
	double top = layout_take(l, h + 2 * PAD_CELL_Y), left = g->frame.x, width = 0;

	for (size_t i = 0; i < g->n; i++)
		width += g->columns[i].w + 2 * PAD_CELL_X;
	if (g->rtl)
		left = g->frame.x + g->frame.w - width;
	page_content(l->page, NULL);
	if (head)
		page_fill(l->page, left, top, width, h + 2 * PAD_CELL_Y, TINT_HEAD);
	page_stroke(l->page, left, l->y, left + width, l->y, head ? 0.9 : 0.5, head ? LINE_FIRM : LINE_SOFT);
	layout_labels(l, top + PAD_CELL_Y + g->size);
	for (size_t i = 0; i < g->n; i++)
		put_cell(l, g, &g->columns[i], &cells[i], top + PAD_CELL_Y);
}

static void draw_head(struct layout *l, struct grid *g, bool again)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct elem *tr = again ? NULL : doc_elem(l->doc, g->elem, ROLE_TR);
	struct cell *cells = make_cells(l, g, g->head, tr, true);
	double limit = (l->bottom - l->top) * 0.3;

	/* A header that would fill the page is an ordinary row: it is split, and not said again. */
	if (again && g->head_height > limit)
		return;
	do {
		double h = fill_cells(l, g, cells, layout_room(l) - 2 * PAD_CELL_Y, 1);

		if (!again)
			g->head_height += h;
		put_row(l, g, cells, h, true);
		if (cells_left(g, cells))
			layout_break(l);
		else
			break;
	} while (!l->full);
	arena_release(l->scratch, m);
}

static double least_row(const struct grid *g)
{
	return g->size * LEADING_TIGHT + 2 * PAD_CELL_Y;
}

static void next_page(struct layout *l, struct grid *g)
{
	layout_break(l);
	if (!l->full)
		draw_head(l, g, true);
}

static void draw_row(struct layout *l, struct grid *g, const struct md_block *row)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct cell *cells = make_cells(l, g, row, doc_elem(l->doc, g->elem, ROLE_TR), false), *whole;
	double page = l->bottom - l->top - g->head_height - 2 * least_row(g), h;

	/* Its full height, from a copy of the cells: drawing starts over. */
	whole = arena_alloc(l->scratch, g->n * sizeof(*whole));
	memcpy(whole, cells, g->n * sizeof(*whole));
	h = fill_cells(l, g, whole, page, 1);
	if (layout_room(l) < h + 2 * PAD_CELL_Y && (layout_room(l) < 2.5 * least_row(g) || h < page * 0.33) && !l->fresh)
		next_page(l, g);
	while (!l->full) {
		h = fill_cells(l, g, cells, layout_room(l) - 2 * PAD_CELL_Y, 1);
		put_row(l, g, cells, h, false);
		if (!cells_left(g, cells))
			break;
		next_page(l, g);
	}
	arena_release(l->scratch, m);
}

static void draw_grid(struct layout *l, struct grid *g, const struct md_block *b)
{
	(void)place(g);
	g->elem = doc_elem(l->doc, g->frame.parent, ROLE_TABLE);
	(void)layout_need(l, 3 * least_row(g));
	if (l->full)
		return;
	draw_head(l, g, false);
	for (const struct md_block *row = b->first->next; row && !l->full; row = row->next)
		draw_row(l, g, row);
}

/* ---- records ---- */

static void draw_pair(struct layout *l, const struct frame *f, const struct md_block *head, const struct md_block *cell, struct elem *tr)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para name = para_of(l, f, head, STYLE_BOLD, INK_SOFT, f->size - 1), value = para_of(l, f, cell, 0, INK, f->size);
	struct frame in = *f;

	name.elem = value.elem = doc_elem(l->doc, tr, ROLE_TD);
	name.leading = value.leading = LEADING_TIGHT;
	name.keep = f->size * LEADING_TIGHT;
	if (head->len)
		para_draw(l, f, &name);
	in.x += f->rtl ? 0 : 10;
	in.w -= 10;
	if (cell->len)
		para_draw(l, &in, &value);
	layout_gap(l, 2);
	arena_release(l->scratch, m);
}

static void draw_records(struct layout *l, struct grid *g, const struct md_block *b)
{
	struct frame f = g->frame;
	const struct md_block *row = b->first->next;

	f.size = SIZE_CELL;
	f.rtl = g->rtl;
	g->elem = doc_elem(l->doc, f.parent, ROLE_TABLE);
	/* A header alone is a record without values. */
	for (row = row ? row : b->first; row && !l->full; row = row->next) {
		const struct md_block *head = b->first->first;
		struct elem *tr = doc_elem(l->doc, g->elem, ROLE_TR);
		double y;

		layout_gap(l, GAP_PARAGRAPH);
		(void)layout_need(l, 4 * f.size * LEADING_TIGHT);
		if (l->full)
			return;
		y = layout_take(l, 4);
		page_content(l->page, NULL);
		page_stroke(l->page, f.x, y, f.x + f.w, y, 0.5, LINE_FIRM);
		for (const struct md_block *cell = row->first; cell && head; cell = cell->next, head = head->next)
			if (cell->len || row == b->first)
				draw_pair(l, &f, head, cell, tr);
	}
}

/* ---- which way ---- */

static enum para_align align_of(uint8_t a)
{
	return a == MD_ALIGN_LEFT ? ALIGN_LEFT : a == MD_ALIGN_CENTER ? ALIGN_CENTER : a == MD_ALIGN_RIGHT ? ALIGN_RIGHT : ALIGN_START;
}

static bool fits(struct layout *l, struct grid *g, const struct md_block *b, double width)
{
	static const float sizes[] = { SIZE_CELL, SIZE_CELL_SMALL };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		g->size = sizes[i];
		measure(l, g, b);
		if (share_out(g, width))
			return true;
	}
	return false;
}

static void draw_landscape(struct layout *l, struct grid *g, const struct md_block *b, double width)
{
	double w = l->page_width, h = l->page_height;

	layout_page(l, h, w);
	if (l->full)
		return;
	g->frame.x = l->rq->paper.left;
	g->frame.w = width;
	draw_grid(l, g, b);
	layout_page(l, w, h);
}

void table_draw(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark m = arena_mark(l->scratch);
	const struct md_block *text = b->first ? block_text(b->first->first) : NULL;
	struct grid g = { .frame = *f, .n = (size_t)b->columns, .head = b->first };
	double landscape = l->page_height - l->rq->paper.left - l->rq->paper.right;

	if (!b->first || b->columns <= 0)
		return;
	g.rtl = text ? is_rtl(l, text->text, text->len) : f->rtl;
	g.columns = arena_alloc(l->scratch, g.n * sizeof(*g.columns));
	for (size_t i = 0; i < g.n; i++)
		g.columns[i].align = align_of(b->align ? b->align[i] : MD_ALIGN_NONE);
	layout_gap(l, GAP_BLOCK);
	if ((double)g.n * COLUMN_LEAST > landscape)
		draw_records(l, &g, b);
	else if ((double)g.n * COLUMN_LEAST <= f->w && fits(l, &g, b, f->w))
		draw_grid(l, &g, b);
	else if (l->page_height > l->page_width && !l->nbars && fits(l, &g, b, landscape))
		draw_landscape(l, &g, b, landscape);
	else
		draw_records(l, &g, b);
	arena_release(l->scratch, m);
	layout_gap(l, GAP_BLOCK);
}
