/* Lists, footnotes and the list of sources: a label beside a column of blocks. */
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/layout.h"

struct labelled {
	struct frame in;    /* of the content */
	double label_x, label_w;
};

/* Room for a label of `w` points beside the content, as long as the content keeps its least width. */
static struct labelled beside(const struct frame *f, double w)
{
	struct labelled r = { .in = *f };

	if (f->w - w < WIDTH_LEAST) {
		/* No further in: the label stands beside the column, where outer levels have left room. */
		r.label_x = f->rtl ? f->x + f->w : f->x - w;
		r.label_w = w - 5;
		r.label_x += f->rtl ? 5 : 0;
		return r;
	}
	r.in.w -= w;
	r.label_w = w - 5;
	if (f->rtl) {
		r.label_x = f->x + f->w - w + 5;
	} else {
		r.in.x += w;
		r.label_x = f->x;
	}
	return r;
}

/* What waits for the first line of the content. More than LABELS_MAX never wait: Markdown's depth is bounded. */
static struct label *await_label(struct layout *l, const struct labelled *r, const char *s,
	struct elem *elem, const struct frame *f, unsigned style, uint32_t ink, int dest)
{
	struct label *label = &l->labels[min_of(l->nlabels, (size_t)LABELS_MAX - 1)];

	l->nlabels = min_of(l->nlabels + 1, (size_t)LABELS_MAX);
	*label = (struct label){ .s = arena_dup(l->tree, s, strlen(s)),
		.n = strlen(s),
		.x = r->label_x,
		.w = r->label_w,
		.rtl = f->rtl,
		.size = f->size,
		.ink = ink,
		.style = style,
		.elem = elem,
		.dest = dest,
		.task = -1 };
	return label;
}

/* The content, and a line for a label that found none. */
static void draw_beside(struct layout *l, const struct labelled *r, const struct md_block *first, bool tight)
{
	size_t waiting = l->nlabels;

	blocks_draw(l, &r->in, first, tight);
	if (l->nlabels >= waiting && waiting && !l->full) {
		double h = r->in.size * LEADING;

		(void)layout_need(l, h);
		if (!l->full)
			layout_labels(l, layout_take(l, h) + h * 0.72);
	}
}

/* ---- lists ---- */

/* A numbered task has its box as a character beside the number; others have it drawn. */
static void label_text(const struct md_block *list, const struct md_block *item, int64_t number,
	char *to, size_t size)
{
	const char *box = item->task < 0 ? "" : item->task ? " \xE2\x98\x91" : " \xE2\x98\x90";

	if (list->ordered)
		(void)snprintf(to, size, "%lld%s%s", (long long)number, list->dot ? "." : ")", box);
	else
		(void)snprintf(to, size, "\xE2\x80\xA2");
}

static double label_width(struct layout *l, const struct frame *f, const struct md_block *list)
{
	struct arena_mark m = arena_mark(l->scratch);
	int64_t last = list->start - 1;
	struct para p;
	bool task = false;
	char text[32];
	double w;

	if (!list->ordered)
		return INDENT_LIST;
	for (const struct md_block *i = list->first; i; i = i->next) {
		task |= i->task >= 0;
		last++;
	}
	(void)snprintf(text, sizeof(text), "%lld.%s", (long long)last, task ? " \xE2\x98\x91" : "");
	p = para_plain(l, text, strlen(text), 0, f->ink, f->size);
	w = text_natural_width(para_text(l, &p, TEXT_LTR)) + 7;
	arena_release(l->scratch, m);
	return w > INDENT_LIST ? w : INDENT_LIST;
}

