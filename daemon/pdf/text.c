/* A paragraph from UTF-8 to clusters of glyphs: decode, levels, breaks, runs, shapes, in this order. */
#include "daemon/pdf/text_parts.h"

#include <utf8proc.h>

#include "common/attr.h"
#include "common/utf8.h"

static uint32_t drawn_as(uint32_t cp)
{
	if (cp == '\t' || linebreak_is_hard(cp))
		return ' ';
	return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) ? 0xFFFD : cp;
}

static void decode(struct text *t)
{
	t->cps = arena_alloc(t->arena, ((size_t)t->len + 1) * sizeof(*t->cps));
	t->drawn = arena_alloc(t->arena, ((size_t)t->len + 1) * sizeof(*t->drawn));
	t->at = arena_alloc(t->arena, ((size_t)t->len + 1) * sizeof(*t->at));
	for (uint32_t i = 0; i < t->len;) {
		uint32_t cp = (uint8_t)t->utf8[i];
		int r = cp < 0x80 ? 1 : utf8_decode(t->utf8 + i, t->len - i, &cp);

		t->at[t->n] = i;
		t->cps[t->n] = cp;
		t->drawn[t->n++] = drawn_as(cp);
		i += (uint32_t)(r < 0 ? -r : max_of(r, 1));
	}
	t->at[t->n] = t->len;
}

/* Grapheme clusters (UAX #29). Marks past the cap are drawn as CGJ: nothing, but with their share of the text. */
static void find_clusters(struct text *t)
{
	utf8proc_int32_t state = 0;
	unsigned marks = 0;

	t->flags = arena_alloc(t->arena, t->n + 1);
	for (size_t i = 0; i < t->n; i++) {
		bool plain = !i || (t->cps[i] < 0x80 && t->cps[i - 1] < 0x80);
		bool starts = plain || utf8proc_grapheme_break_stateful((utf8proc_int32_t)t->cps[i - 1],
					       (utf8proc_int32_t)t->cps[i], &state);

		if (plain)
			state = 0;
		if (starts) {
			t->flags[i] = BREAK_CLUSTER;
			marks = 0;
		} else if (++marks > MARKS_MAX) {
			t->drawn[i] = 0x34F;
		}
	}
}

struct text *text_new(struct arena *a, struct fonts *f, struct report *r, const char *utf8, size_t len,
	const struct span *spans, size_t nspans, enum text_direction direction)
{
	struct text *t = arena_alloc(a, sizeof(*t));
	struct span *plain;

	*t = (struct text){ .arena = a, .fonts = f, .report = r, .utf8 = utf8, .spans = spans, .nspans = nspans };
	t->len = (uint32_t)min_of(len, (size_t)1 << 28);
	if (!nspans) {
		plain = arena_alloc(a, sizeof(*plain));
		*plain = (struct span){ .end = t->len, .size = 10, .tint = TINT_NONE };
		t->spans = plain;
		t->nspans = 1;
	}
	decode(t);
	text_levels(t, direction);
	find_clusters(t);
	linebreak_find(t->cps, t->n, t->flags);
	text_itemise(t);
	text_shape(t);
	return t;
}

bool text_rtl(const struct text *t)
{
	return t->rtl;
}

double text_cell(struct fonts *f, double size)
{
	const struct font *base = fonts_base(f, STYLE_MONO);
	hb_codepoint_t gid = 0;

	hb_font_get_nominal_glyph(base->font, ' ', &gid);
	return hb_font_get_glyph_h_advance(base->font, gid) * size / 1000;
}
