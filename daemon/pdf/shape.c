/* Runs to glyphs by HarfBuzz, and the glyphs' shares of the text; on the monospaced grid where asked. */
#include "daemon/pdf/text_parts.h"

#include <utf8proc.h>

#include "common/attr.h"

#define MARKS_TOGETHER 8 /* copied with their letter; more stay by themselves */

static bool cursive(hb_script_t s)
{
	switch ((int)s) {
	case HB_SCRIPT_ARABIC:
	case HB_SCRIPT_SYRIAC:
	case HB_SCRIPT_MONGOLIAN:
	case HB_SCRIPT_NKO:
	case HB_SCRIPT_MANDAIC:
	case HB_SCRIPT_DEVANAGARI:
	case HB_SCRIPT_BENGALI:
	case HB_SCRIPT_GURMUKHI:
		return true;
	default:
		return false;
	}
}

static int cells_of(const struct text *t, uint32_t start, uint32_t end)
{
	int cells = 0;

	for (uint32_t i = start; i < end; i++)
		if (t->flags[i] & BREAK_CLUSTER)
			cells += t->cps[i] == '\t' ? TAB_CELLS : utf8proc_charwidth((utf8proc_int32_t)t->drawn[i]);
	return cells;
}

/* The cluster takes its cells; what it lacks is put around it. */
static void to_grid(struct text *t, const struct run *run, struct cluster *c, uint32_t end, int cell)
{
	struct glyph *g = &t->glyphs[c->glyph];
	int want = cells_of(t, c->start, end) * cell, more;

	if (cursive(run->script) || !c->nglyphs || !cell)
		return;
	if (!want && c->advance)
		want = (c->advance + cell - 1) / cell * cell;
	more = want - c->advance;
	if (!more)
		return;
	if (!run->font->mono)
		for (unsigned i = 0; i < c->nglyphs; i++)
			g[i].dx = (int16_t)(g[i].dx + more / 2);
	g[c->nglyphs - 1].advance += more;
	c->advance = want;
}

static uint32_t bytes_between(const struct text *t, uint32_t start, uint32_t end)
{
	return t->at[end] - t->at[start];
}

/* How many code points the glyph at k of n takes when `left` of them are to be given out. */
static uint32_t share_of(const struct glyph *g, uint32_t left, uint32_t glyphs, uint32_t marks)
{
	if (glyphs == 1)
		return left;
	if (left >= glyphs && marks && g->advance)
		return min_of(left, 1 + marks);
	return min_of(left, (uint32_t)1);
}

static struct glyph *in_reading_order(struct text *t, const struct cluster *c, uint32_t k, bool rtl)
{
	return &t->glyphs[c->glyph + (rtl ? c->nglyphs - 1 - k : k)];
}

/* Glyphs behind k that have no width: an extractor would take a raised one for a line of its own. */
static uint32_t marks_behind(struct text *t, const struct cluster *c, uint32_t k, bool rtl)
{
	uint32_t n = 0;

	while (n < MARKS_TOGETHER && k + 1 + n < c->nglyphs && !in_reading_order(t, c, k + 1 + n, rtl)->advance)
		n++;
	return n;
}

/*
 * One code point to each glyph in reading order, the last takes the rest; a letter has those of its marks, they
 * are without. Where glyphs are more, those without a width go without text first: a bare gap on the
 * page is read as a space.
 */
static void share_text(struct text *t, const struct cluster *c, uint32_t end, bool rtl)
{
	uint32_t at = c->start, without = 0;
	uint32_t spare = c->nglyphs > end - at ? c->nglyphs - (end - at) : 0;

	for (uint32_t k = 0; k < c->nglyphs; k++) {
		struct glyph *g = in_reading_order(t, c, k, rtl);
		uint32_t take = 0;

		if (without) {
			without--;
		} else if (spare && !g->advance) {
			spare--;
		} else {
			uint32_t marks = marks_behind(t, c, k, rtl);

			take = share_of(g, end - at, c->nglyphs - k, marks);
			without = take > 1 && k + 1 < c->nglyphs ? marks : 0;
			if (k + without + 1 == c->nglyphs)
				take = end - at;
		}
		g->text_at = t->at[at];
		g->text_len = (uint16_t)min_of(bytes_between(t, at, at + take), (uint32_t)UINT16_MAX);
		at += take;
	}
}

static uint16_t gid_of(const struct font *f, uint32_t cp)
{
	hb_codepoint_t gid = 0;

	hb_font_get_nominal_glyph(f->font, cp, &gid);
	return (uint16_t)gid;
}

static void add_glyph(struct text *t, struct glyph g)
{
	t->glyphs = arena_grow(t->arena, t->glyphs, &t->cap_glyphs, t->nglyphs + 1, sizeof(*t->glyphs));
	t->glyphs[t->nglyphs++] = g;
}

static struct glyph glyph_of(const hb_glyph_info_t *info, const hb_glyph_position_t *p)
{
	return (struct glyph){ .gid = (uint16_t)info->codepoint,
		.dx = (int16_t)max_of(min_of(p->x_offset, INT16_MAX), INT16_MIN),
		.dy = (int16_t)max_of(min_of(p->y_offset, INT16_MAX), INT16_MIN), .advance = p->x_advance };
}

