/* Script and folded form of a code point, from the tables of utf8proc and a few ranges. */
#include "daemon/library/fold.h"

#include <utf8proc.h>

#include "common/attr.h"

struct range {
	uint32_t from, to;
	enum script script;
};

/* Sorted. What is a letter and stands in none of these is SCRIPT_OTHER. */
static const struct range ranges[] = {
	{ 0x0041, 0x024f, SCRIPT_LATIN },
	{ 0x0250, 0x02af, SCRIPT_LATIN },
	{ 0x0370, 0x03ff, SCRIPT_GREEK },
	{ 0x0400, 0x052f, SCRIPT_CYRILLIC },
	{ 0x0530, 0x058f, SCRIPT_ARMENIAN },
	{ 0x0600, 0x06ff, SCRIPT_ARABIC },
	{ 0x0750, 0x077f, SCRIPT_ARABIC },
	{ 0x08a0, 0x08ff, SCRIPT_ARABIC },
	{ 0x0900, 0x097f, SCRIPT_DEVANAGARI },
	{ 0x0b80, 0x0bff, SCRIPT_TAMIL },
	{ 0x0e00, 0x0eff, SCRIPT_UNSPACED },
	{ 0x1000, 0x109f, SCRIPT_UNSPACED },
	{ 0x1100, 0x11ff, SCRIPT_CJK },
	{ 0x1780, 0x17ff, SCRIPT_UNSPACED },
	{ 0x1c80, 0x1c8f, SCRIPT_CYRILLIC },
	{ 0x1d00, 0x1dbf, SCRIPT_LATIN },
	{ 0x1e00, 0x1eff, SCRIPT_LATIN },
	{ 0x1f00, 0x1fff, SCRIPT_GREEK },
	{ 0x2070, 0x218f, SCRIPT_LATIN },
	{ 0x24b6, 0x24e9, SCRIPT_LATIN },
	{ 0x2c60, 0x2c7f, SCRIPT_LATIN },
	{ 0x2de0, 0x2dff, SCRIPT_CYRILLIC },
	{ 0x2e80, 0x2fdf, SCRIPT_CJK },
	{ 0x3005, 0x3007, SCRIPT_CJK },
	{ 0x3021, 0x3029, SCRIPT_CJK },
	{ 0x3031, 0x3035, SCRIPT_CJK },
	{ 0x3041, 0x318f, SCRIPT_CJK },
	{ 0x31a0, 0x31ff, SCRIPT_CJK },
	{ 0x3400, 0x4dbf, SCRIPT_CJK },
	{ 0x4e00, 0x9fff, SCRIPT_CJK },
	{ 0xa640, 0xa69f, SCRIPT_CYRILLIC },
	{ 0xa720, 0xa7ff, SCRIPT_LATIN },
	{ 0xa960, 0xa97f, SCRIPT_CJK },
	{ 0xab30, 0xab6f, SCRIPT_LATIN },
	{ 0xac00, 0xd7ff, SCRIPT_CJK },
	{ 0xf900, 0xfaff, SCRIPT_CJK },
	{ 0xfb00, 0xfb06, SCRIPT_LATIN },
	{ 0xfb13, 0xfb17, SCRIPT_ARMENIAN },
	{ 0xfb50, 0xfdff, SCRIPT_ARABIC },
	{ 0xfe70, 0xfefc, SCRIPT_ARABIC },
	{ 0xff21, 0xff5a, SCRIPT_LATIN },
	{ 0xff66, 0xffdc, SCRIPT_CJK },
	{ 0x1d400, 0x1d7ff, SCRIPT_LATIN },
	{ 0x1b000, 0x1b16f, SCRIPT_CJK },
	{ 0x20000, 0x323af, SCRIPT_CJK },
};

static enum script letter_script(uint32_t cp)
{
	size_t lo = 0, hi = array_len(ranges);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (cp > ranges[mid].to)
			lo = mid + 1;
		else if (cp < ranges[mid].from)
			hi = mid;
		else
			return ranges[mid].script;
	}
	return SCRIPT_OTHER;
}

/* Roman numerals are letters, raised and circled digits are digits; a fraction is read as its
 * digits. */
static enum script number_script(uint32_t cp)
{
	uint32_t out[FOLD_MAX];
	enum script s = letter_script(cp);

	if (s == SCRIPT_CJK)
		return s;
	if (!fold_char(cp, out) || out[0] >= 0x80)
		return SCRIPT_OTHER;
	if (out[0] >= '0' && out[0] <= '9')
		return SCRIPT_DIGIT;
	return out[0] >= 'a' && out[0] <= 'z' ? SCRIPT_LATIN : SCRIPT_NONE;
}

static enum script ascii_script(uint32_t cp)
{
	if ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z')
		return SCRIPT_LATIN;
	return cp >= '0' && cp <= '9' ? SCRIPT_DIGIT : SCRIPT_NONE;
}

enum script fold_script(uint32_t cp)
{
	if (cp < 0x80)
		return ascii_script(cp);
	switch (utf8proc_category((utf8proc_int32_t)cp)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
		return letter_script(cp);
	case UTF8PROC_CATEGORY_ND:
		return SCRIPT_DIGIT;
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
		return number_script(cp);
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return letter_script(cp) == SCRIPT_UNSPACED ? SCRIPT_UNSPACED : SCRIPT_JOINED;
	case UTF8PROC_CATEGORY_CF:
		return cp == 0xfeff || cp == 0x200b ? SCRIPT_NONE : SCRIPT_JOINED;
	default:
		return SCRIPT_NONE;
	}
}

