/* Paragraphs: marks of Markdown to spans, lines onto pages with care for widows and orphans, links. */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/layout.h"

#define ELLIPSIS "\xE2\x80\xA6"

/* ---- spans ---- */

static unsigned style_of(unsigned marks)
{
	return (marks & MD_STRONG ? STYLE_BOLD : 0) | (marks & MD_EM ? STYLE_ITALIC : 0) |
	       (marks & (MD_MONO | MD_INLINE_MATH) ? STYLE_MONO : 0);
}

static struct span span_of(const struct md_span *s, unsigned style, uint32_t ink, float size)
{
	bool mono = s->marks & (MD_MONO | MD_INLINE_MATH), note = s->marks & MD_NOTE_REF;
	bool link = s->url || (s->marks & (MD_CITE | MD_NOTE_REF));

	return (struct span){
		.start = s->start,
		.end = s->end,
		.style = (uint8_t)(style | style_of(s->marks)),
		.strike = s->marks & MD_STRIKE,
		.size = note ? size * 0.72f : mono ? size * 0.9f : size,
		.rise = note ? size * 0.34f : 0,
		.ink = link ? INK_LINK : s->marks & MD_INLINE_MATH ? INK_MATH : ink,
		.tint = s->marks & MD_MONO ? TINT_INLINE : TINT_NONE,
	};
}

static bool same_link(const struct md_span *a, const struct md_span *b)
{
	unsigned kinds = MD_CITE | MD_NOTE_REF;

	return a->url == b->url && a->number == b->number && (a->marks & kinds) == (b->marks & kinds);
}

static struct inlay inlay_of(struct layout *l, const struct md_span *s)
{
	struct inlay i = { .url = s->url, .dest = -1, .role = ROLE_LINK };
	struct mark *m = s->marks & MD_CITE ? marks_find(&l->sources,
		s->number) : s->marks & MD_NOTE_REF ? marks_find(&l->notes, s->number) : NULL;

	if (m) {
		i.dest = m->place;
		i.names = m;
		i.role = s->marks & MD_NOTE_REF ? ROLE_REFERENCE : ROLE_LINK;
	}
	return i;
}

struct para para_of(struct layout *l, const struct md_block *b, unsigned style, uint32_t ink, float size)
{
	struct para p = { .s = b->text, .n = b->len, .leading = LEADING };
	size_t tags = 1;

	p.spans = arena_alloc(l->scratch, (b->nspans + 1) * sizeof(*p.spans));
	p.inlays = arena_alloc(l->scratch, (b->nspans + 1) * sizeof(*p.inlays));
	p.nspans = b->nspans;
	for (size_t i = 0; i < b->nspans; i++) {
		const struct md_span *s = &b->spans[i];

		p.spans[i] = span_of(s, style, ink, size);
		if (!s->url && !(s->marks & (MD_CITE | MD_NOTE_REF)))
			continue;
		if (!i || !same_link(s, s - 1) || !p.spans[i - 1].tag)
			p.inlays[tags++] = inlay_of(l, s);
		p.spans[i].tag = (uint32_t)(tags - 1);
	}
	if (!b->nspans && b->len) {
		p.spans[0] = span_of(&(struct md_span){ .end = (uint32_t)b->len }, style, ink, size);
		p.nspans = 1;
	}
	return p;
}

struct para para_plain(struct layout *l, const char *s, size_t n, unsigned style, uint32_t ink, float size)
{
	struct para p = { .s = s, .n = n, .leading = LEADING, .nspans = n ? 1 : 0 };

	p.spans = arena_alloc(l->scratch, sizeof(*p.spans));
	p.inlays = arena_alloc(l->scratch, sizeof(*p.inlays));
	p.spans[0] = (struct span){ .end = (uint32_t)n, .style = (uint8_t)style, .size = size,
		.ink = ink, .tint = TINT_NONE };
	return p;
}

struct text *para_text(struct layout *l, const struct para *p, enum text_direction direction)
{
	return text_new(l->scratch, l->fonts, l->report, p->s, p->n, p->spans, p->nspans, direction);
}

/*
 * Fonts whose own idea of a line is far above the text's (Noto Sans Arabic asks for two ems, for marks on marks) are held
 * to LEADING_MOST: their lines stay in step with the others.
 */
struct setting line_setting(const struct line *line, double size, double leading)
{
	double asked = line->ascent + line->descent, set = size * leading, most = max_of(set, size * LEADING_MOST);
	double height = min_of(max_of(set, asked), most), squeeze = asked > height ? height / asked : 1;

	return (struct setting){ .height = height,
		.baseline = (height - asked * squeeze) / 2 + line->ascent * squeeze };
}

/* ---- a line ---- */

static void put_link(struct layout *l, const struct inlay *i, double x, double baseline, double w, double size)
{
	if (i->url)
		page_link_uri(l->page, x, baseline - size, w, size * 1.3, i->url, i->elem);
	else if (i->dest >= 0)
		page_link_dest(l->page, x, baseline - size, w, size * 1.3, i->dest, i->elem);
}

