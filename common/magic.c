/* Magic numbers and suffixes. */
#include "common/magic.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "common/str.h"

struct number {
	const char *bytes;
	size_t n;
	enum magic magic;
};
#define NUMBER(bytes, magic) \
	{ \
		bytes, sizeof(bytes) - 1, magic \
	}

static const struct number numbers[] = {
	NUMBER("%PDF-", MAGIC_PDF),
	NUMBER("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MAGIC_OLE),
	NUMBER("{\\rtf", MAGIC_RTF),
	NUMBER("PK\x03\x04", MAGIC_ZIP),
	NUMBER("PK\x05\x06", MAGIC_ZIP),
	NUMBER("\x1f\x8b", MAGIC_ARCHIVE),
	NUMBER("BZh", MAGIC_ARCHIVE),
	NUMBER("\xfd"
	       "7zXZ\0",
		MAGIC_ARCHIVE),
	NUMBER("\x28\xb5\x2f\xfd", MAGIC_ARCHIVE),
	NUMBER("7z\xbc\xaf\x27\x1c", MAGIC_ARCHIVE),
	NUMBER("Rar!\x1a\x07", MAGIC_ARCHIVE),
	NUMBER("\x89PNG\r\n", MAGIC_PICTURE),
	NUMBER("GIF87a", MAGIC_PICTURE),
	NUMBER("GIF89a", MAGIC_PICTURE),
	NUMBER("\xff\xd8\xff", MAGIC_PICTURE),
	NUMBER("II*\0", MAGIC_PICTURE),
	NUMBER("MM\0*", MAGIC_PICTURE),
	NUMBER("8BPS", MAGIC_PICTURE),
	NUMBER("\0\0\1\0", MAGIC_PICTURE), /* an icon */
	NUMBER("AT&TFORM", MAGIC_PICTURE),
	NUMBER("RIFF", MAGIC_MEDIA),
	NUMBER("OggS", MAGIC_MEDIA),
	NUMBER("ID3", MAGIC_MEDIA),
	NUMBER("fLaC", MAGIC_MEDIA),
	NUMBER("\x1a\x45\xdf\xa3", MAGIC_MEDIA),
	NUMBER("\x7f"
	       "ELF",
		MAGIC_PROGRAM),
	NUMBER("MZ\x90", MAGIC_PROGRAM),
	NUMBER("\0asm", MAGIC_PROGRAM),
	NUMBER("\xca\xfe\xba\xbe", MAGIC_PROGRAM),
	NUMBER("\xcf\xfa\xed\xfe", MAGIC_PROGRAM),
	NUMBER("!<arch>\n", MAGIC_PROGRAM),
	NUMBER("SQLite format 3", MAGIC_DATABASE),
	NUMBER("MSCF\0", MAGIC_ARCHIVE),
	NUMBER("\x04\x22\x4d\x18", MAGIC_ARCHIVE), /* LZ4 */
	NUMBER("\x1f\x9d", MAGIC_ARCHIVE), /* compress */
	NUMBER("\xed\xab\xee\xdb", MAGIC_ARCHIVE), /* RPM */
	NUMBER("\0\0\0\x0cjP  ", MAGIC_PICTURE),
	NUMBER("-----BEGIN PGP MESSAGE-----", MAGIC_LOCKED),
	NUMBER("-----BEGIN AGE ENCRYPTED FILE-----", MAGIC_LOCKED),
	NUMBER("age-encryption.org/v1\n", MAGIC_LOCKED),
	NUMBER("Salted__", MAGIC_LOCKED), /* openssl enc */
	NUMBER("\0\1\0\0\0", MAGIC_FONT),
	NUMBER("OTTO\0", MAGIC_FONT),
	NUMBER("wOFF\0\1", MAGIC_FONT),
	NUMBER("wOFFOTTO", MAGIC_FONT),
	NUMBER("wOF2\0\1", MAGIC_FONT),
	NUMBER("wOF2OTTO", MAGIC_FONT),
	NUMBER("!BDN", MAGIC_MAILBOX),
};

static bool is_one_of(const char *s, const char (*words)[4], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(s, words[i], 4))
			return true;
	return false;
}

