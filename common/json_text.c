/*
 * The inside of a JSON string: escapes decoded, UTF-16 halves joined, everything else cleaned, so
 * that what comes out is valid UTF-8 without NUL whatever a backend sent.
 */
#include "common/json.h"

#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"

static bool is_high(uint32_t unit)
{
	return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xDC00 && unit <= 0xDFFF;
}

static uint32_t join(uint32_t high, uint32_t low)
{
	return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * The escape at p, which stands on a backslash: its UTF-16 unit, and the bytes used. The reader has
 * let only whole escapes through; a slice from elsewhere gets U+FFFD for one that is not.
 */
static size_t decode_escape(const char *p, const char *end, uint32_t *unit)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name = end - p > 1 && p[1] ? strchr(names, p[1]) : NULL;

	*unit = 0xFFFD;
	if (name)
		*unit = (uint8_t)values[name - names];
	if (name || end - p < 6 || p[1] != 'u')
		return end - p > 1 ? 2 : 1;
	*unit = 0;
	for (int i = 2; i < 6; i++) {
		int v = hex_value(p[i]);

		if (v < 0) {
			*unit = 0xFFFD;
			return 2;
		}
		*unit = *unit << 4 | (uint32_t)v;
	}
	return 6;
}

static int add_unit(struct buf *out, uint32_t cp)
{
	char utf8[4];

	return buf_add(out, utf8, utf8_encode(cp ? cp : 0xFFFD, utf8));
}

/* A run without escapes. */
static int add_run(struct buf *out, const char *p, size_t n)
{
	struct utf8_clean clean = { 0 };
	int r;

	if (utf8_span(p, n) == n)
		return buf_add(out, p, n);
	r = utf8_clean_feed(&clean, p, n, out);
	return r < 0 ? r : utf8_clean_end(&clean, out);
}

/* The escape at *p, together with the half before it in *high. */
static int add_escape(struct buf *out, const char **p, const char *end, uint32_t *high)
{
	uint32_t unit, before = *high;
	int r = 0;

	*p += decode_escape(*p, end, &unit);
	*high = 0;
	if (before && is_low(unit))
		return add_unit(out, join(before, unit));
	if (before)
		r = add_unit(out, 0xFFFD);
	if (is_high(unit))
		*high = unit;
	else if (r == 0)
		r = add_unit(out, unit); /* a low half by itself comes out as U+FFFD */
	return r;
}

static int unescape(const struct json_slice *s, struct buf *out, uint32_t *high)
{
	const char *p = s->p, *end = s->p + s->n;
	int r = 0;

	while (p < end && r == 0) {
		const char *stop;

		if (*p == '\\') {
			r = add_escape(out, &p, end, high);
			continue;
		}
		stop = s->escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
		stop = stop ? stop : end;
		if (*high)
			r = add_unit(out, 0xFFFD);
		*high = 0;
		if (r == 0)
			r = add_run(out, p, (size_t)(stop - p));
		p = stop;
	}
	return r;
}

int json_unescape(const struct json_slice *s, struct buf *out, uint16_t *high)
{
	size_t len = out->len;
	uint32_t half = high ? *high : 0;
	int r = unescape(s, out, &half);

	if (r == 0 && half && !high)
		r = add_unit(out, 0xFFFD);
	if (r < 0)
		out->len = len;
	else if (high)
		*high = (uint16_t)half;
	return r;
}

char *json_strdup(const struct json_slice *s, size_t max)
{
	struct buf b;
	char *text = NULL;

	if (!max) /* a buf would take it for "no cap" */
		return s->n ? NULL : mem_try_dup("", 0);
	buf_init(&b, max);
	if (json_unescape(s, &b, NULL) == 0)
		text = buf_steal(&b, NULL);
	buf_fini(&b);
	return text;
}

/* The code point at *p, escapes and pairs decoded, as clean UTF-8; its length. */
static size_t next_decoded(const char **p, const char *end, char utf8[4])
{
	uint32_t cp, low;
	size_t n;
	int r;

	if (**p != '\\') {
		r = utf8_decode(*p, (size_t)(end - *p), &cp);
		*p += r < 0 ? -r : r;
		return utf8_encode(cp ? cp : 0xFFFD, utf8);
	}
	*p += decode_escape(*p, end, &cp);
	if (is_high(cp) && *p < end && **p == '\\') {
		n = decode_escape(*p, end, &low);
		if (is_low(low)) {
			cp = join(cp, low);
			*p += n;
		}
	}
	return utf8_encode(cp ? cp : 0xFFFD, utf8);
}

bool json_slice_is_decoded(const struct json_slice *s, const char *text)
{
	const char *p = s->p, *end = s->p + s->n;
	size_t left = strlen(text);

	while (p < end) {
		char utf8[4];
		size_t n = next_decoded(&p, end, utf8);

		if (n > left || memcmp(utf8, text, n) != 0)
			return false;
		text += n;
		left -= n;
	}
	return !left;
}