void list_draw(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct frame mine = *f;
	struct labelled r;
	struct label *wait;
	int64_t number = b->start;
	char label[32];

	mine.rtl = blocks_rtl(b->first, f->rtl);
	mine.parent = doc_elem(l->doc, f->parent, ROLE_L);
	elem_numbered(mine.parent, b->ordered);
	r = beside(&mine, label_width(l, f, b));
	for (const struct md_block *item = b->first; item && !l->full; item = item->next, number++) {
		struct elem *li = doc_elem(l->doc, mine.parent, ROLE_LI), *lbl = doc_elem(l->doc, li, ROLE_LBL);

		label_text(b, item, number, label, sizeof(label));
		if (item != b->first)
			layout_gap(l, b->tight ? GAP_TIGHT : GAP_PARAGRAPH);
		r.in.parent = doc_elem(l->doc, li, ROLE_LBODY);
		wait = await_label(l, &r, label, lbl, &mine, 0, b->ordered ? f->ink : ACCENT, -1);
		if (!b->ordered)
			wait->size *= BULLET_SIZE;
		if (item->task >= 0 && !b->ordered) {
			wait->task = item->task;
			elem_alt(l->doc, lbl, item->task ? "done" : "to do");
		}
		draw_beside(l, &r, item->first, b->tight);
	}
}

/* ---- footnotes ---- */

void notes_draw(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct frame mine = *f;
	struct labelled r;
	char label[32];
	double y;

	mine.rtl = blocks_rtl(b->first, f->rtl);
	layout_gap(l, GAP_TURN * 0.7);
	(void)layout_need(l, 1 + 3 * SIZE_NOTE * LEADING);
	if (l->full)
		return;
	y = layout_take(l, 1);
	page_content(l->page, NULL);
	page_fill(l->page, mine.rtl ? f->x + f->w - 90 : f->x, y, 90, 0.7, LINE_FIRM);
	mine.size = SIZE_NOTE;
	r = beside(&mine, INDENT_LIST);
	for (const struct md_block *note = b->first; note && !l->full; note = note->next) {
		struct mark *m = marks_find(&l->notes, note->number);
		struct elem *e = doc_elem(l->doc, f->parent, ROLE_NOTE);

		layout_gap(l, GAP_TIGHT * 1.6);
		(void)snprintf(label, sizeof(label), "%d", note->number);
		r.in.parent = e;
		await_label(l, &r, label, doc_elem(l->doc, e, ROLE_LBL), &mine, STYLE_BOLD,
			m && m->named ? INK_LINK : INK_SOFT,
			m && m->named ? m->first : -1);
		(void)layout_need(l, SIZE_NOTE * LEADING);
		if (m)
			doc_dest_set(l->doc, m->place, l->page, f->x, l->y + l->gap);
		draw_beside(l, &r, note->first, true);
	}
}

/* ---- sources ---- */

static void note_line(struct layout *l, const struct frame *f, const char *s, size_t n, unsigned style,
	uint32_t ink, struct elem *parent)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_plain(l, s, n, style, ink, f->size);

	p.elem = doc_elem(l->doc, parent, ROLE_P);
	p.leading = 1.36;
	if (n)
		para_draw(l, f, &p);
	arena_release(l->scratch, m);
}

/* "path, page 3, line 12", or the title alone. */
static size_t place_text(const struct pdf_source *s, char *to, size_t size)
{
	const struct pdf_text *name = s->path.n ? &s->path : s->document.n ? &s->document : &s->title;
	size_t n = name->n < size - 64 ? name->n : size - 64;

	while (n && n < name->n && ((uint8_t)name->p[n] & 0xC0) == 0x80)
		n--;
	memcpy(to, name->p, n);
	if (s->page > 0)
		n += (size_t)snprintf(to + n, size - n, "%spage %lld", n ? ", " : "", (long long)s->page);
	if (s->line > 0)
		n += (size_t)snprintf(to + n, size - n, "%sline %lld", n ? ", " : "", (long long)s->line);
	to[n] = '\0';
	return n;
}

