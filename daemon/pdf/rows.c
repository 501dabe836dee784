/* Rows of a table onto pages: cells wrapped, split where they must be, the header said again. */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/table.h"

struct cell { /* of the row that is drawn */
	struct para para;
	struct text *text; /* NULL: used up */
	uint32_t at;
	struct line *lines; /* of the piece under way */
	size_t n, cap;
	double height, lead; /* of these lines; the first one's baseline */
};

struct row {
	struct cell *cells;
	double height, lead; /* of the piece under way: first baselines are in line */
	bool head;
};

double row_least(const struct grid *g)
{
	return g->size * LEADING_TIGHT + 2 * PAD_CELL_Y;
}

/* ---- making ---- */

static void make_cell(struct layout *l, const struct grid *g, struct cell *c,
	const struct column *column, const struct md_block *b, bool head)
{
	c->para = para_of(l, b, head ? STYLE_BOLD : column->style, column->ink, g->size);
	c->text = b->len ? para_text(l, &c->para, is_rtl(b->text, b->len, g->rtl) ? TEXT_RTL : TEXT_LTR) : NULL;
}

static struct elem *cell_elem(struct layout *l, struct elem *tr, bool head)
{
	struct elem *e = doc_elem(l->doc, tr, head ? ROLE_TH : ROLE_TD);

	if (head)
		elem_header_of_column(e);
	return e;
}

static struct row make_row(struct layout *l, const struct grid *g, const struct md_block *b,
	struct elem *tr, bool head)
{
	struct row r = { .cells = arena_alloc(l->scratch, g->n * sizeof(struct cell)), .head = head };
	size_t i = 0;

	for (const struct md_block *cell = b->first; cell && i < g->n; cell = cell->next, i++) {
		make_cell(l, g, &r.cells[i], &g->columns[i], cell, head);
		if (tr)
			r.cells[i].para.elem = cell_elem(l, tr, head);
	}
	return r;
}

/* The lines of a cell that fit into `room`, one at least. */
static void take_lines(struct layout *l, struct cell *c, double w, double size, double room)
{
	struct line line;

	c->n = 0;
	c->height = c->lead = 0;
	while (c->text) {
		uint32_t before = c->at;
		struct setting s;

		if (!text_line(c->text, &c->at, w + 0.05, &line)) {
			c->text = NULL;
			break;
		}
		s = line_setting(&line, size, LEADING_TIGHT);
		if (c->n && c->height + s.height > room) {
			c->at = before;
			break;
		}
		c->lines = arena_grow(l->scratch, c->lines, &c->cap, c->n + 1, sizeof(*c->lines));
		if (!c->n)
			c->lead = s.baseline;
		c->lines[c->n++] = line;
		c->height += s.height;
	}
}

static void fill(struct layout *l, const struct grid *g, struct row *r, double room)
{
	r->height = r->lead = 0;
	for (size_t i = 0; i < g->n; i++) {
		take_lines(l, &r->cells[i], g->columns[i].w, (double)g->size, room);
		r->lead = max_of(r->lead, r->cells[i].lead);
	}
	for (size_t i = 0; i < g->n; i++)
		if (r->cells[i].n)
			r->height = max_of(r->height, r->cells[i].height + r->lead - r->cells[i].lead);
	r->height = max_of(r->height, (double)g->size * LEADING_TIGHT);
}

static bool more(const struct grid *g, const struct row *r)
{
	for (size_t i = 0; i < g->n; i++)
		if (r->cells[i].text && r->cells[i].at < r->cells[i].para.n)
			return true;
	return false;
}

double row_height(struct layout *l, struct grid *g, const struct md_block *b, bool head)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct row r = make_row(l, g, b, NULL, head);

	fill(l, g, &r, l->bottom - l->top);
	arena_release(l->scratch, m);
	return r.height + 2 * PAD_CELL_Y;
}

/* ---- drawing ---- */

static void put_cell(struct layout *l, const struct grid *g, const struct column *c,
	const struct cell *cell, double y)
{
	enum para_align align = c->align == ALIGN_START ? g->rtl ? ALIGN_RIGHT : ALIGN_LEFT : c->align;

	for (size_t i = 0; i < cell->n; i++) {
		const struct line *line = &cell->lines[i];
		struct setting s = line_setting(line, (double)g->size, LEADING_TIGHT);
		double free = max_of(c->w - line->width, 0);

		para_put(l, &cell->para, line,
			c->x + (align == ALIGN_LEFT ? 0 : align == ALIGN_CENTER ? free / 2 : free),
			y + s.baseline);
		y += s.height;
	}
}

static void put_row(struct layout *l, const struct grid *g, const struct row *r)
{
	double height = r->height + 2 * PAD_CELL_Y, top = layout_take(l, height);
	double left = g->rtl ? g->frame.x + g->frame.w - g->width : g->frame.x;

	page_content(l->page, NULL);
	if (r->head)
		page_fill(l->page, left, top, g->width, height, TINT_HEAD);
	page_stroke(l->page, left, l->y, left + g->width, l->y, r->head ? 0.9 : 0.5, r->head ? LINE_FIRM : LINE_SOFT);
	layout_labels(l, top + PAD_CELL_Y + r->lead);
	for (size_t i = 0; i < g->n; i++)
		put_cell(l, g, &g->columns[i], &r->cells[i], top + PAD_CELL_Y + r->lead - r->cells[i].lead);
}

/* What is left of the row, over as many pages as it takes. */
static void put_pieces(struct layout *l, struct grid *g, struct row *r)
{
	while (!l->full) {
		fill(l, g, r, layout_room(l) - 2 * PAD_CELL_Y);
		put_row(l, g, r);
		if (!more(g, r))
			break;
		layout_break(l);
		if (!r->head && !l->full)
			head_draw(l, g, true);
	}
}

void head_draw(struct layout *l, struct grid *g, bool again)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct row r;

	/* A header that would take the page is an ordinary row: it is split, and not said again. */
	if (!g->head || (again && g->head_height > (l->bottom - l->top) * 0.3))
		return;
	r = make_row(l, g, g->head, again ? NULL : doc_elem(l->doc, g->elem, ROLE_TR), true);
	put_pieces(l, g, &r);
	arena_release(l->scratch, m);
}

/* On the next page unless it fits here, or is so tall that leaving the rest of this page blank would look torn. */
static bool goes_over(const struct layout *l, const struct grid *g, double height)
{
	double room = layout_room(l), page = l->bottom - l->top;

	return !l->fresh && room < height && (room < 3 * row_least(g) || height < page * 0.33);
}

void row_draw(struct layout *l, struct grid *g, const struct md_block *b)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct row r = make_row(l, g, b, doc_elem(l->doc, g->elem, ROLE_TR), false), whole = r;

	/* Its full height, from a copy of the cells: drawing starts over. */
	whole.cells = arena_alloc(l->scratch, g->n * sizeof(*whole.cells));
	memcpy(whole.cells, r.cells, g->n * sizeof(*whole.cells));
	fill(l, g, &whole, l->bottom - l->top);
	if (goes_over(l, g, whole.height + 2 * PAD_CELL_Y)) {
		layout_break(l);
		if (!l->full)
			head_draw(l, g, true);
	}
	put_pieces(l, g, &r);
	arena_release(l->scratch, m);
}
