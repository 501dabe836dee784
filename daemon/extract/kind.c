/* What kind of document it is: its bytes decide among binaries, its name among texts. */
#include <string.h>

#include "common/magic.h"
#include "daemon/extract/extract.h"

static int refuse(struct extract *x, enum magic magic)
{
	const char *words = magic_words(magic);

	return extract_fail(x, magic == MAGIC_LOCKED ? EXTRACT_E_LOCKED : EXTRACT_E_TYPE, "%s", words ? words : "its format is not read");
}

/* Old office documents, and what else is kept in such a file: its streams have names in UTF-16. */
static int refuse_ole(struct extract *x, const uint8_t *p, size_t n)
{
	static const char package[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
	static const char message[] = "_\0_\0p\0r\0o\0p\0e\0r\0t\0i\0e\0s\0_\0v\0e\0r\0s\0i\0o\0n";

	if (memmem(p, n, package, sizeof(package) - 1))
		return extract_locked(x);
	if (memmem(p, n, message, sizeof(message) - 1))
		return extract_fail(x, EXTRACT_E_TYPE, "an Outlook message, which is not read: save it as EML");
	return refuse(x, MAGIC_OLE);
}

int extract_document(struct extract *x, const uint8_t *p, size_t n)
{
	enum magic magic;

	p = n ? p : (const uint8_t *)""; /* an attachment may be empty, and its bytes nowhere */
	magic = magic_of(p, n);
	switch (magic) {
	case MAGIC_ZIP:
		return extract_zip(x, p, n);
	case MAGIC_PDF:
		return extract_fail(x, EXTRACT_E_TYPE, "a PDF: run ragchatd-pdftext");
	case MAGIC_OLE:
		return refuse_ole(x, p, n);
	case MAGIC_NONE:
		break;
	default:
		return refuse(x, magic);
	}
	switch (magic_text(p, n, x->name)) {
	case MAGIC_HTML:
		return extract_html(x, p, n);
	case MAGIC_MAIL:
		return extract_mail(x, p, n, false);
	case MAGIC_MBOX:
		return extract_mail(x, p, n, true);
	case MAGIC_PLAIN:
		break;
	}
	return extract_text(x, p, n);
}
