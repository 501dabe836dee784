/* UTF-16 and UTF-32 without a mark. */
#include <stdbool.h>
#include <string.h>

#include "common/attr.h"
#include "daemon/extract/charset.h"

#define LOOK_BYTES ((size_t)4096)

/* Of UTF-32 a quarter of the bytes is 0, at the same place, and what stands beside it is a plane. */
static const char *by_planes(const uint8_t *p, size_t n)
{
	size_t look = min_of(n, LOOK_BYTES), le = 0, be = 0;

	for (size_t i = 0; n % 4 == 0 && i < look; i += 4) {
		le += !p[i + 3] && p[i + 2] <= 0x10;
		be += !p[i] && p[i + 1] <= 0x10;
	}
	if (look < 8 || n % 4)
		return NULL;
	return le == look / 4 ? "UTF-32LE" : be == look / 4 ? "UTF-32BE" : NULL;
}

/* Letters of the usual scripts, which among any two bytes are every second pair. */
static bool is_common(unsigned unit)
{
	return unit == '\t' || unit == '\n' || unit == '\r' || (unit >= ' ' && unit < 0x7f) || (unit >= 0xa0 && unit < 0x700) ||
	       (unit >= 0x900 && unit < 0xe80) || (unit >= 0x2010 && unit < 0x2030) || (unit >= 0x3000 && unit < 0x3100) ||
	       (unit >= 0x4e00 && unit < 0xa000) || (unit >= 0xac00 && unit < 0xd7a4) || (unit >= 0xff00 && unit < 0xfff0);
}

/* UTF-16 of scripts that have no zeroes: in one order nearly all is letters, in the other it is not. */
static const char *by_letters(const uint8_t *p, size_t n)
{
	size_t look = min_of(n, LOOK_BYTES) / 2, le = 0, be = 0;

	for (size_t i = 0; i < look; i++) {
		le += is_common((unsigned)(p[2 * i + 1] << 8 | p[2 * i]));
		be += is_common((unsigned)(p[2 * i] << 8 | p[2 * i + 1]));
	}
	if (n % 2 || look < 16 || max_of(le, be) < look - look / 20 || min_of(le, be) > look - look / 8)
		return NULL;
	return le > be ? "UTF-16LE" : "UTF-16BE";
}

/* UTF-16 without a mark: of the letters, spaces and line ends in any language every second byte is 0. */
static const char *by_zeroes(const uint8_t *p, size_t n)
{
	size_t zeroes[2] = { 0, 0 }, look = min_of(n, LOOK_BYTES) & ~(size_t)1;

	for (size_t i = 0; i < look; i++)
		zeroes[i & 1] += p[i] == 0;
	if (look < 2 || n % 2)
		return NULL;
	if (zeroes[1] > look / 16 && !zeroes[0])
		return "UTF-16LE";
	return zeroes[0] > look / 16 && !zeroes[1] ? "UTF-16BE" : NULL;
}

/* ASCII with a few zeroes in it is none of these, though pairs of its letters look like Chinese ones. */
static bool is_ascii_beside_zeroes(const uint8_t *p, size_t n)
{
	size_t zeroes = 0, look = min_of(n, LOOK_BYTES);

	for (size_t i = 0; i < look; i++) {
		if (p[i] >= 0x7f || (p[i] && p[i] < ' ' && !memchr("\t\n\r\f\033", p[i], 5)))
			return false;
		zeroes += !p[i];
	}
	return zeroes < look / 5;
}

const char *charset_by_width(const uint8_t *p, size_t n)
{
	const char *name;

	if (is_ascii_beside_zeroes(p, n))
		return NULL;
	name = by_planes(p, n);
	if (!name)
		name = by_zeroes(p, n);
	return name ? name : by_letters(p, n);
}
