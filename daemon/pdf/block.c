/* Blocks one below the other: headings, prose, quotes, rules, and what has a file of its own. */
#include <string.h>

#include "daemon/pdf/layout.h"

const struct md_block *block_text(const struct md_block *b)
{
	for (; b; b = b->next) {
		const struct md_block *inside;

		if (b->len && b->kind != MD_CODE && b->kind != MD_MATH)
			return b;
		inside = block_text(b->first);
		if (inside)
			return inside;
	}
	return NULL;
}

static void draw_prose(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_of(l, f, b, 0, f->ink, f->size);

	p.elem = doc_elem(l->doc, f->parent, ROLE_P);
	para_draw(l, f, &p);
	arena_release(l->scratch, m);
}

static enum role heading_role(int level)
{
	return level < 1 ? ROLE_H1 : level > 6 ? ROLE_H6 : ROLE_H1 + (enum role)(level - 1);
}

static void draw_heading(struct layout *l, const struct frame *f, const struct md_block *b)
{
	static const float sizes[] = { 15.5f, 13.5f, 12.0f, 11.0f, 10.5f, 10.5f };
	struct arena_mark m = arena_mark(l->scratch);
	int level = b->level + l->heading_base;
	float size = sizes[b->level < 1 ? 0 : b->level > 6 ? 5 : b->level - 1];
	struct para p = para_of(l, f, b, STYLE_BOLD, b->level > 5 ? INK_SOFT : f->ink, size);

	p.leading = LEADING_TIGHT;
	p.elem = doc_elem(l->doc, f->parent, heading_role(level));
	p.keep = GAP_PARAGRAPH + 2 * f->size * LEADING;
	p.outline = level;
	layout_gap(l, GAP_HEADING);
	para_draw(l, f, &p);
	arena_release(l->scratch, m);
	layout_gap(l, GAP_PARAGRAPH * 0.6);
}

static void draw_rule(struct layout *l, const struct frame *f)
{
	double y;

	layout_gap(l, GAP_BLOCK);
	(void)layout_need(l, 1);
	if (l->full)
		return;
	y = layout_take(l, 1);
	page_content(l->page, NULL);
	page_stroke(l->page, f->x, y + 0.5, f->x + f->w, y + 0.5, 0.7, LINE_FIRM);
	layout_gap(l, GAP_BLOCK);
}

static void draw_quote(struct layout *l, const struct frame *f, const struct md_block *b)
{
	const struct md_block *text = block_text(b->first);
	struct frame in = *f;
	double step = f->w - INDENT_QUOTE < WIDTH_LEAST ? 0 : INDENT_QUOTE;

	in.rtl = text ? is_rtl(l, text->text, text->len) : f->rtl;
	in.parent = doc_elem(l->doc, f->parent, ROLE_BLOCKQUOTE);
	in.ink = INK_SOFT;
	in.w -= step;
	if (!in.rtl)
		in.x += step;
	layout_gap(l, GAP_BLOCK * 0.8);
	if (step > 0)
		layout_bar_begin(l, in.rtl ? f->x + f->w - 2.2 : f->x);
	blocks_draw(l, &in, b->first, false);
	if (step > 0)
		layout_bar_end(l);
	layout_gap(l, GAP_BLOCK * 0.8);
}

/* Text that is shown as it is: HTML and LaTeX in mono, what passed a cap in prose. */
static void draw_plain(struct layout *l, const struct frame *f, const struct md_block *b)
{
	bool mono = b->kind != MD_PLAIN;
	struct arena_mark m;
	const char *s = b->text, *end = b->text + b->len;

	while (s < end && !l->full) {
		/* A paragraph of its own for each stretch: memory is bounded by the longest. */
		const char *stop = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((stop ? stop : end) - s);
		struct para p;

		m = arena_mark(l->scratch);
		p = para_plain(l, s, n, mono ? STYLE_MONO : 0, b->kind == MD_MATH ? INK_MATH : b->kind == MD_HTML ? INK_SOFT : f->ink,
			mono ? f->size * 0.88f : f->size);
		p.leading = mono ? LEADING_CODE : LEADING;
		p.elem = doc_elem(l->doc, f->parent, mono ? ROLE_CODE : ROLE_P);
		if (n)
			para_draw(l, f, &p);
		else
			layout_gap(l, GAP_PARAGRAPH);
		arena_release(l->scratch, m);
		s += n + 1;
	}
}

void block_draw(struct layout *l, const struct frame *f, const struct md_block *b)
{
	switch (b->kind) {
	case MD_HEADING:
		draw_heading(l, f, b);
		break;
	case MD_QUOTE:
		draw_quote(l, f, b);
		break;
	case MD_LIST:
		list_draw(l, f, b);
		break;
	case MD_CODE:
		code_draw(l, f, b);
		break;
	case MD_TABLE:
		table_draw(l, f, b);
		break;
	case MD_RULE:
		draw_rule(l, f);
		break;
	case MD_FOOTNOTES:
		notes_draw(l, f, b);
		break;
	case MD_PLAIN:
	case MD_HTML:
	case MD_MATH:
		draw_plain(l, f, b);
		break;
	case MD_PARAGRAPH:
		draw_prose(l, f, b);
		break;
	default: /* containers that stand within their own kind only */
		blocks_draw(l, f, b->first, false);
	}
}

void blocks_draw(struct layout *l, const struct frame *f, const struct md_block *first, bool tight)
{
	for (const struct md_block *b = first; b && !l->full; b = b->next) {
		if (b != first)
			layout_gap(l, tight ? GAP_TIGHT : GAP_PARAGRAPH);
		block_draw(l, f, b);
	}
}