static struct elem *elem_for(struct layout *l, const struct para *p, struct inlay *i, double x, double y)
{
	if (!i || !p->elem)
		return p->elem;
	if (!i->elem)
		i->elem = doc_elem(l->doc, p->elem, i->role);
	if (i->names && !i->names->named) {
		i->names->named = true;
		doc_dest_set(l->doc, i->names->first, l->page, x, y);
	}
	return i->elem;
}

void para_put(struct layout *l, const struct para *p, const struct line *line, double x, double baseline)
{
	for (size_t k = 0; k < line->n; k++) {
		const struct piece *piece = &line->pieces[k];
		struct inlay *i = piece->span->tag ? &p->inlays[piece->span->tag] : NULL;
		double size = piece->span->size;

		page_content(l->page, elem_for(l, p, i, x + piece->x, baseline - 2 * size));
		page_show(l->page, x + piece->x, baseline, p->s, piece);
		if (i)
			put_link(l, i, x + piece->x, baseline - piece->span->rise, piece->width, size);
	}
}

static double start_of(const struct line *line, double x, double w, enum para_align align, bool rtl)
{
	double free = w - line->width;

	if (free < 0)
		free = 0;
	if (align == ALIGN_CENTER)
		return x + free / 2;
	return align == ALIGN_RIGHT || (align == ALIGN_START && rtl) ? x + free : x;
}

double para_line(struct layout *l, struct page *page, double x, double baseline, double w,
	enum para_align align, const struct para *p)
{
	struct page *now = l->page;
	bool rtl = is_rtl(p->s, p->n, p->rtl);
	struct text *t = para_text(l, p, rtl ? TEXT_RTL : TEXT_LTR);
	struct line line;
	uint32_t at = 0;
	double width = 0;

	l->page = page;
	if (text_line(t, &at, w - (p->n > 20 ? 8 : 0), &line)) {
		double start = start_of(&line, x, w, align, rtl);

		para_put(l, p, &line, start, baseline);
		width = line.width;
		if (at < p->n && p->n > 20) {
			struct para dots = para_plain(l, ELLIPSIS, sizeof(ELLIPSIS) - 1,
				p->spans[0].style, p->spans[0].ink, p->spans[0].size);
			struct text *d = para_text(l, &dots, TEXT_LTR);
			struct line mark;

			at = 0;
			if (text_line(d, &at, 20, &mark))
				para_put(l, &dots, &mark, start + width, baseline);
		}
	}
	l->page = now;
	return width;
}

/* ---- lines onto pages ---- */

struct ahead { /* the line that is next, and the two behind it */
	struct text *text;
	uint32_t at;
	double width;
	struct line line[3];
	size_t n;
};

static void look_ahead(struct ahead *a)
{
	while (a->n < 3 && text_line(a->text, &a->at, a->width, &a->line[a->n]))
		a->n++;
}

static void step(struct ahead *a)
{
	a->line[0] = a->line[1];
	a->line[1] = a->line[2];
	a->n--;
	look_ahead(a);
}

/* How much must stand together from this line on: no single line at the foot or the head of a page. */
static double together(const struct ahead *a, double size, double leading, bool first)
{
	double h = 0;
	size_t n = a->n;

	if (!first && n == 3)
		n = 1; /* in the middle of a long paragraph */
	else if (n == 3)
		n = 2;
	for (size_t i = 0; i < n; i++)
		h += line_setting(&a->line[i], size, leading).height;
	return h;
}

static void enter_outline(struct layout *l, const struct para *p, double top)
{
	char title[TITLE_SHORTENED + 8];

	if (!p->outline)
		return;
	title_shorten(p->s, p->n, title);
	doc_outline(l->doc, p->outline, title, l->page, top);
}

void para_draw(struct layout *l, const struct frame *f, const struct para *p)
{
	double size = p->nspans ? p->spans[0].size : f->size;
	bool rtl = is_rtl(p->s, p->n, f->rtl), first = true;
	struct ahead a = { .text = para_text(l, p, rtl ? TEXT_RTL : TEXT_LTR), .width = f->w };

	for (size_t i = 0; i < p->nspans; i++)
		if (p->spans[i].rise == 0 && !(p->spans[i].style & STYLE_MONO) && p->spans[i].size > size)
			size = p->spans[i].size;
	for (look_ahead(&a); a.n && !l->full; step(&a)) {
		struct line *line = &a.line[0];
		struct setting s = line_setting(line, size, p->leading);
		double top, baseline;

		(void)layout_need(l, together(&a, size, p->leading, first) + (first ? p->keep : 0));
		if (l->full)
			return;
		top = layout_take(l, s.height);
		baseline = top + s.baseline;
		if (first)
			enter_outline(l, p, top);
		layout_labels(l, baseline);
		para_put(l, p, line, start_of(line, f->x, f->w, p->align, rtl), baseline);
		first = false;
	}
}
