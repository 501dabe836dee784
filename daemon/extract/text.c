/* Text, Markdown, source, rows of columns: as they are, in UTF-8. How they are cut their name says. */
#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "daemon/extract/charset.h"
#include "daemon/extract/extract.h"
#include "daemon/worker/records.h"

/* <?xml version="1.0" encoding="EUC-JP"?> */
static const char *declared_charset(const uint8_t *p, size_t n, char name[40])
{
	const char *s = (const char *)p, *end = n ? memchr(p, '>', min_of(n, (size_t)200)) : NULL, *at;
	size_t len = 0;

	if (!end || n < 5 || memcmp(p, "<?xml", 5) != 0)
		return NULL;
	at = memmem(s, (size_t)(end - s), "encoding=", 9);
	for (at = at ? at + 10 : end; at < end && !strchr("\"'?", *at) && len < 39; at++)
		name[len++] = *at;
	name[len] = '\0';
	return len ? name : NULL;
}

static int decode(struct extract *x, const uint8_t *p, size_t n, struct buf *text)
{
	char name[40];
	int r = charset_decode(p, n, declared_charset(p, n, name), text);

	if (r == CHARSET_E_BINARY)
		return extract_fail(x, EXTRACT_E_TYPE,
			"not text, and of no format that is read here: convert it first");
	return r ? extract_no_memory(x) : 0;
}

/* Lines that end in \r alone, as old Macs wrote them. */
static void old_line_ends(struct buf *text)
{
	if (!text->len || memchr(text->data, '\n', text->len))
		return;
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\r')
			text->data[i] = '\n';
}

/* Within a mail: paragraphs, as they are; what looks like Markdown is read so. */
static void put_part(struct extract *x, const struct buf *text)
{
	const char *s = text->len ? (const char *)text->data : "", *end = s + text->len, *line;

	for (; s < end; s = line + 1) {
		line = memchr(s, '\n', (size_t)(end - s));
		line = line ? line : end;
		if (line == s || (line == s + 1 && *s == '\r'))
			writer_end(&x->writer);
		writer_text(&x->writer, s, (size_t)(line - s));
		writer_break(&x->writer);
	}
	writer_end(&x->writer);
}

int extract_text(struct extract *x, const uint8_t *p, size_t n)
{
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = decode(x, p, n, &text);
	if (r == 0 && text.len)
		old_line_ends(&text);
	if (r == 0 && x->formed) {
		put_part(x, &text);
	} else if (r == 0) {
		extract_form(x, FORM_FILE);
		out_text(x->out, (const char *)text.data, text.len);
	}
	buf_fini(&text);
	return extract_state(x);
}