bool fold_upper(uint32_t cp)
{
	if (cp < 0x80)
		return cp >= 'A' && cp <= 'Z';
	switch (utf8proc_category((utf8proc_int32_t)cp)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LT:
		return true;
	default:
		return false;
	}
}

bool fold_lower(uint32_t cp)
{
	if (cp < 0x80)
		return cp >= 'a' && cp <= 'z';
	return utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_LL;
}

/* Letters of Latin that Unicode does not take apart, as people without that key type them. */
static const char *plain_latin(uint32_t cp)
{
	switch (cp) {
	case 0x00e6: /* ae */
		return "ae";
	case 0x00f0: /* eth */
	case 0x0111: /* d with stroke */
		return "d";
	case 0x00f8: /* o with stroke */
		return "o";
	case 0x00fe: /* thorn */
		return "th";
	case 0x0127: /* h with stroke */
		return "h";
	case 0x0131: /* dotless i */
		return "i";
	case 0x0142: /* l with stroke */
		return "l";
	case 0x0153: /* oe */
		return "oe";
	default:
		return NULL;
	}
}

/* Decimal digits come in runs of ten, zero first; nothing else of that category lies right before a
 * run. */
static uint32_t digit_value(uint32_t cp)
{
	uint32_t zero = cp;

	while (utf8proc_category((utf8proc_int32_t)zero - 1) == UTF8PROC_CATEGORY_ND)
		zero--;
	return (cp - zero) % 10;
}

bool fold_drops(uint32_t mark)
{
	return (mark >= 0x0300 && mark <= 0x036f) || /* accents */
	       (mark >= 0x0591 && mark <= 0x05c7) || /* Hebrew points */
	       (mark >= 0x064b && mark <= 0x065f) || /* Arabic vowels and hamza */
	       (mark >= 0x0610 && mark <= 0x061a) || (mark >= 0x06d6 && mark <= 0x06ed) ||
	       mark == 0x0670 || mark == 0x0640 || /* dagger alif, tatweel */
	       (mark >= 0x1ab0 && mark <= 0x1aff) || (mark >= 0x1dc0 && mark <= 0x1dff) ||
	       (mark >= 0x20d0 && mark <= 0x20ff) || (mark >= 0xfe00 && mark <= 0xfe0f) ||
	       mark == 0x3099 || mark == 0x309a;
}

uint32_t fold_compose(uint32_t base, uint32_t mark)
{
	bool wide = base >= 0x30a0;
	uint32_t kana = wide ? base - 0x60 : base;

	if (mark == 0x0306 && base == 0x0438)
		return 0x0439;
	if (base >= 0x1100 && base <= 0x1112 && mark >= 0x1161 && mark <= 0x1175)
		return 0xac00 + ((base - 0x1100) * 21 + (mark - 0x1161)) * 28;
	if (base >= 0xac00 && base <= 0xd7a3 && (base - 0xac00) % 28 == 0 && mark > 0x11a7 &&
		mark <= 0x11c2)
		return base + (mark - 0x11a7);
	if (mark == 0x309a)
		return kana >= 0x306f && kana <= 0x307b && (kana - 0x306f) % 3 == 0 ? base + 2 : 0;
	if (mark != 0x3099)
		return 0;
	if (kana == 0x3046)
		return wide ? 0x30f4 : 0x3094;
	/* ka to chi stand at odd places, tsu to to at even ones, the h row at every third */
	if ((kana >= 0x304b && kana <= 0x3061 && kana % 2 == 1) ||
		(kana >= 0x3064 && kana <= 0x3068 && kana % 2 == 0) ||
		(kana >= 0x306f && kana <= 0x307b && (kana - 0x306f) % 3 == 0))
		return base + 1;
	return 0;
}

/* Put one decomposed code point behind the others. */
static size_t fold_add(uint32_t out[FOLD_MAX], size_t n, uint32_t cp)
{
	const char *plain = plain_latin(cp);
	uint32_t composed = n ? fold_compose(out[n - 1], cp) : 0;

	if (composed) {
		out[n - 1] = composed;
		return n;
	}
	if (cp == 0x0451) /* Russian yo is written ye as often as not */
		cp = 0x0435;
	if (!plain) {
		if (n < FOLD_MAX && !(n && fold_drops(cp)))
			out[n++] = cp;
		return n;
	}
	for (; *plain && n < FOLD_MAX; plain++)
		out[n++] = (uint32_t)*plain;
	return n;
}

size_t fold_char(uint32_t cp, uint32_t out[FOLD_MAX])
{
	utf8proc_int32_t parts[32];
	utf8proc_ssize_t got;
	size_t n = 0;
	int boundary = 0;

	if (cp < 0x80) {
		out[0] = cp >= 'A' && cp <= 'Z' ? cp | 0x20 : cp;
		return 1;
	}
	/* Han and Hangul have nothing to fold, and taking a syllable apart would undo the bigrams.
	 */
	if ((cp >= 0x3400 && cp <= 0x9fff) || (cp >= 0xac00 && cp <= 0xd7a3)) {
		out[0] = cp;
		return 1;
	}
	if (utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_ND) {
		out[0] = '0' + digit_value(cp);
		return 1;
	}
	got = utf8proc_decompose_char((utf8proc_int32_t)cp, parts,
		(utf8proc_ssize_t)array_len(parts),
		UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
		&boundary);
	if (got < 0 || got > (utf8proc_ssize_t)array_len(parts)) {
		out[0] = cp;
		return 1;
	}
	for (utf8proc_ssize_t i = 0; i < got; i++)
		n = fold_add(out, n, (uint32_t)parts[i]);
	return n;
}
