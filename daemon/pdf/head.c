/* What stands above an answer: the question, when and by whom it was answered, and how the answer stands. */
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/pdf/layout.h"

#define ELLIPSIS "\xE2\x80\xA6"
#define DOT "  \xC2\xB7  "

struct part { /* of a block of words that are set together */
	struct para para;
	enum role role;
	double gap; /* above it */
};

struct box {
	struct part parts[3];
	size_t n;
	uint32_t tint, bar; /* behind it and at its side; TINT_NONE */
};

static size_t trimmed(const struct pdf_text *t)
{
	size_t n = t->n;

	while (n && strchr(" \t\r\n", t->p[n - 1]))
		n--;
	return n;
}

/* ---- titles ---- */

void title_shorten(const char *s, size_t n, char to[TITLE_SHORTENED + 8])
{
	const char *stop;
	size_t keep;

	while (n && strchr(" \t\r\n", *s)) {
		s++;
		n--;
	}
	stop = memchr(s, '\n', n);
	keep = utf8_floor(s, stop ? (size_t)(stop - s) : n, TITLE_SHORTENED);
	memcpy(to, s, keep);
	memcpy(to + keep, ELLIPSIS, sizeof(ELLIPSIS));
	if (keep == n)
		to[keep] = '\0';
}

void head_title(const struct pdf_request *rq, char to[TITLE_SHORTENED + 8])
{
	const struct pdf_text *t = rq->title.n || !rq->nturns ? &rq->title : &rq->turns[0].question;

	title_shorten(t->p, trimmed(t), to);
}

/* ---- boxes ---- */

static void add(struct box *b, struct para p, enum role role, double leading, double gap)
{
	p.leading = leading;
	if (p.n)
		b->parts[b->n] = (struct part){ .para = p, .role = role, .gap = b->n ? gap : 0 };
	b->n++;
}

static double part_height(struct layout *l, const struct frame *f, const struct part *p)
{
	struct arena_mark m = arena_mark(l->scratch);
	struct text *t = para_text(l, &p->para, TEXT_AUTO);
	struct line line;
	uint32_t at = 0;
	double h = p->gap;

	while (text_line(t, &at, f->w, &line))
		h += line_setting(&line, p->para.spans[0].size, p->para.leading).height;
	arena_release(l->scratch, m);
	return h;
}

static void draw_ground(struct layout *l, const struct frame *f, const struct box *b, double height)
{
	double top = l->y + l->gap;
	bool rtl = is_rtl(b->parts[0].para.s, b->parts[0].para.n, false);

	page_content(l->page, NULL);
	if (b->tint != TINT_NONE)
		page_fill_round(l->page, f->x, top, f->w, height, RADIUS, b->tint);
	if (b->bar != TINT_NONE)
		page_fill(l->page, rtl ? f->x + f->w - 2.4 : f->x, top, 2.4, height, b->bar);
}

/* On its ground when it stands on one page; words without end are set without one. `keep`: of what follows. */
static void draw_box(struct layout *l, const struct frame *f, struct box *b, double keep)
{
	struct frame in = *f;
	double pad = b->tint != TINT_NONE || b->bar != TINT_NONE ? PAD_BOX : 0, height = 2 * pad;
	bool whole;

	in.x += pad * 1.4;
	in.w -= pad * 2.8;
	for (size_t i = 0; i < b->n; i++)
		height += part_height(l, &in, &b->parts[i]);
	whole = height < (l->bottom - l->top) * 0.7;
	(void)layout_need(l, whole ? height + keep : 60);
	if (l->full || !b->n)
		return;
	if (whole && pad > 0)
		draw_ground(l, f, b, height);
	if (whole && pad > 0)
		(void)layout_take(l, pad);
	for (size_t i = 0; i < b->n; i++) {
		struct part *p = &b->parts[i];

		p->para.elem = doc_elem(l->doc, f->parent, p->role);
		layout_gap(l, p->gap);
		para_draw(l, whole || pad <= 0 ? &in : f, &p->para);
	}
	if (whole && pad > 0)
		(void)layout_take(l, pad);
}

/* ---- the question and its line of facts ---- */

static void add_fact(char *to, size_t size, const char *part)
{
	size_t n = strlen(to);

	if (*part)
		(void)snprintf(to + n, size - n, "%s%s", n ? DOT : "", part);
}

static struct para facts(struct layout *l, const struct pdf_turn *turn, bool alone)
{
	size_t size = turn->date.n + turn->model.n + l->rq->thread.n + 32;
	char *line = arena_alloc(l->scratch, size);

