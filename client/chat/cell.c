/* Cells of a terminal. */
#include "client/chat/cell.h"

#include <utf8proc.h>

#include "common/attr.h"
#include "common/utf8.h"

#define FAR_BACK 512 /* bytes: no cluster worth showing whole is longer */

static size_t decode(const char *s, size_t n, uint32_t *cp)
{
	int used = utf8_decode(s, n, cp);

	return (size_t)(used < 0 ? -used : used);
}

static bool is_picture(uint32_t cp)
{
	return cp >= 0x1F000 && cp < 0x20000;
}

/* Controls are shown as one picture each. */
static unsigned columns_of(uint32_t cp)
{
	int width = utf8proc_charwidth((utf8proc_int32_t)cp);

	if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || utf8_is_control(cp) || cp == 0xAD)
		return 1;
	return width < 0 ? 1 : (unsigned)min_of(width, 2);
}

size_t cell_next(const char *s, size_t n, unsigned *columns)
{
	utf8proc_int32_t state = 0;
	uint32_t first, cp, next;
	size_t i;

	*columns = 0;
	if (!n)
		return 0;
	i = decode(s, n, &cp);
	first = cp;
	*columns = columns_of(cp);
	/* ASCII before ASCII, nearly always. */
	while (i < n && !((uint8_t)s[i] < 0x80 && cp < 0x80)) {
		size_t used = decode(s + i, n - i, &next);

		if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)cp, (utf8proc_int32_t)next, &state))
			break;
		/* Pictures are joined into one; letters of other scripts stand beside each other. */
		if (is_picture(first))
			*columns = 2;
		else
			*columns += columns_of(next);
		cp = next;
		i += used;
	}
	return i;
}

size_t cell_before(const char *s, size_t at)
{
	size_t i = at > FAR_BACK ? utf8_floor(s, at, at - FAR_BACK) : 0, start = i;
	unsigned columns;

	while (i < at) {
		start = i;
		i += cell_next(s + i, at - i, &columns);
	}
	return start;
}

unsigned cells_width(const char *s, size_t n)
{
	unsigned columns, sum = 0;

	for (size_t i = 0; i < n; sum += columns)
		i += cell_next(s + i, n - i, &columns);
	return sum;
}

bool cell_is_odd(const char *s, size_t n)
{
	unsigned wide = 0;
	uint32_t cp;

	for (size_t i = 0; i < n;) {
		i += decode(s + i, n - i, &cp);
		if (is_picture(cp) || cp == 0xFE0F || cp == 0x200D)
			return true;
		wide += columns_of(cp) > 0;
	}
	return wide > 1;
}

bool cell_is_word(const char *s, size_t n)
{
	uint32_t cp;

	if (!n)
		return false;
	(void)decode(s, n, &cp);
	switch (utf8proc_category((utf8proc_int32_t)cp)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
		return true;
	default:
		return cp == '_';
	}
}