enum magic magic_of(const void *p, size_t n)
{
	static const char photos[][4] = { "heic", "heix", "mif1", "avif" };
	const char *s = p;

	if (n >= 12 && !memcmp(s, "RIFF", 4) && !memcmp(s + 8, "WEBP", 4))
		return MAGIC_PICTURE;
	for (size_t i = 0; i < array_len(numbers); i++)
		if (n >= numbers[i].n && !memcmp(s, numbers[i].bytes, numbers[i].n))
			return numbers[i].magic;
	if (n >= 12 && !memcmp(s + 4, "ftyp", 4))
		return is_one_of(s + 8, photos, array_len(photos)) ? MAGIC_PICTURE : MAGIC_MEDIA;
	if (n >= 10 && !memcmp(s, "BM", 2) && !memcmp(s + 6, "\0\0\0", 4))
		return MAGIC_PICTURE;
	if (n >= 68 && !memcmp(s + 60, "BOOKMOBI", 8))
		return MAGIC_BOOK;
	if (n >= 262 && !memcmp(s + 257, "ustar", 5) && memchr(s, 0, 257))
		return MAGIC_ARCHIVE;
	/* readers of PDF look for it in the first 1024 bytes; a text that speaks of PDF is none */
	if (n >= 8 && memmem(s, min_of(n, (size_t)1024), "%PDF-1.", 7) &&
		memchr(s, '\0', min_of(n, (size_t)4096)))
		return MAGIC_PDF;
	return MAGIC_NONE;
}

const char *magic_words(enum magic magic)
{
	switch (magic) {
	case MAGIC_OLE:
		return "an old office document, which is not read: save it as DOCX, XLSX or PPTX";
	case MAGIC_RTF:
		return "RTF is not read: save it as DOCX or ODT";
	case MAGIC_ARCHIVE:
		return "an archive or compressed file: unpack it and upload what is in it";
	case MAGIC_PICTURE:
		return "a picture: only text can be searched";
	case MAGIC_MEDIA:
		return "a sound or video file: only text can be searched";
	case MAGIC_PROGRAM:
		return "a program: only text can be searched";
	case MAGIC_DATABASE:
		return "a database: export it as text or CSV first";
	case MAGIC_LOCKED:
		return "it is encrypted: decrypt it first";
	case MAGIC_FONT:
		return "a font: only text can be searched";
	case MAGIC_BOOK:
		return "a book for Kindle: convert it to EPUB first";
	case MAGIC_MAILBOX:
		return "an Outlook mailbox: export it as mbox or EML first";
	case MAGIC_NONE:
	case MAGIC_PDF:
	case MAGIC_ZIP:
		break;
	}
	return NULL;
}

/* ---- texts ---- */

static bool ends_with_one_of(const char *name, const char *const *suffixes, size_t n)
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

static bool begins_as_html(const char *s, size_t n)
{
	if (n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3)) {
		s += 3;
		n -= 3;
	}
	while (n && strchr(" \t\r\n", *s) && *s) {
		s++;
		n--;
	}
	return begins_without_case(s, n, "<!doctype html") || begins_without_case(s, n, "<html");
}

enum magic_text magic_text(const void *p, size_t n, const char *name)
{
	static const char *const html[] = { "html", "htm", "xhtml" };
	static const char *const mail[] = { "eml", "mht", "mhtml" };
	static const char *const mbox[] = { "mbox", "mbx" };

	if (ends_with_one_of(name, mail, array_len(mail)))
		return MAGIC_MAIL;
	if (ends_with_one_of(name, mbox, array_len(mbox)))
		return MAGIC_MBOX;
	if (ends_with_one_of(name, html, array_len(html)) || begins_as_html(p, n))
		return MAGIC_HTML;
	return MAGIC_PLAIN;
}
