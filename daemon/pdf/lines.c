/*
 * Clusters to lines: greedy, a weak break only where it fills the line well, a cut within a word when
 * nothing else fits; then the pieces of the line and where each of them stands (UAX #9, L1 and L2).
 */
#include "daemon/pdf/text_parts.h"

#include "common/attr.h"

#define FILLED 0.6 /* of the width: from here on a space is preferred to a weak break behind it */
#define SLACK 0.001

static double width_of(const struct text *t, const struct cluster *c)
{
	return c->advance * (double)t->runs[c->run].span->size / 1000;
}

static uint16_t hyphen_of(const struct font *f)
{
	hb_codepoint_t gid = 0;

	if (!hb_font_get_nominal_glyph(f->font, 0x2010, &gid))
		hb_font_get_nominal_glyph(f->font, '-', &gid);
	return (uint16_t)gid;
}

static double hyphen_width(const struct text *t, uint32_t i)
{
	const struct run *run = &t->runs[t->clusters[i].run];

	return hb_font_get_glyph_h_advance(run->font->font, hyphen_of(run->font)) * (double)run->span->size / 1000;
}

/* Where the line that starts with cluster i ends, and why. */
struct end {
	uint32_t at;
	bool hard, split;
};

/* A word is cut before cluster i, or up to three before it where that one may not start a line. */
static uint32_t cut(const struct text *t, uint32_t start, uint32_t i)
{
	uint32_t at = i;

	while (at > start + 1 && i - at < 4 && (!(t->clusters[at].flags & BREAK_CLUSTER) || (t->clusters[at].flags & BREAK_KINSOKU)))
		at--;
	return i - at < 4 && at > start ? at : i;
}

static struct end find_end(const struct text *t, uint32_t start, double width)
{
	double used = 0, solid = 0, ok_used = 0; /* with and without the spaces at the end */
	uint32_t ok = 0, weak = 0;

	for (uint32_t i = start; i < t->nclusters; i++) {
		const struct cluster *c = &t->clusters[i];
		unsigned property = c->flags & BREAK_PROPERTY;

		if (i > start && property == BREAK_HARD)
			return (struct end){ i, true, false };
		if (i > start && property && (!t->clusters[i - 1].shy || solid + hyphen_width(t, i - 1) <= width + SLACK)) {
			if (property == BREAK_OK) {
				ok = i;
				ok_used = solid;
			} else {
				weak = i;
			}
		}
		used += width_of(t, c);
		if (!c->space && c->nglyphs)
			solid = used;
		if (solid <= width + SLACK || i == start)
			continue;
		if (weak > ok && (!ok || ok_used < FILLED * width))
			ok = weak;
		return ok ? (struct end){ ok, false, false } : (struct end){ cut(t, start, i), false, true };
	}
	return (struct end){ (uint32_t)t->nclusters, true, false };
}

static uint32_t byte_of(const struct text *t, uint32_t cluster)
{
	return cluster < t->nclusters ? t->at[t->clusters[cluster].start] : t->len;
}

static uint32_t cluster_at(struct text *t, uint32_t at)
{
	size_t low = 0, high = t->nclusters;

	if (t->cursor <= t->nclusters && byte_of(t, t->cursor) == at)
		return t->cursor;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (byte_of(t, (uint32_t)mid) < at)
			low = mid + 1;
		else
			high = mid;
	}
	return (uint32_t)low;
}

/* Glyphs of clusters [from, to) of one run, as a piece; the spaces at a line's end lose their width. */
static struct piece piece_of(struct text *t, uint32_t from, uint32_t to, bool blank)
{
	const struct cluster *c = &t->clusters[from], *last = &t->clusters[to - 1];
	const struct run *run = &t->runs[c->run];
	size_t n = last->glyph + last->nglyphs - c->glyph;
	struct glyph *g = arena_alloc(t->arena, (n + 1) * sizeof(*g));
	struct piece p = { .font = run->font, .span = run->span, .glyphs = g, .n = n, .missing = run->missing, .rtl = run->level & 1 };
	size_t at = p.rtl ? n : 0;

	for (uint32_t i = from; i < to; i++) { /* clusters lie in reading order, glyphs from left to right */
		const struct cluster *k = &t->clusters[i];

		if (p.rtl)
			at -= k->nglyphs;
		for (unsigned j = 0; j < k->nglyphs; j++)
			g[at + j] = t->glyphs[k->glyph + j];
		if (!p.rtl)
			at += k->nglyphs;
		p.width += blank ? 0 : width_of(t, k);
	}
	for (size_t i = 0; blank && i < n; i++)
		g[i].advance = 0;
	return p;
}

