/* Code: monospaced on a tinted ground, wrapped with a mark that is no text, a piece of it on each page. */
#include <string.h>

#include "common/utf8.h"
#include "daemon/pdf/layout.h"

#define TAB 8
#define FRAGMENT_MAX 200 /* lines of one piece of ground */
#define WINDOW 16384     /* bytes of a source line that are shaped at once: the rest begins where they wrapped last */

struct source { /* lines of the block, cut where they wrap */
	const char *line, *next, *end; /* the source line under way, the one after it */
	size_t off;                    /* bytes of the line, tabs expanded, that are drawn */
	struct text *text;             /* of what follows, or NULL: the line is used up */
	bool cut;                      /* the text ends before the line does */
	struct para para;
	uint32_t at;
};

struct drawn {
	struct para para;
	struct line line;
};

/* Tabs stand at the next multiple of eight; columns are counted by code points, as the grid does for most. */
static size_t expand(struct arena *a, const char *s, size_t n, const char **out)
{
	size_t tabs = 0, at = 0, column = 0;
	char *to;

	for (size_t i = 0; i < n; i++)
		tabs += s[i] == '\t';
	*out = s;
	if (!tabs)
		return n;
	to = arena_alloc(a, n + tabs * TAB + 1);
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\t') {
			column += ((uint8_t)s[i] & 0xC0) != 0x80;
			to[at++] = s[i];
			continue;
		}
		do
			to[at++] = ' ';
		while (++column % TAB);
	}
	*out = to;
	return at;
}

/* The text of the source line from c->off on; after a page break it is made anew. */
static void make_line(struct layout *l, struct source *c, float size)
{
	const char *stop = memchr(c->line, '\n', (size_t)(c->end - c->line)), *s;
	size_t n, rest;

	stop = stop ? stop : c->end;
	rest = expand(l->scratch, c->line, (size_t)(stop - c->line), &s) - c->off;
	n = rest > WINDOW ? utf8_floor(s + c->off, rest, WINDOW) : rest;
	c->cut = n < rest;
	/* An empty line has the height of a space. */
	c->para = n ? para_plain(l, s + c->off, n, STYLE_MONO, INK, size) : para_plain(l, " ", 1, STYLE_MONO, INK, size);
	c->text = para_text(l, &c->para, TEXT_LTR);
	c->next = stop + 1;
	c->at = 0;
}

/* Goes on behind `drawn` more bytes of the line. */
static void move_on(struct layout *l, struct source *c, float size, size_t drawn)
{
	c->off += drawn;
	make_line(l, c, size);
}

static bool next_line(struct layout *l, struct source *c, float size, double width, struct drawn *out)
{
	for (;;) {
		if (!c->text) {
			if (c->next >= c->end)
				return false;
			c->line = c->next;
			c->off = 0;
			make_line(l, c, size);
		}
		if (!text_line(c->text, &c->at, width, &out->line)) {
			c->text = NULL;
			continue;
		}
		out->para = c->para;
		if (!c->cut || !out->line.hard)
			return true;
		/* The end of what was shaped is not the end of the line: this piece of it is not full yet. */
		out->line.hard = false;
		move_on(l, c, size, out->line.start ? out->line.start : c->at);
		if (!out->line.start)
			return true;
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

static void draw_fragment(struct layout *l, const struct frame *f, const struct drawn *lines, size_t n, double h, struct elem *elem)
{
	double top = layout_take(l, (double)n * h + 2 * PAD_CODE), y = top + PAD_CODE;

	page_content(l->page, NULL);
	page_fill_round(l->page, f->x, top, f->w, (double)n * h + 2 * PAD_CODE, RADIUS, TINT_CODE);
	layout_labels(l, y + h * 0.74);
	for (size_t i = 0; i < n; i++, y += h) {
		struct para p = lines[i].para;

		p.elem = elem;
		para_put(l, &p, &lines[i].line, f->x + PAD_CODE, y + h * 0.74);
		if (!lines[i].line.hard) {
			page_content(l->page, NULL);
			wrap_mark(l, f->x + f->w - PAD_CODE + 0.5, y + h * 0.74);
		}
	}
}

void code_draw(struct layout *l, const struct frame *f, const struct md_block *b)
{
	struct arena_mark start = arena_mark(l->scratch);
	struct drawn *lines = arena_alloc(l->scratch, FRAGMENT_MAX * sizeof(*lines));
	struct source c = { .next = b->text, .end = b->text + b->len };
	float size = (float)SIZE_CODE * f->size / (float)SIZE_TEXT;
	double h = size * LEADING_CODE, width = f->w - 2 * PAD_CODE - 4;
	struct elem *elem = doc_elem(l->doc, doc_elem(l->doc, f->parent, ROLE_P), ROLE_CODE);

	layout_gap(l, GAP_BLOCK);
	while ((c.text || c.next < c.end) && !l->full) {
		struct arena_mark fragment = arena_mark(l->scratch);
		double room;
		size_t n = 0, fit;

		if (c.text)
			move_on(l, &c, size, c.at);
		(void)layout_need(l, 2 * PAD_CODE + 3 * h);
		room = layout_room(l) - 2 * PAD_CODE;
		fit = room < h ? 1 : room / h < FRAGMENT_MAX ? (size_t)(room / h) : FRAGMENT_MAX;
		while (n < fit && next_line(l, &c, size, width, &lines[n]))
			n++;
		if (n && !l->full)
			draw_fragment(l, f, lines, n, h, elem);
		if (c.text && c.at >= c.para.n && !c.cut)
			c.text = NULL;
		arena_release(l->scratch, fragment);
	}
	arena_release(l->scratch, start);
	layout_gap(l, GAP_BLOCK);
}
