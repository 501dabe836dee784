/* Which way text reads: by its first strong character (UAX #9, P2 and P3), else as what it stands in. */
#include <fribidi.h>

#include "common/utf8.h"
#include "daemon/pdf/layout.h"

static bool is_latin(uint32_t cp)
{
	return (cp | 0x20) >= 'a' && (cp | 0x20) <= 'z';
}

/* 0: left to right, 1: right to left, -1: no strong character outside of isolates. */
static int direction_of(const char *s, size_t len)
{
	size_t isolates = 0;
	uint32_t cp;

	for (size_t i = 0; i < len;) {
		int n = utf8_decode(s + i, len - i, &cp);
		FriBidiCharType t;

		i += (size_t)(n < 0 ? -n : n);
		if (cp < 0x80 && !is_latin(cp))
			continue;
		t = fribidi_get_bidi_type(cp);
		if (t == FRIBIDI_TYPE_PDI)
			isolates -= isolates > 0;
		else if (FRIBIDI_IS_ISOLATE(t))
			isolates++;
		else if (!isolates && FRIBIDI_IS_LETTER(t))
			return FRIBIDI_IS_RTL(t) ? 1 : 0;
	}
	return -1;
}

bool is_rtl(const char *s, size_t n, bool otherwise)
{
	int d = direction_of(s, n);

	return d < 0 ? otherwise : d > 0;
}

static int direction_within(const struct md_block *b)
{
	int d = -1;

	for (; b && d < 0; b = b->next) {
		if (b->len && b->kind != MD_CODE && b->kind != MD_MATH && b->kind != MD_HTML)
			d = direction_of(b->text, b->len);
		if (d < 0)
			d = direction_within(b->first);
	}
	return d;
}

bool blocks_rtl(const struct md_block *first, bool otherwise)
{
	int d = direction_within(first);

	return d < 0 ? otherwise : d > 0;
}
