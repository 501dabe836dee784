/*
 * UTF-8: one function knows the grammar (RFC 3629 section 4), everything else asks it. Runs of
 * ASCII, which is most of every text, are taken eight bytes at a time.
 */
#include "common/utf8.h"

#include <string.h>

#define REPLACEMENT UINT32_C(0xFFFD)
#define REPLACEMENT_UTF8 "\xEF\xBF\xBD"
#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* The second byte is where overlong forms, surrogates and what is past U+10FFFF are told apart. */
static bool second_fits(uint8_t lead, uint8_t c)
{
	switch (lead) {
	case 0xE0:
		return c >= 0xA0 && c <= 0xBF;
	case 0xED:
		return c >= 0x80 && c <= 0x9F;
	case 0xF0:
		return c >= 0x90 && c <= 0xBF;
	case 0xF4:
		return c >= 0x80 && c <= 0x8F;
	default:
		return c >= 0x80 && c <= 0xBF;
	}
}

static size_t length_of(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xC2 || lead > 0xF4)
		return 0;
	return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/*
 * The sequence at s, n >= 1: its length when whole; minus the length of the maximal subpart when it
 * cannot become valid any more; 0 when all n bytes are the beginning of one.
 */
static int sequence(const uint8_t *s, size_t n)
{
	size_t want = length_of(s[0]);

	if (want < 2)
		return want ? 1 : -1;
	for (size_t i = 1; i < want; i++) {
		if (i == n)
			return 0;
		if (i == 1 ? !second_fits(s[0], s[1]) : (s[i] & 0xC0) != 0x80)
			return -(int)i;
	}
	return (int)want;
}

/* Eight bytes, all of them ASCII; with no_nul also none of them 0. */
static bool ascii8(const uint8_t *s, bool no_nul)
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	if (w & EACH_BYTE(0x80))
		return false;
	return !no_nul || !((w - EACH_BYTE(0x01)) & EACH_BYTE(0x80));
}

static size_t span(const uint8_t *s, size_t n, bool no_nul)
{
	size_t i = 0;

	while (i < n) {
		int r;

		if (n - i >= 8 && ascii8(s + i, no_nul)) {
			i += 8;
			continue;
		}
		if (no_nul && !s[i])
			break;
		r = sequence(s + i, n - i);
		if (r <= 0)
			break;
		i += (size_t)r;
	}
	return i;
}

bool utf8_valid(const char *s, size_t n)
{
	return span((const uint8_t *)s, n, false) == n;
}

bool utf8_valid_no_nul(const char *s, size_t n)
{
	return utf8_span(s, n) == n;
}

size_t utf8_span(const char *s, size_t n)
{
	return span((const uint8_t *)s, n, true);
}

size_t utf8_floor(const char *s, size_t n, size_t at)
{
	if (at >= n)
		return n;
	while (at > 0 && ((uint8_t)s[at] & 0xC0) == 0x80)
		at--;
	return at;
}

int utf8_decode(const char *s, size_t n, uint32_t *cp)
{
	const uint8_t *b = (const uint8_t *)s;
	int r;

	if (!n)
		return 0;
	r = sequence(b, n);
	if (r == 1)
		*cp = b[0];
	else if (r == 2)
		*cp = (b[0] & 0x1Fu) << 6 | (b[1] & 0x3Fu);
	else if (r == 3)
		*cp = (b[0] & 0x0Fu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu);
	else if (r == 4)
		*cp = (b[0] & 0x07u) << 18 | (b[1] & 0x3Fu) << 12 | (b[2] & 0x3Fu) << 6 |
		      (b[3] & 0x3Fu);
	else
		*cp = REPLACEMENT;
	return r ? r : -(int)n; /* cut off: n is at most 3 */
}

size_t utf8_encode(uint32_t cp, char out[4])
{
	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		cp = REPLACEMENT;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xC0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xE0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		out[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	out[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}

size_t utf8_count(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((uint8_t)s[i] & 0xC0) != 0x80;
	return count;
}

bool utf8_is_control(uint32_t cp)
{
	if (cp < 0xA0)
		return cp < 0x20 || cp >= 0x7F;
	return cp == 0x061C || cp == 0x200E || cp == 0x200F || (cp >= 0x2028 && cp <= 0x202E) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF;
}

static int add_replacement(struct buf *out)
{
	return buf_add(out, REPLACEMENT_UTF8, sizeof(REPLACEMENT_UTF8) - 1);
}

/* Ends or drops what is held, with as many bytes of s as belong to it; *used says how many. */
static int feed_held(
	struct utf8_clean *c, const uint8_t *s, size_t n, size_t *used, struct buf *out)
{
	int r = 0;

	*used = 0;
	while (c->nheld && *used < n && r == 0) {
		int k;

		c->held[c->nheld] = s[*used];
		k = sequence(c->held, c->nheld + 1u);
		if (k < 0) {
			/* The new byte does not belong to it: it is looked at afresh. */
			c->nheld = 0;
			return add_replacement(out);
		}
		++*used;
		c->nheld++;
		if (k > 0) {
			r = buf_add(out, c->held, (size_t)k);
			c->nheld = 0;
		}
	}
	return r;
}

int utf8_clean_feed(struct utf8_clean *c, const char *piece, size_t n, struct buf *out)
{
	const uint8_t *s = (const uint8_t *)piece;
	size_t i;
	int r = feed_held(c, s, n, &i, out);

	while (r == 0 && i < n) {
		size_t good = span(s + i, n - i, true);
		int bad;

		r = buf_add(out, s + i, good);
		i += good;
		if (r < 0 || i == n)
			break;
		bad = s[i] ? sequence(s + i, n - i) : -1;
		if (bad == 0) {
			c->nheld = (uint8_t)(n - i);
			memcpy(c->held, s + i, n - i);
			break;
		}
		r = add_replacement(out);
		i += (size_t)-bad;
	}
	return r;
}

int utf8_clean_end(struct utf8_clean *c, struct buf *out)
{
	bool held = c->nheld > 0;

	c->nheld = 0;
	return held ? add_replacement(out) : 0;
}
