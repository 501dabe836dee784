/* From a request to pages: the title, each turn with its question, answer and sources, then the running heads. */
#include "daemon/pdf/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/pdf/render.h"

/* ---- sources and notes of a turn ---- */

struct mark *marks_find(struct marks *m, int number)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].number == number)
			return &m->v[i];
	return NULL;
}

struct mark *marks_add(struct layout *l, struct marks *m, int number)
{
	struct mark *found = marks_find(m, number);

	if (found)
		return found;
	m->v = arena_grow(l->tree, m->v, &m->cap, m->n + 1, sizeof(*m->v));
	m->v[m->n] = (struct mark){ .number = number, .place = doc_dest(l->doc), .first = doc_dest(l->doc) };
	return &m->v[m->n++];
}

static void collect_notes(struct layout *l, const struct md_block *b)
{
	for (; b; b = b->next) {
		if (b->kind == MD_NOTE)
			(void)marks_add(l, &l->notes, b->number);
		if (b->kind == MD_FOOTNOTES)
			collect_notes(l, b->first);
	}
}

static void collect(struct layout *l, const struct pdf_turn *turn, const struct md_block *tree)
{
	l->sources = l->notes = (struct marks){ 0 };
	for (size_t i = 0; i < turn->nsources; i++)
		if (turn->sources[i].n > 0 && turn->sources[i].n < INT32_MAX)
			(void)marks_add(l, &l->sources, (int)turn->sources[i].n);
	collect_notes(l, tree->first);
}

/* ---- the head of a turn ---- */

static void draw_words(struct layout *l, const struct frame *f, const char *s, size_t n, unsigned style, uint32_t ink, float size, double leading,
	enum role role, int outline)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_plain(l, s, n, style, ink, size);

	if (!n)
		return;
	p.elem = doc_elem(l->doc, f->parent, role);
	p.leading = leading;
	p.outline = outline;
	p.keep = outline ? 4 * SIZE_TEXT * LEADING : 0;
	para_draw(l, f, &p);
	arena_release(l->scratch, m);
}

static size_t trimmed(const struct pdf_text *t)
{
	size_t n = t->n;

	while (n && strchr(" \t\r\n", t->p[n - 1]))
		n--;
	return n;
}

/* A question of one line is a title; a long one is read, not looked at. */
static void draw_question(struct layout *l, const struct frame *f, const struct pdf_turn *turn, bool alone)
{
	size_t n = trimmed(&turn->question);
	float size = n <= TITLE_SHORT ? alone ? SIZE_TITLE : SIZE_TITLE_LONG : n <= TITLE_LONG && alone ? SIZE_TITLE_LONG : SIZE_TITLE_TEXT;
	bool title = n <= TITLE_LONG;

	draw_words(l, f, turn->question.p, n, title ? STYLE_BOLD : 0, INK, size, title ? 1.25 : 1.4, ROLE_H1, 1);
}

static void add_part(char *to, size_t size, const char *part)
{
	size_t n = strlen(to);

	if (*part)
		(void)snprintf(to + n, size - n, "%s%s", n ? "  \xC2\xB7  " : "", part);
}

static void draw_meta(struct layout *l, const struct frame *f, const struct pdf_turn *turn, bool alone)
{
	struct arena_mark m = arena_mark(l->scratch);
	size_t size = turn->date.n + turn->model.n + l->rq->thread.n + 32;
	char *line = arena_alloc(l->scratch, size);

	add_part(line, size, turn->date.p);
	add_part(line, size, turn->model.p);
	if (alone)
		add_part(line, size, l->rq->thread.p);
	if (*line) {
		layout_gap(l, 5);
		draw_words(l, f, line, strlen(line), 0, INK_SOFT, SIZE_NOTE, LEADING_TIGHT, ROLE_P, 0);
	}
	arena_release(l->scratch, m);
}

/* An answer that is not whole says so before it is read. */
static void draw_notice(struct layout *l, const struct frame *f, const struct pdf_turn *turn)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct frame in = { .x = f->x + PAD_CODE, .w = f->w - 2 * PAD_CODE, .parent = f->parent, .size = SIZE_NOTE };
	struct para p = para_plain(l, turn->note.p, trimmed(&turn->note), 0, INK_NOTE, SIZE_NOTE);
	struct text *t;
	struct line line;
	uint32_t at = 0;
	double h = 0, top;

	if (!p.n)
		return;
	t = para_text(l, &p, TEXT_AUTO);
	while (text_line(t, &at, in.w, &line))
		h += line_height(&line, SIZE_NOTE, LEADING);
	layout_gap(l, GAP_BLOCK);
	if (h + 12 < (l->bottom - l->top) / 2) {
		(void)layout_need(l, h + 12);
		if (l->full)
			return;
		top = l->y + l->gap;
		page_content(l->page, NULL);
		page_fill_round(l->page, f->x, top, f->w, h + 12, RADIUS, TINT_NOTICE);
		(void)layout_take(l, 6);
	}
	p.elem = doc_elem(l->doc, f->parent, ROLE_P);
	para_draw(l, &in, &p);
	(void)layout_take(l, 6);
	layout_gap(l, GAP_PARAGRAPH);
	arena_release(l->scratch, m);
}

