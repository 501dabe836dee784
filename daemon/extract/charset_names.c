/* Names of encodings, as documents give them, and the tables that iconv has for them. */
#include <iconv.h>

#include "common/attr.h"
#include "common/str.h"
#include "daemon/extract/charset.h"

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
	{ "ansi_x3.4-1968", "WINDOWS-1252" },
	{ "cp1252", "WINDOWS-1252" },
	{ "windows-1250", "WINDOWS-1250" },
	{ "cp1250", "WINDOWS-1250" },
	{ "windows-1251", "WINDOWS-1251" },
	{ "cp1251", "WINDOWS-1251" },
	{ "windows-1253", "WINDOWS-1253" },
	{ "cp1253", "WINDOWS-1253" },
	{ "windows-1254", "WINDOWS-1254" },
	{ "cp1254", "WINDOWS-1254" },
	{ "iso-8859-9", "WINDOWS-1254" },
	{ "windows-1255", "WINDOWS-1255" },
	{ "cp1255", "WINDOWS-1255" },
	{ "windows-1256", "WINDOWS-1256" },
	{ "cp1256", "WINDOWS-1256" },
	{ "windows-1257", "WINDOWS-1257" },
	{ "cp1257", "WINDOWS-1257" },
	{ "windows-1258", "WINDOWS-1258" },
	{ "cp1258", "WINDOWS-1258" },
	{ "iso-8859-2", "ISO-8859-2" },
	{ "iso-8859-3", "ISO-8859-3" },
	{ "iso-8859-4", "ISO-8859-4" },
	{ "iso-8859-5", "ISO-8859-5" },
	{ "iso-8859-6", "ISO-8859-6" },
	{ "iso-8859-7", "ISO-8859-7" },
	{ "iso-8859-8", "ISO-8859-8" },
	{ "iso-8859-8-i", "ISO-8859-8" },
	{ "iso-8859-8-e", "ISO-8859-8" },
	{ "iso-8859-10", "ISO-8859-10" },
	{ "iso-8859-11", "TIS-620" },
	{ "iso-8859-13", "ISO-8859-13" },
	{ "iso-8859-14", "ISO-8859-14" },
	{ "iso-8859-15", "ISO-8859-15" },
	{ "latin9", "ISO-8859-15" },
	{ "iso-8859-16", "ISO-8859-16" },
	{ "koi8-r", "KOI8-R" },
	{ "koi8-u", "KOI8-U" },
	{ "ibm437", "IBM437" },
	{ "cp437", "IBM437" },
	{ "ibm850", "IBM850" },
	{ "cp850", "IBM850" },
	{ "ibm852", "IBM852" },
	{ "cp852", "IBM852" },
	{ "ibm855", "IBM855" },
	{ "ibm862", "IBM862" },
	{ "ibm865", "IBM865" },
	{ "ibm866", "IBM866" },
	{ "cp866", "IBM866" },
	{ "macintosh", "MACINTOSH" },
	{ "mac-roman", "MACINTOSH" },
	{ "mac-cyrillic", "MAC-CYRILLIC" },
	{ "mac-centraleurope", "MAC-CENTRALEUROPE" },
	{ "tis-620", "TIS-620" },
	{ "windows-874", "TIS-620" },
	{ "cp874", "TIS-620" },
	{ "viscii", "VISCII" },
	{ "gb18030", "GB18030" },
	{ "gb2312", "GB18030" },
	{ "gbk", "GB18030" },
	{ "cp936", "GB18030" },
	{ "euc-cn", "GB18030" },
	{ "gb_2312-80", "GB18030" },
	{ "big5", "BIG5-HKSCS" },
	{ "big5-hkscs", "BIG5-HKSCS" },
	{ "cp950", "BIG5-HKSCS" },
	{ "euc-tw", "EUC-TW" },
	{ "euc-jp", "EUC-JP" },
	{ "shift_jis", "CP932" },
	{ "sjis", "CP932" },
	{ "x-sjis", "CP932" },
	{ "cp932", "CP932" },
	{ "ms_kanji", "CP932" },
	{ "windows-31j", "CP932" },
	{ "iso-2022-jp", "ISO-2022-JP" },
	{ "euc-kr", "UHC" },
	{ "uhc", "UHC" },
	{ "cp949", "UHC" },
	{ "ks_c_5601", "UHC" },
	{ "johab", "JOHAB" },
	{ "ks_c_5601-1987", "UHC" },
	{ "iso-2022-kr", "ISO-2022-KR" },
	{ "utf-16le", "UTF-16LE" },
	{ "utf-16be", "UTF-16BE" },
	{ "utf-32le", "UTF-32LE" },
	{ "utf-32be", "UTF-32BE" },
	{ "utf-7", "UTF-7" },
	{ "unicode-1-1-utf-7", "UTF-7" },
};

_Static_assert(array_len(charsets) <= CHARSETS_MAX, "each has a label");

const char *charset_label(size_t i)
{
	return i < array_len(charsets) ? charsets[i].name : NULL;
}

void charset_load(void)
{
	/* never closed: glibc would unload the table */
	static iconv_t loaded[array_len(charsets)] attr_used;

	for (size_t i = 0; i < array_len(charsets); i++)
		loaded[i] = iconv_open("UTF-8", charsets[i].iconv);
}

static int next_sign(const char **s)
{
	while (**s && !((**s >= '0' && **s <= '9') || ((**s | 0x20) >= 'a' && (**s | 0x20) <= 'z')))
		++*s;
	return **s ? *(*s)++ | 0x20 : 0;
}

/* "ISO_8859-1", "iso8859-1" and "Iso-8859-1" are the same to people. */
static bool is_same(const char *a, const char *b)
{
	int x, y;

	do {
		x = next_sign(&a);
		y = next_sign(&b);
	} while (x && x == y);
	return x == y;
}

const char *charset_iconv(const char *name)
{
	for (size_t i = 0; name && i < array_len(charsets); i++)
		if (is_same(name, charsets[i].name) || (str_starts(name, "x-") && is_same(name + 2, charsets[i].name)))
			return charsets[i].iconv;
	return NULL;
}
