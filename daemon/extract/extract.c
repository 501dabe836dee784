/* What kind of document it is, and what all readers share. */
#include "daemon/extract/extract.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/magic.h"
#include "common/utf8.h"
#include "daemon/worker/records.h"

void extract_init(struct extract *x, struct out *out, const char *name)
{
	*x = (struct extract){ .out = out, .name = name, .format = "text" };
	writer_init(&x->writer, out);
}

void extract_fini(struct extract *x)
{
	writer_fini(&x->writer);
}

int extract_fail(struct extract *x, int code, const char *fmt, ...)
{
	va_list ap;

	if (x->r)
		return x->r;
	va_start(ap, fmt);
	(void)vsnprintf(x->why, sizeof(x->why), fmt, ap);
	va_end(ap);
	x->r = code;
	return code;
}

int extract_state(struct extract *x)
{
	if (x->r == 0 && x->out->r == OUT_E_FULL)
		extract_fail(x, EXTRACT_E_LIMIT, "it holds more than %zu MiB of text: split it",
			x->out->max >> 20);
	else if (x->r == 0 && x->out->r != 0)
		extract_fail(x, EXTRACT_E_FAILED, "its text could not be handed on: %s",
			strerror(-x->out->r));
	return x->r;
}

void extract_form(struct extract *x, char form)
{
	if (!x->formed)
		out_form(x->out, form, x->title, strlen(x->title));
	x->formed = true;
}

void extract_place(struct extract *x, int page, int line)
{
	writer_place(&x->writer, page, line, x->label);
}

static int refuse(struct extract *x, enum magic magic)
{
	const char *words = magic_words(magic);

	return extract_fail(x, EXTRACT_E_TYPE, "%s", words ? words : "its format is not read");
}

int extract_document(struct extract *x, const uint8_t *p, size_t n)
{
	enum magic magic = magic_of(p, n);

	switch (magic) {
	case MAGIC_ZIP:
		return extract_zip(x, p, n);
	case MAGIC_PDF:
		return extract_fail(x, EXTRACT_E_TYPE, "a PDF: run ragchatd-extract with --pdf");
	case MAGIC_OLE:
		if (memmem(p, n, "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e", 31))
			return extract_fail(x, EXTRACT_E_LOCKED,
				"it is protected by a password: save it without one");
		return refuse(x, magic);
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