static void draw_line_below(struct layout *l, const struct frame *f, double thickness, uint32_t rgb)
{
	double y;

	layout_gap(l, 8);
	(void)layout_need(l, thickness);
	if (l->full)
		return;
	y = layout_take(l, thickness);
	page_content(l->page, NULL);
	page_fill(l->page, f->x, y, f->w, thickness, rgb);
	layout_gap(l, GAP_BLOCK * 1.2);
}

/* ---- turns ---- */

static void draw_turn(struct layout *l, const struct frame *page, const struct pdf_turn *turn, bool alone)
{
	struct arena_mark m = arena_mark(l->tree);
	struct frame f = *page;
	int *numbers = arena_alloc(l->tree, (turn->nsources + 1) * sizeof(*numbers));
	struct md_options o = { .sources = (int)turn->nsources, .source_numbers = numbers, .strip_status = true };
	struct md_block *tree;

	for (size_t i = 0; i < turn->nsources; i++)
		if (turn->sources[i].n > 0 && turn->sources[i].n < INT32_MAX)
			numbers[o.nsource_numbers++] = (int)turn->sources[i].n;
	o.sources = (int)o.nsource_numbers;
	f.parent = doc_elem(l->doc, page->parent, ROLE_SECT);
	if (trimmed(&turn->question)) {
		if (!l->fresh)
			layout_gap(l, GAP_TURN);
		(void)layout_need(l, 90);
		draw_question(l, &f, turn, alone);
		draw_meta(l, &f, turn, alone);
		draw_line_below(l, &f, alone ? 1.6 : 0.7, alone ? ACCENT : LINE_FIRM);
		l->heading_base = 1;
	}
	if (turn->state != PDF_DONE)
		draw_notice(l, &f, turn);
	tree = md_parse(l->tree, l->report, turn->markdown.p, turn->markdown.n, &o);
	collect(l, turn, tree);
	blocks_draw(l, &f, tree->first, false);
	sources_draw(l, &f, turn);
	arena_release(l->tree, m);
}

static void draw_cover(struct layout *l, const struct frame *f)
{
	const struct pdf_request *rq = l->rq;
	char line[96];

	if (rq->nturns == 1 || !rq->title.n)
		return;
	draw_words(l, f, rq->title.p, rq->title.n, STYLE_BOLD, INK, SIZE_TITLE, 1.25, ROLE_H1, 1);
	(void)snprintf(line, sizeof(line), "%zu questions", rq->nturns);
	layout_gap(l, 5);
	draw_words(l, f, line, rq->nturns ? strlen(line) : 0, 0, INK_SOFT, SIZE_NOTE, LEADING_TIGHT, ROLE_P, 0);
	draw_line_below(l, f, 1.6, ACCENT);
}

static const char *title_of(const struct pdf_request *rq)
{
	if (rq->title.n)
		return rq->title.p;
	return rq->nturns ? rq->turns[0].question.p : "";
}

/* Which face the characters that Chinese, Japanese and Korean share are drawn in. */
static void choose_language(const struct pdf_request *rq, struct fonts *fonts)
{
	fonts_language(fonts, rq->lang.p);
	for (size_t i = 0; !rq->lang.n && i < rq->nturns; i++) {
		fonts_language_guess(fonts, rq->turns[i].question.p, rq->turns[i].question.n);
		fonts_language_guess(fonts, rq->turns[i].markdown.p, rq->turns[i].markdown.n);
	}
}

int render_pdf(const struct pdf_request *rq, struct fonts *fonts, struct report *report, struct buf *out)
{
	const struct doc_info info = { .title = title_of(rq), .lang = rq->lang.p, .creator = rq->generator.p, .epoch = rq->epoch > 0 ? rq->epoch : -1 };
	struct layout l = { .rq = rq, .fonts = fonts, .report = report, .tree = arena_new(), .scratch = arena_new() };
	struct frame f = { .x = rq->paper.left, .w = rq->paper.width - rq->paper.left - rq->paper.right, .size = (float)SIZE_TEXT, .ink = INK };
	int r = -ENOMEM;

	choose_language(rq, fonts);
	if (*fonts_missing(fonts))
		report_warn(report, "fonts", "not installed: %s", fonts_missing(fonts));
	l.doc = doc_new(&info, fonts, report);
	if (l.doc) {
		f.parent = doc_root(l.doc);
		layout_page(&l, rq->paper.width, rq->paper.height);
		draw_cover(&l, &f);
		for (size_t i = 0; i < rq->nturns && !l.full; i++)
			draw_turn(&l, &f, &rq->turns[i], rq->nturns == 1);
		layout_running(&l);
		report->pages = doc_pages(l.doc);
		r = doc_save(l.doc, out);
	}
	l.doc = doc_free(l.doc);
	arena_free(l.tree);
	arena_free(l.scratch);
	return r;
}
