/* Blocks one below the other: headings, prose, quotes, rules, and what has a file of its own. */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/layout.h"

static void draw_prose(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_of(l, b, 0, f->ink, f->size);

	p.elem = doc_elem(l->doc, f->parent, ROLE_P);
	para_draw(l, f, &p);
	arena_release(l->scratch, m);
}

static enum role heading_role(int level)
{
	return level < 1 ? ROLE_H1 : level > 6 ? ROLE_H6 : ROLE_H1 + (enum role)(level - 1);
}

/* Points of the blocks that follow which a heading must not be parted from: those of further headings, and a beginning. */
static double lead_of(struct layout *l, const struct frame *f, const struct md_block *b)
{
	double line = f->size * LEADING, most = (l->bottom - l->top) / 2, sum = 0;

	for (; b && b->kind == MD_HEADING && sum < most; b = b->next)
		sum += GAP_HEADING + 1.5 * line;
	if (b && b->kind == MD_CODE)
		sum += GAP_BLOCK + 2 * PAD_CODE + 3 * SIZE_CODE * LEADING_CODE;
	else if (b && b->kind == MD_TABLE)
		sum += GAP_BLOCK + table_lead(l, f, b);
	else if (b)
		sum += GAP_PARAGRAPH + 2 * line;
	return min_of(sum, most);
}

static void draw_heading(struct layout *l, const struct frame *f, const struct md_block *b)
{
	static const float sizes[] = { 15.5f, 13.5f, 12.0f, 11.0f, 10.5f, 10.5f };
	struct arena_mark m = arena_mark(l->scratch);
	int level = b->level + l->heading_base;
	/* Within a conversation all are a size smaller: the question stands above them. */
	float size = sizes[min_of(max_of(b->level, 1) - 1 + (l->heading_base > 1), 5)];
	struct para p = para_of(l, b, STYLE_BOLD, b->level > 5 ? INK_SOFT : f->ink, size);

	p.leading = LEADING_TIGHT;
	p.elem = doc_elem(l->doc, f->parent, heading_role(level));
	p.keep = lead_of(l, f, b->next);
	p.outline = level;
	layout_gap(l, GAP_HEADING);
	if (b->next && b->next->kind == MD_TABLE && table_turns(l, f, b->next))
		layout_sideways(l); /* the table will: its heading goes along */
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
	struct frame in = *f;
	double step = f->w - INDENT_QUOTE < WIDTH_LEAST ? 0 : INDENT_QUOTE;

	in.rtl = blocks_rtl(b->first, f->rtl);
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

/* What passed a cap, as it is: a paragraph for each line, so that memory is bounded by the longest. */
static void draw_plain(struct layout *l, const struct frame *f, const struct md_block *b)
{
	const char *s = b->text, *end = b->text + b->len;

	while (s < end && !l->full) {
		struct arena_mark m = arena_mark(l->scratch);
		const char *stop = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((stop ? stop : end) - s);
		struct para p = para_plain(l, s, n, 0, f->ink, f->size);

		if (n) {
			p.elem = doc_elem(l->doc, f->parent, ROLE_P);
			para_draw(l, f, &p);
		} else {
			layout_gap(l, GAP_PARAGRAPH);
		}
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
	case MD_HTML:
	case MD_MATH:
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