	add_fact(line, size, turn->date.p);
	add_fact(line, size, turn->model.p);
	if (alone)
		add_fact(line, size, l->rq->thread.p);
	return para_plain(l, line, strlen(line), 0, INK_SOFT, SIZE_NOTE);
}

static void draw_line_below(struct layout *l, const struct frame *f)
{
	double y;

	layout_gap(l, 8);
	(void)layout_need(l, 1.6);
	if (l->full)
		return;
	y = layout_take(l, 1.6);
	page_content(l->page, NULL);
	page_fill(l->page, f->x, y, f->w, 1.6, ACCENT);
	layout_gap(l, GAP_BLOCK * 1.2);
}

/* A question of a line is a title; one of some lines is set smaller; a long one is there to be read. */
static void draw_alone(struct layout *l, const struct frame *f, const struct pdf_turn *turn)
{
	size_t n = trimmed(&turn->question);
	bool text = n > TITLE_LONG;
	float size = n <= TITLE_SHORT ? SIZE_TITLE : text ? SIZE_TITLE_TEXT : SIZE_TITLE_LONG;
	struct box b = { .tint = text ? TINT_HEAD : TINT_NONE, .bar = text ? ACCENT : TINT_NONE };

	add(&b, para_plain(l, turn->question.p, n, text ? 0 : STYLE_BOLD, INK, size), ROLE_H1,
		text ? LEADING : 1.25, 0);
	b.parts[0].para.outline = 1;
	add(&b, facts(l, turn, true), ROLE_P, LEADING_TIGHT, 5);
	draw_box(l, f, &b, 0);
	if (text)
		layout_gap(l, GAP_BLOCK * 1.6);
	else
		draw_line_below(l, f);
}

static void draw_in_conversation(struct layout *l, const struct frame *f, const struct pdf_turn *turn)
{
	size_t n = trimmed(&turn->question);
	bool text = n > TITLE_LONG;
	struct box b = { .tint = TINT_HEAD, .bar = ACCENT };

	if (!l->fresh)
		layout_gap(l, GAP_TURN);
	add(&b, para_plain(l, turn->question.p, n, text ? 0 : STYLE_BOLD, INK,
		text ? SIZE_TEXT : SIZE_QUESTION), ROLE_H2, 1.35, 0);
	b.parts[0].para.outline = 2;
	add(&b, facts(l, turn, false), ROLE_P, LEADING_TIGHT, 3);
	draw_box(l, f, &b, 3 * SIZE_TEXT * LEADING);
	layout_gap(l, GAP_BLOCK * 1.3);
}

/* An answer that is not whole says so before it is read. */
static void draw_notice(struct layout *l, const struct frame *f, const struct pdf_turn *turn)
{
	struct box b = { .tint = TINT_NOTICE, .bar = TINT_NONE };

	layout_gap(l, GAP_BLOCK);
	add(&b, para_plain(l, turn->note.p, trimmed(&turn->note), 0, INK_NOTE, SIZE_NOTE), ROLE_P, LEADING, 0);
	draw_box(l, f, &b, 0);
	layout_gap(l, GAP_BLOCK * 1.3);
}

int head_draw_turn(struct layout *l, const struct frame *f, const struct pdf_turn *turn)
{
	struct arena_mark m = arena_mark(l->scratch);
	bool alone = l->rq->nturns == 1, asked = trimmed(&turn->question) > 0;

	if (asked && alone)
		draw_alone(l, f, turn);
	else if (asked)
		draw_in_conversation(l, f, turn);
	if (turn->state != PDF_DONE)
		draw_notice(l, f, turn);
	arena_release(l->scratch, m);
	return !asked ? 0 : alone ? 1 : 2;
}

void head_draw_cover(struct layout *l, const struct frame *f)
{
	const struct pdf_request *rq = l->rq;
	struct arena_mark m = arena_mark(l->scratch);
	struct box b = { .tint = TINT_NONE, .bar = TINT_NONE };
	size_t n = trimmed(&rq->title);
	char line[96];

	if (rq->nturns == 1 || !n)
		return;
	(void)snprintf(line, sizeof(line), "%zu questions", rq->nturns);
	add(&b, para_plain(l, rq->title.p, n, STYLE_BOLD, INK,
		n <= TITLE_SHORT ? SIZE_TITLE : SIZE_TITLE_LONG), ROLE_H1, 1.25, 0);
	b.parts[0].para.outline = 1;
	add(&b, para_plain(l, line, rq->nturns ? strlen(line) : 0, 0, INK_SOFT, SIZE_NOTE), ROLE_P, LEADING_TIGHT, 5);
	draw_box(l, f, &b, 0);
	draw_line_below(l, f);
	arena_release(l->scratch, m);
}
