/* Code: monospaced on a tinted ground, wrapped with a mark that is no text, a piece of it on each page. */
#include <string.h>
#include <utf8proc.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/pdf/layout.h"

#define FRAGMENT_MAX 200 /* lines of one piece of ground */
#define CODE_WHOLE 12    /* a block of no more lines is not split */

struct source { /* where the next line comes from */
	const char *line, *next, *end; /* the source line under way, the one after it */
	struct text *text;             /* of the line, or NULL: it is used up */
	struct para para;
	uint32_t at;
};

struct drawn {
	struct source from; /* what it was cut from: here drawing may start over */
	struct line line;
};

struct look {
	float size;
	double h, width, pad, baseline;
	uint32_t ink;
	bool ground;
};

static size_t cells_at(const char *s, size_t n)
{
	uint32_t cp;

	(void)utf8_decode(s, n, &cp);
	return (size_t)max_of(utf8proc_charwidth((utf8proc_int32_t)cp), 0);
}

/* Tabs become spaces up to the next stop of the grid. */
static size_t expand(struct arena *a, const char *s, size_t n, const char **out)
{
	size_t tabs = 0, at = 0, column = 0;
	char *to;

	for (size_t i = 0; i < n; i++)
		tabs += s[i] == '\t';
	*out = s;
	if (!tabs)
		return n;
	to = arena_alloc(a, n + tabs * TAB_CELLS + 1);
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\t') {
			if (((uint8_t)s[i] & 0xC0) != 0x80)
				column += cells_at(s + i, n - i);
			to[at++] = s[i];
			continue;
		}
		do
			to[at++] = ' ';
		while (++column % TAB_CELLS);
	}
	*out = to;
	return at;
}

static void make_line(struct layout *l, struct source *c, const struct look *k)
{
	const char *stop, *s;
	size_t n;

	c->line = c->next;
	stop = memchr(c->line, '\n', (size_t)(c->end - c->line));
	stop = stop ? stop : c->end;
	n = expand(l->scratch, c->line, (size_t)(stop - c->line), &s);
	/* An empty line has the height of a space. */
	c->para = para_plain(l, n ? s : " ", n ? n : 1, STYLE_MONO, k->ink, k->size);
	c->text = para_text(l, &c->para, TEXT_LTR);
	c->next = stop + 1;
	c->at = 0;
}

static bool next_line(struct layout *l, struct source *c, const struct look *k, struct drawn *out)
{
	for (;;) {
		if (!c->text) {
			if (c->next >= c->end)
				return false;
			make_line(l, c, k);
		}
		out->from = *c;
		if (text_line(c->text, &c->at, k->width, &out->line))
			return true;
		c->text = NULL;
	}
}

/* A hook to the left, drawn: it says that the line goes on, and does not copy. */
static void wrap_mark(struct layout *l, double x, double y)
{
	page_stroke(l->page, x + 5, y - 5, x + 5, y - 2, 0.6, INK_SOFT);
	page_stroke(l->page, x + 5, y - 2, x, y - 2, 0.6, INK_SOFT);
	page_stroke(l->page, x, y - 2, x + 2, y - 3.6, 0.6, INK_SOFT);
	page_stroke(l->page, x, y - 2, x + 2, y - 0.4, 0.6, INK_SOFT);
}

static void draw_line(struct layout *l, const struct frame *f, const struct look *k,
	const struct drawn *d, double y, struct elem *elem)
{
	struct para p = d->from.para;

	p.elem = elem;
	para_put(l, &p, &d->line, f->x + k->pad, y);
	if (d->line.hard)
		return;
	page_content(l->page, NULL);
	wrap_mark(l, f->x + f->w - k->pad + 0.5, y);
}

static void draw_fragment(struct layout *l, const struct frame *f, const struct look *k,
	const struct drawn *lines, size_t n, struct elem *elem)
{
	double height = (double)n * k->h + 2 * k->pad, top = layout_take(l, height), y = top + k->pad + k->baseline;

	if (k->ground) {
		page_content(l->page, NULL);
		page_fill_round(l->page, f->x, top, f->w, height, RADIUS, TINT_CODE);
	}
	layout_labels(l, y);
	for (size_t i = 0; i < n; i++, y += k->h)
		draw_line(l, f, k, &lines[i], y, elem);
}

static size_t lines_of_room(const struct layout *l, const struct look *k)
{
	double n = (layout_room(l) - 2 * k->pad) / k->h;

	return n < 1 ? 0 : n < FRAGMENT_MAX - 2 ? (size_t)n : FRAGMENT_MAX - 2;
}

/* How many of the n lines at hand go on this page; 0: none, they begin on the next one. `whole`: there are no more. */
static size_t share(struct layout *l, const struct look *k, size_t n, bool whole, bool first)
{
	size_t fit = lines_of_room(l, k);

	if (n <= fit)
		return n;
	if (!l->fresh && (fit < 3 || (first && whole && n <= CODE_WHOLE)))
		return 0;
	if (whole && n - fit == 1 && fit > 2)
		fit--;
	return max_of(fit, (size_t)1);
}

static void draw_all(struct layout *l, const struct frame *f, const struct look *k, struct source c,
	struct elem *elem)
{
	struct drawn *lines = arena_alloc(l->scratch, FRAGMENT_MAX * sizeof(*lines));
	struct arena_mark mark = arena_mark(l->scratch);
	bool first = true;

	while (!l->full) {
		size_t want = max_of(lines_of_room(l, k), (size_t)CODE_WHOLE) + 2, n = 0, now;

		while (n < want && next_line(l, &c, k, &lines[n]))
			n++;
		if (!n)
			break;
		now = share(l, k, n, n < want, first);
		if (now)
			draw_fragment(l, f, k, lines, now, elem);
		if (now < n) {
			c = lines[now].from;
			layout_break(l);
		}
		first = false;
		/* A line that goes on over the page keeps its text: to shape it again would cost its whole length. */
		if (!c.text)
			arena_release(l->scratch, mark);
	}
}

void code_draw(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark start = arena_mark(l->scratch);
	bool ground = b->kind == MD_CODE;
	struct look k = { .size = (float)(SIZE_CODE * f->size / SIZE_TEXT),
		.pad = ground ? PAD_CODE : 0,
		.ink = b->kind == MD_MATH ? INK_MATH : b->kind == MD_HTML ? INK_SOFT : INK,
		.ground = ground };
	struct source c = { .next = b->text, .end = b->text + b->len };

	k.h = k.size * LEADING_CODE;
	k.baseline = k.h * 0.74;
	k.width = f->w - 2 * k.pad - 5;
	layout_gap(l, GAP_BLOCK);
	draw_all(l, f, &k, c, doc_elem(l->doc, doc_elem(l->doc, f->parent, ROLE_P), ROLE_CODE));
	arena_release(l->scratch, start);
	layout_gap(l, GAP_BLOCK);
}
