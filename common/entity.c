/* Character references of HTML (HTML 4.01, section 24). */
#include "common/entity.h"

#include <string.h>

#include "common/attr.h"

/* U+00A0 to U+00FF, in order. */
static const char latin[] =
		"nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute "
		"micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig "
		"Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times "
		"Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave "
		"eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave "
		"uacute ucirc uuml yacute thorn yuml ";

static const struct {
	uint16_t cp;
	char name[9];
} others[] = {
	{ 0x22, "quot" }, { 0x26, "amp" }, { 0x27, "apos" }, { 0x3C, "lt" }, { 0x3E, "gt" }, { 0x152, "OElig" },
	{ 0x153, "oelig" }, { 0x160, "Scaron" }, { 0x161, "scaron" }, { 0x178, "Yuml" }, { 0x192, "fnof" },
	{ 0x2C6, "circ" }, { 0x2DC, "tilde" }, { 0x391, "Alpha" }, { 0x392, "Beta" }, { 0x393, "Gamma" },
	{ 0x394, "Delta" }, { 0x395, "Epsilon" }, { 0x396, "Zeta" }, { 0x397, "Eta" }, { 0x398, "Theta" },
	{ 0x399, "Iota" }, { 0x39A, "Kappa" }, { 0x39B, "Lambda" }, { 0x39C, "Mu" }, { 0x39D, "Nu" }, { 0x39E, "Xi" },
	{ 0x39F, "Omicron" }, { 0x3A0, "Pi" }, { 0x3A1, "Rho" }, { 0x3A3, "Sigma" }, { 0x3A4, "Tau" }, { 0x3A5, "Upsilon" },
	{ 0x3A6, "Phi" }, { 0x3A7, "Chi" }, { 0x3A8, "Psi" }, { 0x3A9, "Omega" }, { 0x3B1, "alpha" }, { 0x3B2, "beta" },
	{ 0x3B3, "gamma" }, { 0x3B4, "delta" }, { 0x3B5, "epsilon" }, { 0x3B6, "zeta" }, { 0x3B7, "eta" },
	{ 0x3B8, "theta" }, { 0x3B9, "iota" }, { 0x3BA, "kappa" }, { 0x3BB, "lambda" }, { 0x3BC, "mu" }, { 0x3BD, "nu" },
	{ 0x3BE, "xi" }, { 0x3BF, "omicron" }, { 0x3C0, "pi" }, { 0x3C1, "rho" }, { 0x3C2, "sigmaf" }, { 0x3C3, "sigma" },
	{ 0x3C4, "tau" }, { 0x3C5, "upsilon" }, { 0x3C6, "phi" }, { 0x3C7, "chi" }, { 0x3C8, "psi" }, { 0x3C9, "omega" },
	{ 0x3D1, "thetasym" }, { 0x3D2, "upsih" }, { 0x3D6, "piv" }, { 0x2002, "ensp" }, { 0x2003, "emsp" },
	{ 0x2009, "thinsp" }, { 0x200C, "zwnj" }, { 0x200D, "zwj" }, { 0x200E, "lrm" }, { 0x200F, "rlm" },
	{ 0x2013, "ndash" }, { 0x2014, "mdash" }, { 0x2018, "lsquo" }, { 0x2019, "rsquo" }, { 0x201A, "sbquo" },
	{ 0x201C, "ldquo" }, { 0x201D, "rdquo" }, { 0x201E, "bdquo" }, { 0x2020, "dagger" }, { 0x2021, "Dagger" },
	{ 0x2022, "bull" }, { 0x2026, "hellip" }, { 0x2030, "permil" }, { 0x2032, "prime" }, { 0x2033, "Prime" },
	{ 0x2039, "lsaquo" }, { 0x203A, "rsaquo" }, { 0x203E, "oline" }, { 0x2044, "frasl" }, { 0x20AC, "euro" },
	{ 0x2111, "image" }, { 0x2118, "weierp" }, { 0x211C, "real" }, { 0x2122, "trade" }, { 0x2135, "alefsym" },
	{ 0x2190, "larr" }, { 0x2191, "uarr" }, { 0x2192, "rarr" }, { 0x2193, "darr" }, { 0x2194, "harr" },
	{ 0x21B5, "crarr" }, { 0x21D0, "lArr" }, { 0x21D1, "uArr" }, { 0x21D2, "rArr" }, { 0x21D3, "dArr" },
	{ 0x21D4, "hArr" }, { 0x2200, "forall" }, { 0x2202, "part" }, { 0x2203, "exist" }, { 0x2205, "empty" },
	{ 0x2207, "nabla" }, { 0x2208, "isin" }, { 0x2209, "notin" }, { 0x220B, "ni" }, { 0x220F, "prod" },
	{ 0x2211, "sum" }, { 0x2212, "minus" }, { 0x2217, "lowast" }, { 0x221A, "radic" }, { 0x221D, "prop" },
	{ 0x221E, "infin" }, { 0x2220, "ang" }, { 0x2227, "and" }, { 0x2228, "or" }, { 0x2229, "cap" }, { 0x222A, "cup" },
	{ 0x222B, "int" }, { 0x2234, "there4" }, { 0x223C, "sim" }, { 0x2245, "cong" }, { 0x2248, "asymp" },
	{ 0x2260, "ne" }, { 0x2261, "equiv" }, { 0x2264, "le" }, { 0x2265, "ge" }, { 0x2282, "sub" }, { 0x2283, "sup" },
	{ 0x2284, "nsub" }, { 0x2286, "sube" }, { 0x2287, "supe" }, { 0x2295, "oplus" }, { 0x2297, "otimes" },
	{ 0x22A5, "perp" }, { 0x22C5, "sdot" }, { 0x2308, "lceil" }, { 0x2309, "rceil" }, { 0x230A, "lfloor" },
	{ 0x230B, "rfloor" }, { 0x2329, "lang" }, { 0x232A, "rang" }, { 0x25CA, "loz" }, { 0x2660, "spades" },
	{ 0x2663, "clubs" }, { 0x2665, "hearts" }, { 0x2666, "diams" },
};

static uint32_t latin_named(const char *s, size_t n)
{
	uint32_t cp = 0xA0;

	for (const char *p = latin; *p; cp++) {
		size_t len = strcspn(p, " ");

		if (len == n && !memcmp(p, s, n))
			return cp;
		p += len + 1;
	}
	return 0;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static uint32_t number(const char *s, size_t n)
{
	int base = n && (s[0] | 0x20) == 'x' ? 16 : 10;
	uint32_t cp = 0;
	size_t i = base == 16;

	if (i == n)
		return 0;
	for (; i < n; i++) {
		if (digit_of(s[i]) >= base)
			return 0;
		cp = cp * (uint32_t)base + (uint32_t)digit_of(s[i]);
		if (cp > 0x10FFFF)
			return 0;
	}
	return cp;
}

uint32_t entity_decode(const char *s, size_t n)
{
	if (n && s[0] == '#')
		return number(s + 1, n - 1);
	for (size_t i = 0; i < array_len(others); i++)
		if (strlen(others[i].name) == n && !memcmp(others[i].name, s, n))
			return others[i].cp;
	return latin_named(s, n);
}
