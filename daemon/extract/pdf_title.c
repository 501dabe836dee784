/* The title that a PDF has of itself: often the name of the file that it was printed from. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/extract/pdf.h"

static const struct {
	const char *name;
	char c;
} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&apos;", '\'' } };

static char entity(const char *s, size_t n, size_t *used)
{
	for (size_t i = 0; i < array_len(entities); i++) {
		*used = strlen(entities[i].name);
		if (n >= *used && !memcmp(s, entities[i].name, *used))
			return entities[i].c;
	}
	*used = 1;
	return *s;
}

/* White space is one blank, none at the ends; what does not fit is left out. */
static void take(struct extract *x, const char *s, size_t n)
{
	size_t len = 0, used;

	for (size_t i = 0; i < n && len + 2 < sizeof(x->title); i += used) {
		char c = entity(s + i, n - i, &used);

		if ((unsigned char)c <= ' ' || c == 0x7f) {
			if (len && x->title[len - 1] != ' ')
				x->title[len++] = ' ';
		} else {
			x->title[len++] = c;
		}
	}
	len = utf8_floor(x->title, len, len);
	while (len && x->title[len - 1] == ' ')
		len--;
	x->title[len] = '\0';
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcasecmp(s + n - m, end);
}

/* "report_v3.docx", "Microsoft Word - letter", "untitled", "(1)", "C:\tmp\x": what programs put there. */
static bool is_sensible(const char *s)
{
	static const char *const programs[] = { "Microsoft ", "untitled", "PowerPoint ", "LaTeX", "TeX output", "about:",
		"http:", "https:", "file:" };
	static const char *const suffixes[] = { ".doc", ".docx", ".dvi", ".pdf", ".ps", ".qxd", ".indd", ".rtf", ".odt",
		".xls", ".xlsx", ".ppt", ".pptx", ".tex", ".tmp", ".txt", ".htm", ".html", ".p65", ".pmd", ".eps" };
	size_t letters = 0;

	for (size_t i = 0; i < array_len(programs); i++)
		if (!strncasecmp(s, programs[i], strlen(programs[i])))
			return false;
	for (size_t i = 0; i < array_len(suffixes); i++)
		if (ends_with(s, suffixes[i]))
			return false;
	for (const char *at = s; *at; at++)
		letters += isalpha((unsigned char)*at) || (unsigned char)*at >= 0x80;
	return letters >= 3 && !strchr(s, '\\');
}

void pdf_title(struct extract *x, const char *head, size_t n)
{
	const char *from = memmem(head, n, "<title>", 7), *to;

	if (!from)
		return;
	from += 7;
	to = memmem(from, n - (size_t)(from - head), "</title>", 8);
	if (!to)
		return;
	take(x, from, (size_t)(to - from));
	if (!is_sensible(x->title))
		x->title[0] = '\0';
}
