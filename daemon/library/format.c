/* Magic numbers, and the decoding of what is text. */
#include "daemon/library/format.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/utf8.h"

#define PDF_WORDS \
	"PDF documents are not read yet: convert it to text first (pdftotext FILE.pdf FILE.txt)"
#define OFFICE_WORDS "office documents are not read yet: save it as text or Markdown first"
#define HTML_WORDS "HTML is not read yet: convert it to text or Markdown first"
#define RTF_WORDS "RTF is not read yet: save it as text or Markdown first"
#define ARCHIVE_WORDS "an archive or compressed file: unpack it and upload the texts in it"
#define PICTURE_WORDS "a picture: only text can be searched"
#define MEDIA_WORDS "a sound or video file: only text can be searched"
#define PROGRAM_WORDS "a program: only text can be searched"
#define DATABASE_WORDS "a database: export it as text or CSV first"

struct magic {
	const char *bytes;
	size_t n;
	const char *words;
};
#define MAGIC(bytes, words) \
	{ \
		bytes, sizeof(bytes) - 1, words \
	}

static const struct magic magics[] = {
	MAGIC("%PDF-", PDF_WORDS),
	MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OFFICE_WORDS),
	MAGIC("{\\rtf", RTF_WORDS),
	MAGIC("PK\x03\x04", ARCHIVE_WORDS),
	MAGIC("PK\x05\x06", ARCHIVE_WORDS),
	MAGIC("\x1f\x8b", ARCHIVE_WORDS),
	MAGIC("BZh", ARCHIVE_WORDS),
	MAGIC("\xfd"
	      "7zXZ\0",
		ARCHIVE_WORDS),
	MAGIC("\x28\xb5\x2f\xfd", ARCHIVE_WORDS),
	MAGIC("7z\xbc\xaf\x27\x1c", ARCHIVE_WORDS),
	MAGIC("Rar!\x1a\x07", ARCHIVE_WORDS),
	MAGIC("\x89PNG\r\n", PICTURE_WORDS),
	MAGIC("GIF87a", PICTURE_WORDS),
	MAGIC("GIF89a", PICTURE_WORDS),
	MAGIC("\xff\xd8\xff", PICTURE_WORDS),
	MAGIC("II*\0", PICTURE_WORDS),
	MAGIC("MM\0*", PICTURE_WORDS),
	MAGIC("RIFF", MEDIA_WORDS),
	MAGIC("OggS", MEDIA_WORDS),
	MAGIC("ID3", MEDIA_WORDS),
	MAGIC("fLaC", MEDIA_WORDS),
	MAGIC("\x1a\x45\xdf\xa3", MEDIA_WORDS),
	MAGIC("\x7f"
	      "ELF",
		PROGRAM_WORDS),
	MAGIC("MZ\x90", PROGRAM_WORDS),
	MAGIC("\xca\xfe\xba\xbe", PROGRAM_WORDS),
	MAGIC("\xcf\xfa\xed\xfe", PROGRAM_WORDS),
	MAGIC("!<arch>\n", PROGRAM_WORDS),
	MAGIC("SQLite format 3", DATABASE_WORDS),
};

static bool name_ends(const char *name, const char *const *suffixes, size_t n)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < n; i++)
		if (str_eq_case(dot + 1, suffixes[i]))
			return true;
	return false;
}

static bool begins_without_case(const char *s, size_t n, const char *word)
{
	return n >= strlen(word) && !strncasecmp(s, word, strlen(word));
}

static bool is_html(const char *s, size_t n, const char *name)
{
	static const char *const suffixes[] = { "html", "htm", "xhtml", "mhtml" };

	if (n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3)) {
		s += 3;
		n -= 3;
	}
	while (n && strchr(" \t\r\n", *s) && *s) {
		s++;
		n--;
	}
	return begins_without_case(s, n, "<!doctype html") || begins_without_case(s, n, "<html") ||
	       name_ends(name, suffixes, array_len(suffixes));
}

const char *format_refusal(const void *p, size_t n, const char *name)
{
	static const char *const office[] = { "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub" };
	const char *s = p;

	for (size_t i = 0; i < array_len(magics); i++) {
		if (n < magics[i].n || memcmp(s, magics[i].bytes, magics[i].n) != 0)
			continue;
		if (s[0] == 'P' && name_ends(name, office, array_len(office)))
			return OFFICE_WORDS;
		return magics[i].words;
	}
	if (n >= 12 && !memcmp(s + 4, "ftyp", 4))
		return MEDIA_WORDS;
	return is_html(s, n, name) ? HTML_WORDS : NULL;
}

/* ---- text ---- */

static uint32_t unit16(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static int from_utf16(const uint8_t *p, size_t n, bool big, struct buf *out, char why[256])
{
	for (size_t at = 0; at < n; at += 2) {
		uint32_t cp = at + 1 < n ? unit16(p + at, big) : 0xd800;
		char bytes[4];
		int r;

		if (cp >= 0xd800 && cp < 0xdc00 && at + 3 < n &&
			(unit16(p + at + 2, big) & 0xfc00) == 0xdc00) {
			at += 2;
			cp = 0x10000 + ((cp - 0xd800) << 10) + (unit16(p + at, big) & 0x3ff);
		}
		if (cp == 0 || (cp >= 0xd800 && cp < 0xe000)) {
			(void)snprintf(
				why, 256, "not valid UTF-16 at byte %zu: save it as UTF-8", at + 2);
			return -EILSEQ;
		}
		r = buf_add(out, bytes, utf8_encode(cp, bytes));
		if (r != 0)
			return r;
	}
	return 0;
}

static size_t line_of(const char *s, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += s[i] == '\n';
	return line;
}

static int check_utf8(const char *s, size_t n, char why[256])
{
	size_t valid = utf8_span(s, n);

	if (valid == n)
		return 0;
	if (!s[valid])
		(void)snprintf(why, 256,
			"not text: a NUL byte at byte %zu (binary, or UTF-16 without a mark)",
			valid + 1);
	else
		(void)snprintf(why, 256,
			"not valid UTF-8 at byte %zu (line %zu): convert it first (iconv -f "
			"WINDOWS-1252 -t UTF-8)",
			valid + 1, line_of(s, valid));
	return -EILSEQ;
}

int format_text(const void *p, size_t n, char **text, size_t *len, char why[256])
{
	const uint8_t *s = p;
	struct buf out;
	int r;

	buf_init(&out, 0);
	if (n >= 4 && (!memcmp(s, "\xff\xfe\0\0", 4) || !memcmp(s, "\0\0\xfe\xff", 4))) {
		(void)snprintf(why, 256, "UTF-32 is not read: save it as UTF-8");
		return -EILSEQ;
	}
	if (n >= 2 && (!memcmp(s, "\xff\xfe", 2) || !memcmp(s, "\xfe\xff", 2))) {
		r = from_utf16(s + 2, n - 2, s[0] == 0xfe, &out, why);
	} else {
		size_t mark = n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3) ? 3 : 0;

		r = check_utf8((const char *)s + mark, n - mark, why);
		if (r == 0)
			r = buf_add(&out, s + mark, n - mark);
	}
	*text = r == 0 ? buf_steal(&out, len) : NULL;
	buf_fini(&out);
	return r ? r : *text ? 0 : -ENOMEM;
}
