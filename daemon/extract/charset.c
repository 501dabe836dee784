/* Which encoding, and the way out of it. */
#include "daemon/extract/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>
#include <uchardet/uchardet.h>

#include "common/attr.h"
#include "common/utf8.h"

#define GUESS_BYTES ((size_t)256 << 10) /* a guess is not better for more */
#define FEW_ZEROES 50  /* one of so many bytes may be one in a text */
#define NEARLY 200     /* one of so many bytes may be wrong in what a document declares */
#define FEW_LETTERS 48 /* of so many a guess is better than what is declared */

/* ---- which one ---- */

static const char *by_mark(const uint8_t *p, size_t n, size_t *skip)
{
	static const struct {
		const char *mark;
		size_t n;
		const char *name;
	} marks[] = {
		{ "\xff\xfe\0\0", 4, "UTF-32LE" },
		{ "\0\0\xfe\xff", 4, "UTF-32BE" },
		{ "\xff\xfe", 2, "UTF-16LE" },
		{ "\xfe\xff", 2, "UTF-16BE" },
		{ "\xef\xbb\xbf", 3, "UTF-8" },
	};

	for (size_t i = 0; i < array_len(marks); i++)
		if (n >= marks[i].n && !memcmp(p, marks[i].mark, marks[i].n)) {
			*skip = marks[i].n;
			return marks[i].name;
		}
	return NULL;
}

/* A log has a few after a crash, and is no less a text for them. */
static size_t zeroes_of(const uint8_t *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += !p[i];
	return count;
}

static int without_zeroes(const uint8_t *p, size_t n, struct buf *out)
{
	size_t from = out->len;
	int r = 0;

	for (const uint8_t *end = p + n, *at; r == 0 && p < end; p = at + (at < end)) {
		at = memchr(p, '\0', (size_t)(end - p));
		at = at ? at : end;
		r = buf_add(out, p, (size_t)(at - p));
	}
	if (r == 0 && !utf8_valid((const char *)out->data + from, out->len - from)) {
		out->len = from;
		r = CHARSET_E_BINARY;
	}
	return r;
}

/* ---- the others ---- */

/* Encodings of seven bits, which look like ASCII: by the escapes in which they say what follows. */
static const char *by_escapes(const uint8_t *p, size_t n)
{
	static const char *const marks[][2] = { { "\033$)C", "ISO-2022-KR" }, { "\033$B", "ISO-2022-JP" },
		{ "\033$@", "ISO-2022-JP" } };

	for (size_t i = 0; i < array_len(marks); i++)
		if (memmem(p, n, marks[i][0], strlen(marks[i][0])))
			return marks[i][1];
	return NULL;
}

/* ISO 8859 has no letters at 80 to 9f; where there are some, it is what Windows made of it. */
static const char *with_letters(const char *name, const uint8_t *p, size_t n)
{
	static const char *const both[][2] = { { "ISO-8859-2", "WINDOWS-1250" }, { "ISO-8859-7", "WINDOWS-1253" },
		{ "ISO-8859-8", "WINDOWS-1255" }, { "ISO-8859-13", "WINDOWS-1257" } };
	size_t count = 0;

	for (size_t i = 0; i < min_of(n, GUESS_BYTES); i++)
		count += p[i] >= 0x80 && p[i] < 0xa0;
	for (size_t i = 0; count && i < array_len(both); i++)
		if (!strcmp(name, both[i][0]))
			return both[i][1];
	return name;
}

static const char *by_guess(const uint8_t *p, size_t n)
{
	uchardet_t u = uchardet_new();
	const char *name = NULL;

	if (u && uchardet_handle_data(u, (const char *)p, min_of(n, GUESS_BYTES)) == 0) {
		uchardet_data_end(u);
		name = charset_iconv(uchardet_get_charset(u));
	}
	if (u)
		uchardet_delete(u);
	return name ? with_letters(name, p, n) : "WINDOWS-1252";
}

/* ---- the way ---- */

/* Some encodings hold a letter back until they know that no accent follows. */
static int convert_rest(iconv_t c, struct buf *out)
{
	char piece[64], *to = piece;
	size_t room = sizeof(piece);

	(void)iconv(c, NULL, NULL, &to, &room);
	return buf_add(out, piece, sizeof(piece) - room);
}

static int convert(iconv_t c, const uint8_t *p, size_t n, struct buf *out, size_t *bad)
{
	char *in = (char *)p;
	int r = 0;

	while (n && r == 0) {
		char piece[8192], *to = piece;
		size_t room = sizeof(piece), done = iconv(c, &in, &n, &to, &room);

		r = buf_add(out, piece, sizeof(piece) - room);
		if (done != (size_t)-1 || errno == E2BIG)
			continue;
		in++; /* not of this encoding, or cut off */
		n--;
		++*bad;
		if (r == 0)
			r = buf_add(out, "\xef\xbf\xbd", 3);
	}
	return r ? r : convert_rest(c, out);
}

