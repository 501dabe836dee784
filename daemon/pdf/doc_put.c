/* Numbers, strings and references as a PDF file spells them. */
#include "daemon/pdf/doc_put.h"

#include <errno.h>
#include <stdbool.h>

#include "common/utf8.h"

static char *digits_before(char *end, uint64_t v)
{
	do
		*--end = (char)('0' + v % 10);
	while (v /= 10);
	return end;
}

void put_int(struct buf *b, int64_t v)
{
	char text[24], *end = text + sizeof(text), *p;

	p = digits_before(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
	if (v < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(end - p));
}

void put_fix(struct buf *b, int64_t v, unsigned digits)
{
	static const unsigned power[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
	uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char text[32], *end = text + sizeof(text), *p = end;

	while (digits && size % 10 == 0) {
		size /= 10;
		digits--;
	}
	if (digits) {
		uint64_t part = size % power[digits];

		for (unsigned i = 0; i < digits; i++, part /= 10)
			*--p = (char)('0' + part % 10);
		*--p = '.';
	}
	if (!digits || size >= power[digits])
		p = digits_before(p, size / power[digits]);
	if (v < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(end - p));
}

void put_hex(struct buf *b, unsigned v, unsigned digits)
{
	while (digits--)
		buf_add_byte(b, (uint8_t) "0123456789ABCDEF"[v >> digits * 4 & 15]);
}

void put_ref(struct buf *b, uint32_t id)
{
	put_int(b, id);
	buf_add(b, " 0 R", 4);
}

void put_bytes(struct buf *b, const void *p, size_t n)
{
	const uint8_t *s = p;

	buf_add_byte(b, '(');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '(' || s[i] == ')' || s[i] == '\\')
			buf_add_byte(b, '\\');
		if (s[i] == '\r') /* bare, a reader would take it for a line feed */
			buf_add(b, "\\r", 2);
		else
			buf_add_byte(b, s[i]);
	}
	buf_add_byte(b, ')');
}

static bool ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] < ' ' || (uint8_t)s[i] > '~')
			return false;
	return true;
}

/* The next code point as one or two units; 0 at the end. */
static size_t units(const char **s, size_t *n, uint16_t unit[2])
{
	uint32_t cp;
	int used = utf8_decode(*s, *n, &cp);
	size_t step = (size_t)(used < 0 ? -used : used);

	if (used == 0)
		return 0;
	*s += step;
	*n -= step;
	if (cp < 0x10000) {
		unit[0] = (uint16_t)cp;
		return 1;
	}
	unit[0] = (uint16_t)(0xD800 + ((cp - 0x10000) >> 10));
	unit[1] = (uint16_t)(0xDC00 + ((cp - 0x10000) & 0x3FF));
	return 2;
}

void put_utf16_hex(struct buf *b, const char *utf8, size_t n)
{
	uint16_t unit[2];
	size_t count;

	while ((count = units(&utf8, &n, unit)))
		for (size_t i = 0; i < count; i++)
			put_hex(b, unit[i], 4);
}

int put_utf16(struct buf *b, const char *utf8, size_t n)
{
	uint16_t unit[2];
	size_t count;

	if (n && ascii(utf8, n))
		return buf_add(b, utf8, n);
	buf_add(b, "\xFE\xFF", 2);
	while ((count = units(&utf8, &n, unit)))
		for (size_t i = 0; i < count; i++)
			buf_add(b, (uint8_t[]){ (uint8_t)(unit[i] >> 8), (uint8_t)unit[i] }, 2);
	return b->failed ? -ENOMEM : 0;
}

void put_text(struct buf *b, const char *utf8, size_t n)
{
	if (ascii(utf8, n)) {
		put_bytes(b, utf8, n);
		return;
	}
	buf_add(b, "<FEFF", 5);
	put_utf16_hex(b, utf8, n);
	buf_add_byte(b, '>');
}
