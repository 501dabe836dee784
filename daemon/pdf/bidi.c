/* Embedding levels of a paragraph (UAX #9) by FriBidi; none where nothing runs from right to left. */
#include "daemon/pdf/text_parts.h"

static bool bidi_matters(uint32_t cp)
{
	return (cp >= 0x590 && cp <= 0x8FF) || cp == 0x200F || (cp >= 0x202A && cp <= 0x202E) ||
	       (cp >= 0x2066 && cp <= 0x2069) || (cp >= 0xFB1D && cp <= 0xFDFF) || (cp >= 0xFE70 && cp <= 0xFEFF) ||
	       (cp >= 0x10800 && cp <= 0x10FFF) || (cp >= 0x1E800 && cp <= 0x1EFFF);
}

static FriBidiParType base(enum text_direction direction)
{
	return direction == TEXT_AUTO ? FRIBIDI_PAR_ON : direction == TEXT_RTL ? FRIBIDI_PAR_RTL : FRIBIDI_PAR_LTR;
}

/*
 * Code reads from left to right wherever it stands: what has no direction of its own takes that of the code's letters, as
 * if the span were isolated. "/etc/passwd" in Hebrew text keeps its slash in front.
 */
static void settle_code(const struct text *t, FriBidiCharType *types)
{
	size_t i = 0, stop;

	for (const struct span *s = t->spans; s < t->spans + t->nspans; s++, i = stop) {
		bool letters = false;

		for (stop = i; stop < t->n && t->at[stop] < s->end; stop++)
			letters |= types[stop] == FRIBIDI_TYPE_LTR;
		for (; (s->style & STYLE_MONO) && letters && i < stop; i++)
			if (FRIBIDI_IS_NEUTRAL(types[i]) || FRIBIDI_IS_WEAK(types[i]))
				types[i] = types[i] == FRIBIDI_TYPE_BN || types[i] == FRIBIDI_TYPE_NSM ? types[i] : FRIBIDI_TYPE_LTR;
	}
}

/* A hard break is a space to the algorithm: the paragraph goes on in the next line. */
static void types_of(const struct text *t, FriBidiCharType *types, FriBidiBracketType *brackets)
{
	fribidi_get_bidi_types(t->cps, (FriBidiStrIndex)t->n, types);
	for (size_t i = 0; i < t->n; i++)
		if (types[i] == FRIBIDI_TYPE_BS)
			types[i] = FRIBIDI_TYPE_WS;
	settle_code(t, types);
	fribidi_get_bracket_types(t->cps, (FriBidiStrIndex)t->n, types, brackets);
}

void text_levels(struct text *t, enum text_direction direction)
{
	FriBidiParType par = base(direction);
	FriBidiCharType *types;
	FriBidiBracketType *brackets;
	struct arena_mark mark;
	bool matters = direction == TEXT_RTL;

	t->levels = arena_alloc(t->arena, t->n + 1);
	for (size_t i = 0; !matters && i < t->n; i++)
		matters = bidi_matters(t->cps[i]);
	t->rtl = direction == TEXT_RTL;
	if (!matters || !t->n)
		return;
	mark = arena_mark(t->arena);
	types = arena_alloc(t->arena, t->n * sizeof(*types));
	brackets = arena_alloc(t->arena, t->n * sizeof(*brackets));
	types_of(t, types, brackets);
	if (fribidi_get_par_embedding_levels_ex(types, brackets, (FriBidiStrIndex)t->n, &par, t->levels))
		t->rtl = FRIBIDI_IS_RTL(par);
	else
		for (size_t i = 0; i < t->n; i++)
			t->levels[i] = t->rtl;
	arena_release(t->arena, mark);
}