static size_t controls(const struct buf *b, size_t from)
{
	size_t count = 0;

	for (size_t i = from; i < b->len; i++)
		count += b->data[i] < ' ' && (!b->data[i] || !strchr("\t\n\r\f\v\033", b->data[i]));
	return count;
}

static int convert_from(const char *name, const uint8_t *p, size_t n, struct buf *out, size_t *bad)
{
	iconv_t c = iconv_open("UTF-8", name);
	int r;

	if (c == (iconv_t)-1)
		return CHARSET_E_BINARY;
	r = convert(c, p, n, out, bad);
	iconv_close(c);
	return r;
}

static int decode_as(const char *name, const uint8_t *p, size_t n, struct buf *out)
{
	size_t from = out->len, bad = 0;
	int r = convert_from(name, p, n, out, &bad);

	if (r == 0 && bad + controls(out, from) > n / 20)
		r = CHARSET_E_BINARY;
	return r;
}

/* False: more of it is wrong than that, and nothing came of it. */
static bool decode_within(const char *name, const uint8_t *p, size_t n, size_t most_bad, struct buf *out)
{
	size_t from = out->len, bad = 0;

	if (convert_from(name, p, n, out, &bad) == 0 && bad <= most_bad)
		return true;
	out->len = from;
	return false;
}

/* ---- what a document says of itself ---- */

/* Letters beyond ASCII, marks between < and > aside; 0 where they are as few as Latin alphabets have. */
static size_t high_letters(const uint8_t *p, size_t n)
{
	size_t high = 0, letters = 0, look = min_of(n, GUESS_BYTES);
	bool tag = false;

	for (size_t i = 0; i < look; i++) {
		tag = p[i] == '<' || (tag && p[i] != '>');
		if (tag)
			continue;
		high += p[i] >= 0x80;
		letters += (p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z';
	}
	return high > (high + letters) / 6 ? high : 0;
}

static bool is_latin(const char *name)
{
	return !strcmp(name, "WINDOWS-1252") || !strcmp(name, "ISO-8859-15") || !strcmp(name, "MACINTOSH");
}

static bool is_wide(const char *name)
{
	static const char *const names[] = { "GB18030", "BIG5-HKSCS", "EUC-TW", "EUC-JP", "CP932", "UHC", "JOHAB" };

	for (size_t i = 0; i < array_len(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/*
 * Any text fits an encoding of one byte a letter, and servers and editors declare Latin 1 for
 * everything. One of many letters beyond ASCII is taken for what it looks like.
 */
static bool is_believed(const char *declared, const char *guess, const uint8_t *p, size_t n)
{
	return is_latin(guess) || high_letters(p, n) < (is_latin(declared) ? 8 : FEW_LETTERS);
}

static int decode_legacy(const char *declared, const uint8_t *p, size_t n, struct buf *out)
{
	const char *name = charset_iconv(declared), *guess;

	if (name && is_wide(name) && decode_within(name, p, n, n / NEARLY, out))
		return 0;
	guess = by_guess(p, n);
	if (name && !is_wide(name) && is_believed(name, guess, p, n))
		return decode_as(name, p, n, out);
	return decode_within(guess, p, n, 0, out) ? 0 : decode_as(name ? name : guess, p, n, out);
}

/* Of seven bits, so that they look like ASCII. */
static const char *seven_bits(const char *declared, const uint8_t *p, size_t n)
{
	const char *name = charset_iconv(declared);

	return name && !strcmp(name, "UTF-7") ? name : by_escapes(p, n);
}

int charset_decode(const uint8_t *p, size_t n, const char *declared, struct buf *out)
{
	size_t skip = 0;
	const char *name = by_mark(p, n, &skip), *seven;

	if (!n)
		return 0;
	p += skip;
	n -= skip;
	seven = name ? NULL : seven_bits(declared, p, n);
	if (seven && decode_within(seven, p, n, 0, out))
		return 0;
	if ((!name || !strcmp(name, "UTF-8")) && utf8_valid_no_nul((const char *)p, n))
		return buf_add(out, p, n);
	if (name && !strcmp(name, "UTF-8"))
		return buf_add(out, p, n); /* it says so: what is wrong in it is marked later */
	if (!name && memchr(p, '\0', n)) {
		size_t zeroes = zeroes_of(p, n);

		name = charset_by_width(p, n);
		if (!name)
			return zeroes <= n / FEW_ZEROES ? without_zeroes(p, n, out) : CHARSET_E_BINARY;
	}
	return name ? decode_as(name, p, n, out) : decode_legacy(declared, p, n, out);
}
