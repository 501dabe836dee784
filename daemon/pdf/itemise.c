/* A paragraph as runs of one span, level, script and font; the font is chosen for each grapheme cluster. */
#include "daemon/pdf/text_parts.h"

struct state {
	size_t span;
	hb_script_t script;   /* that signs and digits take over */
	const struct font *font; /* that they stay with */
	uint8_t style;
};

static bool neutral(hb_script_t s)
{
	return s == HB_SCRIPT_COMMON || s == HB_SCRIPT_INHERITED || s == HB_SCRIPT_UNKNOWN;
}

static hb_script_t script_of(uint32_t cp)
{
	if (cp < 0x80)
		return (cp | 0x20) >= 'a' && (cp | 0x20) <= 'z' ? HB_SCRIPT_LATIN : HB_SCRIPT_COMMON;
	if ((cp >= 0x3000 && cp <= 0x303F) || (cp >= 0x30A0 && cp <= 0x30FF && (cp == 0x30FB || cp == 0x30FC)) ||
		(cp >= 0xFF00 && cp <= 0xFFEF) || (cp >= 0x3200 && cp <= 0x33FF))
		return HB_SCRIPT_HAN;
	return hb_unicode_script(hb_unicode_funcs_get_default(), cp);
}

static hb_script_t first_script(const struct text *t)
{
	for (size_t i = 0; i < t->n && i < 256; i++) {
		hb_script_t s = script_of(t->cps[i]);

		if (!neutral(s))
			return s;
	}
	return HB_SCRIPT_LATIN;
}

static bool sticks(const struct state *s, const uint32_t *cps, size_t n, uint8_t style)
{
	hb_codepoint_t gid;

	if (!s->font || s->font->color || s->style != style || n != 1)
		return false;
	if (hb_unicode_general_category(hb_unicode_funcs_get_default(), cps[0]) >= HB_UNICODE_GENERAL_CATEGORY_CURRENCY_SYMBOL &&
		hb_unicode_general_category(hb_unicode_funcs_get_default(), cps[0]) <= HB_UNICODE_GENERAL_CATEGORY_OTHER_SYMBOL)
		return false;
	return hb_font_get_nominal_glyph(s->font->font, cps[0], &gid);
}

/* What this font shows as a box; NULL: all of it. */
static void report_lost(struct text *t, size_t start, size_t end, const struct font *font)
{
	hb_codepoint_t gid;

	for (size_t i = start; t->report && i < end; i++)
		if (!font || !hb_font_get_nominal_glyph(font->font, t->drawn[i], &gid))
			report_missing(t->report, t->cps[i]);
}

static void add(struct text *t, struct run run)
{
	struct run *last = t->nruns ? &t->runs[t->nruns - 1] : NULL;

	/* A line's end stands by itself: the joiner that follows it must not make one cluster of the two. */
	if (last && !linebreak_is_hard(t->cps[run.start]) && !linebreak_is_hard(t->cps[last->start]) && last->font == run.font && last->span == run.span && last->script == run.script &&
		last->level == run.level && last->missing == run.missing && run.end - last->start <= RUN_MAX) {
		last->end = run.end;
		return;
	}
	t->runs = arena_grow(t->arena, t->runs, &t->cap_runs, t->nruns + 1, sizeof(*t->runs));
	t->runs[t->nruns++] = run;
}

static void add_cluster(struct text *t, struct state *s, size_t start, size_t end)
{
	const struct span *span = &t->spans[s->span];
	hb_script_t own = script_of(t->drawn[start]);
	struct run run = { .start = (uint32_t)start, .end = (uint32_t)end, .span = span, .level = t->levels[start] };
	size_t n = end - start;

	if (!neutral(own))
		s->script = own;
	run.script = s->script;
	if (neutral(own) && !(span->style & STYLE_MONO) && sticks(s, t->drawn + start, n, span->style))
		run.font = s->font;
	else
		run.font = fonts_pick(t->fonts, span->style, s->script, t->drawn + start, n < 64 ? n : 64);
	if (!run.font && n > 1) { /* marks that the font of the letter lacks: better boxes for them than for all */
		run.font = fonts_pick(t->fonts, span->style, s->script, t->drawn + start, 1);
		if (run.font)
			report_lost(t, start, end, run.font);
	}
	if (!run.font) {
		run.font = fonts_base(t->fonts, span->style);
		run.missing = true;
		report_lost(t, start, end, NULL);
	}
	if (!neutral(own) && !run.missing) { /* a font of signs must not catch the digits behind its sign */
		s->font = run.font;
		s->style = span->style;
	}
	add(t, run);
}

void text_itemise(struct text *t)
{
	struct state s = { .script = first_script(t) };

	for (size_t i = 0, end; i < t->n; i = end) {
		while (s.span + 1 < t->nspans && t->spans[s.span].end <= t->at[i])
			s.span++;
		for (end = i + 1; end < t->n && !(t->flags[end] & BREAK_CLUSTER);)
			end++;
		add_cluster(t, &s, i, end);
	}
}
