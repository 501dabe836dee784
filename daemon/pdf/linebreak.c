/* Line breaks by class pairs (UAX #14), then addresses, then scripts without spaces. */
#include "daemon/pdf/linebreak.h"

#include <hb.h>

#include "common/attr.h"

enum class {
	LB_AL, LB_SP, LB_ZW, LB_BK, LB_OP, LB_CL, LB_CP, LB_EX, LB_IS, LB_SY, LB_QU, LB_NS, LB_GL, LB_WJ,
	LB_BA, LB_HY, LB_BB, LB_B2, LB_PR, LB_PO, LB_NU, LB_IN, LB_SA, LB_HL, LB_ID, LB_RI, LB_CM,
};

#include "daemon/pdf/linebreak_table.def"

#define URL_CLUSTERS 24 /* a word this long may break at its punctuation */

static enum class from_table(uint32_t cp)
{
	size_t low = 0, high = array_len(linebreak_table);

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (cp > linebreak_table[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < array_len(linebreak_table) && cp >= linebreak_table[low].first)
		return (enum class)linebreak_table[low].class;
	return LB_AL;
}

static bool ideographic(uint32_t cp)
{
	return (cp >= 0x1100 && cp <= 0x11FF) || (cp >= 0x2E80 && cp <= 0x33FF) ||
	       (cp >= 0x3400 && cp <= 0x4DBF) || (cp >= 0x4E00 && cp <= 0x9FFF) ||
	       (cp >= 0xA000 && cp <= 0xA4CF) || (cp >= 0xA960 && cp <= 0xA97F) ||
	       (cp >= 0xAC00 && cp <= 0xD7FF) || (cp >= 0xF900 && cp <= 0xFAFF) ||
	       (cp >= 0xFE30 && cp <= 0xFE4F) || (cp >= 0xFF00 && cp <= 0xFFE6) ||
	       (cp >= 0x17000 && cp <= 0x18CFF) || (cp >= 0x1B000 && cp <= 0x1B2FF) ||
	       (cp >= 0x1F000 && cp <= 0x1F0FF) || (cp >= 0x1F300 && cp <= 0x1F64F) ||
	       (cp >= 0x1F680 && cp <= 0x1F6FF) || (cp >= 0x1F900 && cp <= 0x1FAFF) ||
	       (cp >= 0x20000 && cp <= 0x3FFFD);
}

static enum class by_category(uint32_t cp)
{
	switch (hb_unicode_general_category(hb_unicode_funcs_get_default(), cp)) {
	case HB_UNICODE_GENERAL_CATEGORY_OPEN_PUNCTUATION:
		return LB_OP;
	case HB_UNICODE_GENERAL_CATEGORY_CLOSE_PUNCTUATION:
		return LB_CL;
	case HB_UNICODE_GENERAL_CATEGORY_INITIAL_PUNCTUATION:
	case HB_UNICODE_GENERAL_CATEGORY_FINAL_PUNCTUATION:
		return LB_QU;
	case HB_UNICODE_GENERAL_CATEGORY_DECIMAL_NUMBER:
		return LB_NU;
	case HB_UNICODE_GENERAL_CATEGORY_CURRENCY_SYMBOL:
		return LB_PR;
	case HB_UNICODE_GENERAL_CATEGORY_NON_SPACING_MARK:
	case HB_UNICODE_GENERAL_CATEGORY_SPACING_MARK:
	case HB_UNICODE_GENERAL_CATEGORY_ENCLOSING_MARK:
		return LB_CM;
	default:
		return ideographic(cp) ? LB_ID : LB_AL;
	}
}

static enum class class_of(uint32_t cp)
{
	enum class class;