/* Code points [start, end) are glyphs [from, to) of the buffer. */
static void add_cluster(struct text *t, uint32_t start, uint32_t end, const hb_glyph_info_t *info,
	const hb_glyph_position_t *pos, unsigned from, unsigned to, int cell)
{
	const struct run *run = &t->runs[t->nruns];
	struct cluster c = { .start = start, .glyph = (uint32_t)t->nglyphs, .run = (uint32_t)t->nruns };

	for (unsigned i = from; i < to; i++) {
		add_glyph(t, glyph_of(&info[i], &pos[i]));
		c.advance += pos[i].x_advance;
	}
	if (from == to)
		add_glyph(t, (struct glyph){ .gid = gid_of(run->font, ' ') });
	c.nglyphs = (uint32_t)t->nglyphs - c.glyph;
	c.flags = t->flags[start];
	c.space = t->cps[start] == ' ' || t->cps[start] == '\t' || t->cps[start] == 0x1680 ||
		  (t->cps[start] >= 0x2000 && t->cps[start] <= 0x200B && t->cps[start] != 0x2007) || t->cps[start] == 0x3000;
	c.shy = end == start + 1 && t->cps[start] == 0xAD;
	if (t->cps[start] == '\t' && !cell && end == start + 1) {
		c.advance *= TAB_CELLS;
		t->glyphs[c.glyph].advance = c.advance;
	}
	share_text(t, &c, end, run->level & 1);
	if (cell)
		to_grid(t, run, &c, end, cell);
	t->clusters = arena_grow(t->arena, t->clusters, &t->cap_clusters, t->nclusters + 1, sizeof(*t->clusters));
	t->clusters[t->nclusters++] = c;
}

static int cell_of(struct text *t, const struct run *run)
{
	const struct font *base;

	if (!(run->span->style & STYLE_MONO))
		return 0;
	base = fonts_base(t->fonts, run->span->style);
	return hb_font_get_glyph_h_advance(base->font, gid_of(base, ' '));
}

/* The buffer's glyphs, from the first of the text to the last: from its right end when that is where it starts. */
static void take_clusters(struct text *t, const struct run *run, hb_buffer_t *b)
{
	unsigned n, i = 0;
	const hb_glyph_info_t *info = hb_buffer_get_glyph_infos(b, &n);
	const hb_glyph_position_t *pos = hb_buffer_get_glyph_positions(b, NULL);
	bool rtl = run->level & 1;
	int cell = cell_of(t, run);
	uint32_t start = run->start;

	while (start < run->end) {
		unsigned from = i;
		uint32_t end = run->end;

		if (i < n) {
			uint32_t id = info[rtl ? n - 1 - i : i].cluster;

			while (i < n && info[rtl ? n - 1 - i : i].cluster == id)
				i++;
			if (i < n)
				end = max_of(info[rtl ? n - 1 - i : i].cluster, start + 1);
		}
		end = min_of(end, run->end);
		add_cluster(t, start, end, info, pos, rtl ? n - i : from, rtl ? n - from : i, cell);
		start = end;
	}
}

static void shape_run(struct text *t, const struct run *run, hb_buffer_t *b)
{
	static const hb_feature_t plain[] = { { HB_TAG('l', 'i', 'g', 'a'), 0, 0, UINT_MAX },
		{ HB_TAG('c', 'l', 'i', 'g'), 0, 0, UINT_MAX }, { HB_TAG('c', 'a', 'l', 't'), 0, 0, UINT_MAX } };
	bool mono = (run->span->style & STYLE_MONO) && run->font->mono;

	hb_buffer_clear_contents(b);
	hb_buffer_add_utf32(b, t->drawn, (int)t->n, run->start, (int)(run->end - run->start));
	hb_buffer_set_direction(b, run->level & 1 ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
	hb_buffer_set_script(b, run->script);
	hb_buffer_set_language(b, fonts_shaping_language(t->fonts));
	hb_shape(run->font->font, b, plain, mono ? array_len(plain) : 0);
}

/* What no font has: one box for each code point that a reader would see. */
static void shape_missing(struct text *t, const struct run *run)
{
	int cell = cell_of(t, run);
	hb_glyph_info_t info = { 0 };
	hb_glyph_position_t pos = { .x_advance = hb_font_get_glyph_h_advance(run->font->font, 0) };

	for (uint32_t i = run->start; i < run->end; i++)
		add_cluster(t, i, i + 1, &info, &pos, 0, 1, cell);
}

/* The end of a line has no glyph. */
static void add_line_end(struct text *t, uint32_t start)
{
	struct cluster c = { .start = start, .glyph = (uint32_t)t->nglyphs, .run = (uint32_t)t->nruns, .flags = t->flags[start] };

	t->clusters = arena_grow(t->arena, t->clusters, &t->cap_clusters, t->nclusters + 1, sizeof(*t->clusters));
	t->clusters[t->nclusters++] = c;
}

void text_shape(struct text *t)
{
	hb_buffer_t *b = hb_buffer_create();
	size_t n = t->nruns;

	hb_buffer_set_cluster_level(b, HB_BUFFER_CLUSTER_LEVEL_MONOTONE_GRAPHEMES);
	for (t->nruns = 0; t->nruns < n; t->nruns++) {
		struct run *run = &t->runs[t->nruns];

		run->first = (uint32_t)t->nclusters;
		if (linebreak_is_hard(t->cps[run->start])) {
			add_line_end(t, run->start);
		} else if (run->missing) {
			shape_missing(t, run);
		} else {
			shape_run(t, run, b);
			take_clusters(t, run, b);
		}
		run->last = (uint32_t)t->nclusters;
	}
	hb_buffer_destroy(b);
}