static void link_line(struct layout *l, const struct frame *f, const struct pdf_text *url, struct elem *parent)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct para p = para_plain(l, url->p, url->n, 0, INK_LINK, f->size);

	p.elem = doc_elem(l->doc, parent, ROLE_P);
	p.leading = 1.36;
	if (md_url_allowed(url->p, url->n)) {
		struct inlay *inlays = arena_alloc(l->scratch, 2 * sizeof(*inlays));

		inlays[1] = (struct inlay){ .url = url->p, .dest = -1, .role = ROLE_LINK };
		p.inlays = inlays;
		p.spans[0].tag = 1;
	}
	para_draw(l, f, &p);
	arena_release(l->scratch, m);
}

/* A quote is shown as running text: the line ends of its document are not ours. */
static void draw_source_quote(struct layout *l, const struct frame *f, const struct pdf_text *quote, struct elem *body)
{
	struct arena_mark m = arena_mark(l->scratch);
	char *flat = arena_dup(l->scratch, quote->p, quote->n);

	for (size_t i = 0; i < quote->n; i++)
		if (flat[i] == '\n')
			flat[i] = ' ';
	note_line(l, f, flat, quote->n, STYLE_ITALIC, INK_SOFT, body);
	arena_release(l->scratch, m);
}

static void draw_source(struct layout *l, const struct labelled *r, const struct frame *f,
	const struct pdf_source *s, struct elem *list)
{
	struct elem *li = doc_elem(l->doc, list, ROLE_LI), *lbl = doc_elem(l->doc, li, ROLE_LBL),
		*body = doc_elem(l->doc, li, ROLE_LBODY);
	struct mark *m = marks_find(&l->sources, (int)s->n);
	char label[32], place[600];
	size_t n = place_text(s, place, sizeof(place));

	(void)snprintf(label, sizeof(label), "[%lld]", (long long)s->n);
	await_label(l, r, label, lbl, f, STYLE_BOLD, m && m->named ? INK_LINK : INK_SOFT,
		m && m->named ? m->first : -1);
	(void)layout_need(l, 2 * f->size * LEADING);
	if (m)
		doc_dest_set(l->doc, m->place, l->page, f->x, l->y + l->gap);
	note_line(l, &r->in, place, n, STYLE_BOLD, INK, body);
	if (s->title.n && (s->path.n || s->document.n))
		note_line(l, &r->in, s->title.p, s->title.n, 0, INK_SOFT, body);
	if (s->note.n)
		note_line(l, &r->in, s->note.p, s->note.n, 0, INK_SOFT, body);
	if (s->url.n)
		link_line(l, &r->in, &s->url, body);
	layout_gap(l, 1.5);
	if (s->quote.n)
		draw_source_quote(l, &r->in, &s->quote, body);
	if (l->nlabels && !l->full)
		layout_labels(l, layout_take(l, f->size * LEADING) + f->size);
}

void sources_draw(struct layout *l, const struct frame *f, const struct pdf_turn *turn)
{
	struct frame mine = *f;
	struct arena_mark mark = arena_mark(l->scratch);
	struct labelled r;
	struct para p;
	struct elem *list;

	if (!turn->nsources)
		return;
	p = para_plain(l, "Sources", 7, STYLE_BOLD, INK, 11.5f);
	p.elem = doc_elem(l->doc, f->parent, l->heading_base > 1 ? ROLE_H3 : ROLE_H2);
	p.keep = 3 * SIZE_NOTE * LEADING;
	p.outline = l->heading_base > 1 ? 3 : 2;
	layout_gap(l, GAP_TURN * 0.8);
	para_draw(l, f, &p);
	arena_release(l->scratch, mark);
	mine.size = SIZE_NOTE;
	r = beside(&mine, turn->nsources > 99 ? 34 : 27);
	list = doc_elem(l->doc, f->parent, ROLE_L);
	for (size_t i = 0; i < turn->nsources && !l->full; i++) {
		layout_gap(l, i ? GAP_PARAGRAPH : GAP_PARAGRAPH * 0.7);
		draw_source(l, &r, &mine, &turn->sources[i], list);
	}
}