	if ((cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z'))
		return LB_AL;
	if (cp == ' ')
		return LB_SP;
	if (linebreak_is_hard(cp))
		return LB_BK;
	if (cp == 0x200B)
		return LB_ZW;
	if (cp == 0x200D)
		return LB_CM;
	if (cp >= 0x1F1E6 && cp <= 0x1F1FF)
		return LB_RI;
	class = from_table(cp);
	return class == LB_AL ? by_category(cp) : class;
}

bool linebreak_is_hard(uint32_t cp)
{
	return cp == '\n' || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

static bool closes(enum class c)
{
	return c == LB_CL || c == LB_CP || c == LB_EX || c == LB_IS || c == LB_SY;
}

static bool letter(enum class c)
{
	return c == LB_AL || c == LB_HL || c == LB_SA || c == LB_CM;
}

/* Numbers with their signs, points and units stay whole (LB23 to LB25, LB30). */
static bool number_pair(enum class a, enum class b)
{
	if (a == LB_NU)
		return b == LB_NU || letter(b) || b == LB_PO || b == LB_PR || b == LB_OP;
	if (b == LB_NU)
		return letter(a) || a == LB_PR || a == LB_PO || a == LB_HY || a == LB_IS || a == LB_SY || a == LB_CP;
	if (a == LB_PR || a == LB_PO)
		return letter(b) || b == LB_OP || (a == LB_PR && b == LB_ID);
	return (letter(a) && (b == LB_PR || b == LB_PO)) || (a == LB_ID && b == LB_PO) ||
	       ((a == LB_CL || a == LB_CP) && (b == LB_PO || b == LB_PR));
}

/* a and b are neighbours without a space between: may a line end between them? */
static bool breaks(enum class a, enum class b)
{
	if (b == LB_WJ || a == LB_WJ || a == LB_GL || closes(b) || b == LB_ZW || a == LB_OP)
		return false;
	if (b == LB_GL)
		return a == LB_BA || a == LB_HY;
	if (a == LB_QU || b == LB_QU || b == LB_BA || b == LB_HY || b == LB_NS || b == LB_IN || a == LB_BB)
		return false;
	if (b == LB_CM || (a == LB_B2 && b == LB_B2) || (a == LB_SY && b == LB_HL) || number_pair(a, b))
		return false;
	if ((letter(a) || a == LB_IS) && letter(b))
		return false;
	if ((letter(a) || a == LB_NU) && b == LB_OP)
		return false;
	return !(a == LB_CP && (letter(b) || b == LB_NU));
}

/* With spaces between, only these still hold together (LB11, LB13, LB14, LB16, LB17). */
static bool breaks_over_space(enum class a, enum class b)
{
	return !(b == LB_WJ || closes(b) || a == LB_OP || (a == LB_B2 && b == LB_B2) ||
		 ((a == LB_CL || a == LB_CP) && b == LB_NS));
}

/* Vowels written before their consonant stay with it, and what follows one stays behind it. */
static bool thai_holds(uint32_t a, uint32_t b)
{
	if ((a >= 0xE40 && a <= 0xE44) || (a >= 0xEC0 && a <= 0xEC4) || a == 0x17D2 || a == 0x1039)
		return true;
	return b == 0xE2F || b == 0xE30 || b == 0xE32 || b == 0xE33 || b == 0xE45 || b == 0xE46 ||
	       b == 0xEAF || b == 0xEB0 || b == 0xEB2 || b == 0xEB3 || b == 0xEBD || b == 0xEC6 ||
	       b == 0x17D4 || b == 0x17D5 || b == 0x17D6 || b == 0x17D7 || b == 0x104A || b == 0x104B;
}

/* The consonant that closes a Myanmar syllable carries an asat: it belongs to the one before. */
static bool asat_follows(const uint32_t *cps, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n && k < i + 4; k++)
		if (cps[k] == 0x103A || cps[k] == 0x1039)
			return true;
		else if (cps[k] != 0x1037)
			return false;
	return false;
}

static bool in_thai_block(uint32_t cp)
{
	return (cp >= 0xE00 && cp <= 0xEFF) || (cp >= 0x1000 && cp <= 0x109F) || (cp >= 0x1780 && cp <= 0x17FF) ||
	       (cp >= 0x1950 && cp <= 0x19DF) || (cp >= 0x1A20 && cp <= 0x1AAF) || (cp >= 0xAA60 && cp <= 0xAADF);
}

/* Between a slash and a word, before a point: where a reader expects an address to go on. */
static bool url_breaks(uint32_t before, uint32_t a, uint32_t b)
{
	if (before == ':' && a == '/')
		return false;
	if (a == '/' || a == '\\')
		return b != '/' && b != '\\';
	if (a == '?' || a == '&' || a == '=' || a == '#' || a == ';' || a == ',' || a == '+' || a == '-' || a == '@')
		return b != a && b != '/' && b != '.';
	return (b == '.' || b == '_' || b == '%' || b == '~') && a != b && a != '.';
}

static bool has_scheme(const uint32_t *cps, size_t start, size_t end)
{
	for (size_t i = start; i + 2 < end; i++)
		if (cps[i] == ':' && cps[i + 1] == '/' && cps[i + 2] == '/')
			return true;
	return false;
}

static void loosen_word(const uint32_t *cps, size_t start, size_t end, uint8_t *flags)
{
	if (end - start < URL_CLUSTERS && !has_scheme(cps, start, end))
		return;
	for (size_t i = start + 1; i < end; i++) {
		if (!(flags[i] & BREAK_CLUSTER) || cps[i] > 0x7E || cps[i - 1] > 0x7E)
			continue;
		flags[i] &= ~BREAK_PROPERTY;
		if (i + 1 < end && i > start + 1 && url_breaks(cps[i - 2], cps[i - 1], cps[i]))
			flags[i] |= BREAK_WEAK;
	}
}

/* Words of ASCII only by their look; anything else keeps what the classes said. */
static void loosen(const uint32_t *cps, size_t n, uint8_t *flags)
{
	size_t start = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && cps[i] > ' ' && cps[i] < 0x7F)
			continue;
		loosen_word(cps, start, i, flags);
		start = i + 1;
	}
}

static enum linebreak between(const uint32_t *cps, size_t n, size_t i, size_t last, enum class a, enum class b, bool spaces)
{
	if (a == LB_BK)
		return BREAK_HARD;
	if (b == LB_BK || b == LB_SP)
		return BREAK_NO;
	if (a == LB_ZW)
		return BREAK_OK;
	if (spaces)
		return breaks_over_space(a, b) ? BREAK_OK : BREAK_NO;
	if ((a == LB_SA || in_thai_block(cps[last])) && b == LB_SA)
		return thai_holds(cps[last], cps[i]) || asat_follows(cps, n, i) ? BREAK_NO : BREAK_WEAK;
	return breaks(a, b) ? BREAK_OK : BREAK_NO;
}

void linebreak_find(const uint32_t *cps, size_t n, uint8_t *flags)
{
	enum class a = LB_WJ; /* no break before the first */
	size_t last = 0;
	bool spaces = false;

	for (size_t i = 0; i < n; i++) {
		enum class b;

		if (!(flags[i] & BREAK_CLUSTER)) {
			if (thai_holds(cps[i], 0))
				last = i;
			continue;
		}
		b = class_of(cps[i]);
		if (i)
			flags[i] |= between(cps, n, i, last, a, b, spaces);
		if (closes(b) || b == LB_NS)
			flags[i] |= BREAK_KINSOKU;
		spaces = b == LB_SP;
		if (!spaces)
			a = b == LB_CM ? LB_AL : b; /* a mark without a letter is one (LB10) */
		else if (a == LB_BK || a == LB_ZW)
			a = LB_AL;
		last = i;
	}
	loosen(cps, n, flags);
}
