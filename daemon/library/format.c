/* Who reads an upload, and UTF-8 out of a text. */
#include "daemon/library/format.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/magic.h"
#include "common/mem.h"
#include "common/utf8.h"

const char *format_refusal(const void *p, size_t n)
{
	enum magic magic = magic_of(p, n);

	/* a protected document of today lies in the same kind of file as those of old */
	return magic == MAGIC_OLE ? NULL : magic_words(magic);
}

enum format_route format_route(const void *p, size_t n, const char *name, bool utf8)
{
	switch (magic_of(p, n)) {
	case MAGIC_PDF:
		return ROUTE_PDF;
	case MAGIC_NONE:
		break;
	default:
		return ROUTE_HELPER;
	}
	/* an escape and a dollar: perhaps ISO 2022, whose seven bits are valid UTF-8, too */
	utf8 = utf8 && !(n && memmem(p, n, "\033$", 2));
	return utf8 && magic_text(p, n, name) == MAGIC_PLAIN ? ROUTE_TEXT : ROUTE_HELPER;
}

/* ---- text ---- */

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
		(void)snprintf(why, 256, "not text: a NUL byte at byte %zu", valid + 1);
	else
		(void)snprintf(why, 256,
			"not valid UTF-8 at byte %zu (line %zu): convert it first (iconv -f "
			"WINDOWS-1252 -t UTF-8)",
			valid + 1, line_of(s, valid));
	return -EILSEQ;
}

int format_text(const void *p, size_t n, char **text, size_t *len, char why[256])
{
	const char *s = p;
	size_t mark = n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3) ? 3 : 0;
	int r = check_utf8(s + mark, n - mark, why);

	*text = r == 0 ? mem_try_dup(s + mark, n - mark) : NULL;
	*len = n - mark;
	return r ? r : *text ? 0 : -ENOMEM;
}