static void draw_hyphen(struct piece *p)
{
	struct glyph *g = (struct glyph *)(uintptr_t)&p->glyphs[p->rtl ? 0 : p->n - 1];

	g->gid = hyphen_of(p->font);
	g->advance = hb_font_get_glyph_h_advance(p->font->font, g->gid);
	g->dx = g->dy = 0;
	p->width += g->advance * (double)p->span->size / 1000;
}

static void add_pieces(struct text *t, struct line *out, size_t *cap, int8_t **levels, uint32_t from, uint32_t to, bool blank)
{
	while (from < to) {
		const struct run *run = &t->runs[t->clusters[from].run];
		uint32_t end = min_of(run->last, to);
		size_t had = *cap;
		struct piece p = piece_of(t, from, end, blank);

		out->pieces = arena_grow(t->arena, out->pieces, cap, out->n + 1, sizeof(*out->pieces));
		*levels = arena_grow(t->arena, *levels, &had, *cap, 1);
		(*levels)[out->n] = blank ? (int8_t)t->rtl : run->level;
		if (p.n)
			out->pieces[out->n++] = p;
		from = end;
	}
}

/* L2: from the highest level to the lowest odd one, what stands together is turned round. */
static void place(struct text *t, struct line *out, const int8_t *levels)
{
	uint32_t *order = arena_alloc(t->arena, (out->n + 1) * sizeof(*order));
	int high = 0;

	for (size_t i = 0; i < out->n; i++) {
		order[i] = (uint32_t)i;
		high = max_of(high, levels[i]);
	}
	for (int level = high; level > 0; level--)
		for (size_t i = 0, end; i < out->n; i = end + 1) {
			for (end = i; end < out->n && levels[order[end]] >= level;)
				end++;
			for (size_t a = i, b = end; a + 1 < b; a++, b--) {
				uint32_t swap = order[a];

				order[a] = order[b - 1];
				order[b - 1] = swap;
			}
		}
	for (size_t i = 0; i < out->n; i++) {
		out->pieces[order[i]].x = out->width;
		out->width += out->pieces[order[i]].width;
	}
}

static void measure(struct text *t, struct line *out, uint32_t start)
{
	const struct span *span = t->nclusters ? t->runs[t->clusters[min_of(start, (uint32_t)t->nclusters - 1)].run].span : t->spans;
	const struct font *base = fonts_base(t->fonts, span->style);

	out->ascent = base->ascent * (double)span->size / 1000 + (double)span->rise;
	out->descent = base->descent * (double)span->size / 1000 - (double)span->rise;
	for (size_t i = 0; i < out->n; i++) {
		const struct piece *p = &out->pieces[i];

		out->ascent = max_of(out->ascent, p->font->ascent * (double)p->span->size / 1000 + (double)p->span->rise);
		out->descent = max_of(out->descent, p->font->descent * (double)p->span->size / 1000 - (double)p->span->rise);
	}
}

bool text_line(struct text *t, uint32_t *at, double width, struct line *out)
{
	uint32_t start = cluster_at(t, *at), solid;
	struct end end;
	size_t cap = 0;
	int8_t *levels = NULL;

	*out = (struct line){ .start = *at };
	if (start >= t->nclusters)
		return false;
	end = find_end(t, start, width);
	for (solid = end.at; solid > start && (t->clusters[solid - 1].space || !t->clusters[solid - 1].nglyphs);)
		solid--;
	add_pieces(t, out, &cap, &levels, start, solid, false);
	if (!end.hard && solid == end.at && t->clusters[solid - 1].shy && out->n)
		draw_hyphen(&out->pieces[out->n - 1]);
	add_pieces(t, out, &cap, &levels, solid, end.at, true);
	place(t, out, levels);
	measure(t, out, start);
	out->end = *at = byte_of(t, end.at);
	out->hard = end.hard;
	out->split = end.split;
	t->cursor = end.at;
	return true;
}

/* The widest stretch between breaks of at least this kind. */
static double widest(const struct text *t, enum linebreak least)
{
	double most = 0, used = 0;

	for (uint32_t i = 0; i < t->nclusters; i++) {
		const struct cluster *c = &t->clusters[i];

		if ((c->flags & BREAK_PROPERTY) >= least)
			used = 0;
		used += width_of(t, c);
		if (!c->space && used > most)
			most = used;
	}
	return most;
}

double text_widest_word(const struct text *t)
{
	return widest(t, BREAK_WEAK);
}

double text_natural_width(const struct text *t)
{
	return widest(t, BREAK_HARD);
}
