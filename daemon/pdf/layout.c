/* From a request to pages: the title, each turn with its question, answer and sources, then the running heads. */
#include "daemon/pdf/layout.h"

#include <errno.h>
#include <string.h>

#include "daemon/pdf/render.h"

/* ---- sources and notes of a turn ---- */

struct mark *marks_find(struct marks *m, int number)
{
	/* Most are numbered from 1. */
	if (number > 0 && (size_t)number <= m->n && m->v[number - 1].number == number)
		return &m->v[number - 1];
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

/* ---- turns ---- */

static void draw_turn(struct layout *l, const struct frame *page, const struct pdf_turn *turn)
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
	l->heading_base = head_draw_turn(l, &f, turn);
	tree = md_parse(l->tree, l->report, turn->markdown.p, turn->markdown.n, &o);
	collect(l, turn, tree);
	blocks_draw(l, &f, tree->first, false);
	sources_draw(l, &f, turn);
	arena_release(l->tree, m);
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
	char title[TITLE_SHORTENED + 8];
	const struct doc_info info = { .title = title, .lang = rq->lang.p, .creator = rq->generator.p,
		.epoch = rq->epoch > 0 ? rq->epoch : -1 };
	struct layout l = { .rq = rq, .fonts = fonts, .report = report, .tree = arena_new(), .scratch = arena_new() };
	struct frame f = { .x = rq->paper.left,
		.w = rq->paper.width - rq->paper.left - rq->paper.right, .size = (float)SIZE_TEXT,
		.ink = INK };
	int r = -ENOMEM;

	head_title(rq, title);
	choose_language(rq, fonts);
	if (*fonts_missing(fonts))
		report_warn(report, "fonts", "not installed: %s", fonts_missing(fonts));
	l.doc = doc_new(&info, fonts, report);
	if (l.doc) {
		f.parent = doc_root(l.doc);
		layout_page(&l, rq->paper.width, rq->paper.height);
		head_draw_cover(&l, &f);
		for (size_t i = 0; i < rq->nturns && !l.full; i++)
			draw_turn(&l, &f, &rq->turns[i]);
		layout_running(&l);
		report->pages = doc_pages(l.doc);
		r = doc_save(l.doc, out);
	}
	l.doc = doc_free(l.doc);
	arena_free(l.tree);
	arena_free(l.scratch);
	return r;
}
