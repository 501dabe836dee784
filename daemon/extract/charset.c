/* Which encoding, and the way out of it. */
#include "daemon/extract/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>
#include <uchardet/uchardet.h>

#include "common/attr.h"
#include "common/str.h"
#include "common/utf8.h"

#define GUESS_BYTES ((size_t)256 << 10) /* a guess is not better for more */

/*
 * A name as documents give it, and iconv's for what browsers take it to mean: Latin 1 is what
 * Windows made of it, GB 2312 what China made of it.
 */
static const struct charset {
	const char *name, *iconv;
} charsets[] = {
	{ "iso-8859-1", "WINDOWS-1252" },
	{ "latin1", "WINDOWS-1252" },
	{ "us-ascii", "WINDOWS-1252" },
	{ "ascii", "WINDOWS-1252" },
	{ "windows-1252", "WINDOWS-1252" },
	{ "cp1252", "WINDOWS-1252" },
	{ "windows-1250", "WINDOWS-1250" },
	{ "windows-1251", "WINDOWS-1251" },
	{ "cp1251", "WINDOWS-1251" },
	{ "windows-1253", "WINDOWS-1253" },
	{ "windows-1254", "WINDOWS-1254" },
	{ "iso-8859-9", "WINDOWS-1254" },
	{ "windows-1255", "WINDOWS-1255" },
	{ "windows-1256", "WINDOWS-1256" },
	{ "windows-1257", "WINDOWS-1257" },
	{ "windows-1258", "WINDOWS-1258" },
	{ "iso-8859-2", "ISO-8859-2" },
	{ "iso-8859-3", "ISO-8859-3" },
	{ "iso-8859-4", "ISO-8859-4" },
	{ "iso-8859-5", "ISO-8859-5" },
	{ "iso-8859-6", "ISO-8859-6" },
	{ "iso-8859-7", "ISO-8859-7" },
	{ "iso-8859-8", "ISO-8859-8" },
	{ "iso-8859-8-i", "ISO-8859-8" },
	{ "iso-8859-10", "ISO-8859-10" },
	{ "iso-8859-11", "TIS-620" },
	{ "iso-8859-13", "ISO-8859-13" },
	{ "iso-8859-15", "ISO-8859-15" },
	{ "iso-8859-16", "ISO-8859-16" },
	{ "koi8-r", "KOI8-R" },
	{ "koi8-u", "KOI8-U" },
	{ "ibm852", "IBM852" },
	{ "ibm855", "IBM855" },
	{ "ibm862", "IBM862" },
	{ "ibm865", "IBM865" },
	{ "ibm866", "IBM866" },
	{ "macintosh", "MACINTOSH" },
	{ "mac-cyrillic", "MAC-CYRILLIC" },
	{ "mac-centraleurope", "MAC-CENTRALEUROPE" },
	{ "tis-620", "TIS-620" },
	{ "windows-874", "TIS-620" },
	{ "viscii", "VISCII" },
	{ "gb18030", "GB18030" },
	{ "gb2312", "GB18030" },
	{ "gbk", "GB18030" },
	{ "big5", "BIG5-HKSCS" },
	{ "big5-hkscs", "BIG5-HKSCS" },
	{ "euc-tw", "EUC-TW" },
	{ "euc-jp", "EUC-JP" },
	{ "shift_jis", "CP932" },
	{ "x-sjis", "CP932" },
	{ "windows-31j", "CP932" },
	{ "iso-2022-jp", "ISO-2022-JP" },
	{ "euc-kr", "UHC" },
	{ "uhc", "UHC" },
	{ "ks_c_5601-1987", "UHC" },
	{ "iso-2022-kr", "ISO-2022-KR" },
	{ "utf-16le", "UTF-16LE" },
	{ "utf-16be", "UTF-16BE" },
	{ "utf-32le", "UTF-32LE" },
	{ "utf-32be", "UTF-32BE" },
	{ "utf-7", "UTF-7" },
};

void charset_load(void)
{
	/* never closed: glibc would unload the table */
	static iconv_t loaded[array_len(charsets)] attr_unused;

	for (size_t i = 0; i < array_len(charsets); i++)
		loaded[i] = iconv_open("UTF-8", charsets[i].iconv);
}

static const char *iconv_name(const char *name)
{
	for (size_t i = 0; name && i < array_len(charsets); i++)
		if (str_eq_case(name, charsets[i].name))
			return charsets[i].iconv;
	return NULL;
}

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

/* UTF-16 without a mark: of the letters, spaces and line ends in any language every second byte is 0. */
static const char *by_zeroes(const uint8_t *p, size_t n)
{
	size_t zeroes[2] = { 0, 0 }, look = min_of(n, (size_t)4096) & ~(size_t)1;

	for (size_t i = 0; i < look; i++)
		zeroes[i & 1] += p[i] == 0;
	if (look < 2 || n % 2)
		return NULL;
	if (zeroes[1] > look / 16 && !zeroes[0])
		return "UTF-16LE";
	return zeroes[0] > look / 16 && !zeroes[1] ? "UTF-16BE" : NULL;
}

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

static const char *by_guess(const uint8_t *p, size_t n)
{
	uchardet_t u = uchardet_new();
	const char *name = NULL;

	if (u && uchardet_handle_data(u, (const char *)p, min_of(n, GUESS_BYTES)) == 0) {
		uchardet_data_end(u);
		name = iconv_name(uchardet_get_charset(u));
	}
	if (u)
		uchardet_delete(u);
	return name ? name : "WINDOWS-1252";
}

/* ---- the way ---- */

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
	return r;
}

static size_t controls(const struct buf *b, size_t from)
{
	size_t count = 0;

	for (size_t i = from; i < b->len; i++)
		count += b->data[i] < ' ' && !strchr("\t\n\r\f\v\033", b->data[i]);
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

/* false: that it is not, and nothing came of it. */
static bool decode_whole(const char *name, const uint8_t *p, size_t n, struct buf *out)
{
	size_t from = out->len, bad = 0;

	if (convert_from(name, p, n, out, &bad) == 0 && !bad)
		return true;
	out->len = from;
	return false;
}

int charset_decode(const uint8_t *p, size_t n, const char *declared, struct buf *out)
{
	size_t skip = 0;
	const char *name = by_mark(p, n, &skip), *seven;

	if (!n)
		return 0;
	p += skip;
	n -= skip;
	seven = name ? NULL : by_escapes(p, n);
	if (seven && decode_whole(seven, p, n, out))
		return 0;
	if ((!name || !strcmp(name, "UTF-8")) && utf8_valid_no_nul((const char *)p, n))
		return buf_add(out, p, n);
	if (name && !strcmp(name, "UTF-8"))
		return buf_add(out, p, n); /* it says so: what is wrong in it is marked later */
	if (!name)
		name = by_zeroes(p, n);
	if (!name && memchr(p, '\0', n))
		return CHARSET_E_BINARY;
	if (!name)
		name = iconv_name(declared);
	return decode_as(name ? name : by_guess(p, n), p, n, out);
}
