/* Pages: breaking, gaps, bars and labels across a break, headers and footers. */
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "daemon/pdf/layout.h"

#define FOOT 26.0 /* of the footer's baseline below the column */
#define HEAD 20.0 /* of the header's above it */

static void draw_bars(struct layout *l, double to)
{
	if (!l->page)
		return;
	page_content(l->page, NULL);
	for (size_t i = 0; i < l->nbars; i++)
		if (l->bars[i].from >= 0 && to > l->bars[i].from)
			page_fill(l->page, l->bars[i].x, l->bars[i].from, 2.2, to - l->bars[i].from, BAR_QUOTE);
}

void layout_page(struct layout *l, double width, double height)
{
	draw_bars(l, l->y);
	l->page = doc_page(l->doc, width, height);
	if (!l->page) {
		if (!l->full)
			report_warn(l->report, "pages", "the document has more than %d pages; the rest is left out", DOC_PAGES_MAX);
		l->full = true;
		l->page = doc_page_at(l->doc, doc_pages(l->doc) - 1);
		return;
	}
	l->page_width = width;
	l->page_height = height;
	l->top = l->rq->paper.top;
	l->bottom = height - l->rq->paper.bottom;
	l->y = l->top;
	l->gap = 0;
	l->fresh = true;
	for (size_t i = 0; i < l->nbars; i++)
		l->bars[i].from = l->top;
}

void layout_break(struct layout *l)
{
	layout_page(l, l->page_width, l->page_height);
}

bool layout_is_sideways(const struct layout *l)
{
	return l->page_width != l->rq->paper.width;
}

void layout_sideways(struct layout *l)
{
	if (!layout_is_sideways(l))
		layout_page(l, l->rq->paper.height, l->rq->paper.width);
}

void layout_upright(struct layout *l)
{
	if (layout_is_sideways(l))
		layout_page(l, l->rq->paper.width, l->rq->paper.height);
}

void layout_gap(struct layout *l, double gap)
{
	if (!l->fresh && gap > l->gap)
		l->gap = gap;
}

double layout_room(const struct layout *l)
{
	return l->bottom - l->y - l->gap;
}

bool layout_need(struct layout *l, double h)
{
	if (layout_room(l) >= h)
		return true;
	if (!l->fresh && !l->full)
		layout_break(l);
	return layout_room(l) >= h;
}

double layout_take(struct layout *l, double h)
{
	double top = l->y + l->gap;

	for (size_t i = 0; i < l->nbars; i++)
		if (l->bars[i].from < 0)
			l->bars[i].from = top;
	l->gap = 0;
	l->y = top + h;
	l->fresh = false;
	return top;
}

void layout_bar_begin(struct layout *l, double x)
{
	if (l->nbars < BARS_MAX)
		l->bars[l->nbars++] = (struct bar){ .x = x, .from = -1 };
}

void layout_bar_end(struct layout *l)
{
	struct bar *b;

	if (!l->nbars)
		return;
	b = &l->bars[l->nbars - 1];
	if (b->from >= 0 && l->y > b->from && !l->full) {
		page_content(l->page, NULL);
		page_fill(l->page, b->x, b->from, 2.2, l->y - b->from, BAR_QUOTE);
	}
	l->nbars--;
}

static void draw_task(struct layout *l, const struct label *b, double baseline)
{
	double side = b->size * 0.6, x = b->rtl ? b->x : b->x + b->w - side, y = baseline - side + 0.4;

	page_content(l->page, b->elem);
	if (b->task) {
		page_fill_round(l->page, x, y, side, side, 1.4, ACCENT);
		page_stroke(l->page, x + side * 0.22, y + side * 0.52, x + side * 0.42, y + side * 0.72, 1.1, PAPER);
		page_stroke(l->page, x + side * 0.40, y + side * 0.72, x + side * 0.78, y + side * 0.28, 1.1, PAPER);
	} else {
		page_box(l->page, x + 0.4, y + 0.4, side - 0.8, side - 0.8, 0.8, INK_SOFT);
	}
}

static void draw_label(struct layout *l, const struct label *b, double baseline)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_plain(l, b->s, b->n, b->style, b->ink, b->size);
	double width;

	p.elem = b->elem;
	p.rtl = b->rtl;
	width = para_line(l, l->page, b->x, baseline, b->w, b->rtl ? ALIGN_LEFT : ALIGN_RIGHT, &p);
	if (b->dest >= 0)
		page_link_dest(l->page, b->rtl ? b->x : b->x + b->w - width, baseline - b->size, width,
			b->size * 1.25, b->dest, NULL);
	arena_release(l->scratch, m);
}

void layout_labels(struct layout *l, double baseline)
{
	/* Drawing one draws a line, which must not come here again. */
	size_t n = l->nlabels;

	l->nlabels = 0;
	for (size_t i = 0; i < n; i++)
		if (l->labels[i].task < 0)
			draw_label(l, &l->labels[i], baseline);
		else
			draw_task(l, &l->labels[i], baseline);
}

/* ---- running heads ---- */

static void running(struct layout *l, struct page *page, const char *s, double baseline, double width,
	enum para_align align)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_plain(l, s, strlen(s), 0, INK_SOFT, SIZE_RUNNING);

	(void)para_line(l, page, l->rq->paper.left, baseline, width, align, &p);
	arena_release(l->scratch, m);
}

static void foot(const struct layout *l, char *left, size_t size)
{
	const char *date = l->rq->nturns ? l->rq->turns[l->rq->nturns - 1].date.p : "";
	const char *thread = l->rq->thread.p;

	(void)snprintf(left, size, "%.120s%s%.60s", thread, *thread && *date ? " \xC2\xB7 " : "", date);
	left[utf8_floor(left, strlen(left), strlen(left))] = '\0';
}

void layout_running(struct layout *l)
{
	char left[256], number[64], title[TITLE_SHORTENED + 8];
	size_t n = doc_pages(l->doc);

	foot(l, left, sizeof(left));
	head_title(l->rq, title);
	for (size_t i = 0; i < n; i++) {
		struct page *page = doc_page_at(l->doc, i);
		double width, height;

		page_size(page, &width, &height);
		width -= l->rq->paper.left + l->rq->paper.right;
		height -= l->rq->paper.bottom;
		page_content(page, NULL);
		page_stroke(page, l->rq->paper.left, height + 12, l->rq->paper.left + width, height + 12, 0.5, LINE_SOFT);
		(void)snprintf(number, sizeof(number), "page %zu of %zu", i + 1, n);
		running(l, page, left, height + FOOT, width - 90, ALIGN_LEFT);
		running(l, page, number, height + FOOT, width, ALIGN_RIGHT);
		if (i)
			running(l, page, title, l->rq->paper.top - HEAD, width, ALIGN_LEFT);
	}
	if (l->full)
		running(l, doc_page_at(l->doc, n - 1), "the rest does not fit into this file",
			l->bottom + 8, l->page_width - l->rq->paper.left - l->rq->paper.right,
			ALIGN_CENTER);
}
