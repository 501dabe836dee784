/*
 * What kind of file bytes are: among binaries the content decides, among texts the name. Only
 * compares bytes; nothing is parsed.
 */
#pragma once

#include <stddef.h>

enum magic {
	MAGIC_NONE, /* of no format known here: it may be text */
	MAGIC_PDF,
	MAGIC_ZIP, /* office documents, books, archives */
	MAGIC_OLE, /* old office documents, and new ones under a password */
	MAGIC_RTF,
	MAGIC_ARCHIVE,
	MAGIC_PICTURE,
	MAGIC_MEDIA,
	MAGIC_PROGRAM,
	MAGIC_DATABASE,
	MAGIC_LOCKED, /* encrypted as a whole */
	MAGIC_FONT,
	MAGIC_BOOK, /* of Kindle */
	MAGIC_MAILBOX, /* of Outlook */
};
/* The first 512 bytes are enough; for a PDF with something before it, 1024. */
enum magic magic_of(const void *p, size_t n);
/* What to tell somebody who hands in such a file, or NULL for what is read. Static. */
const char *magic_words(enum magic magic);

enum magic_text { MAGIC_PLAIN, MAGIC_HTML, MAGIC_MAIL, MAGIC_MBOX };
/* Of bytes that are MAGIC_NONE. */
enum magic_text magic_text(const void *p, size_t n, const char *name);
