/* Tags that libxml2 would take minutes over: each attribute is compared with all that were before it. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/attr.h"
#include "daemon/extract/extract.h"

/* Words of the tag that begins at *at, values not counted; *at: behind its end. */
static unsigned count_words(const char *s, size_t n, size_t *at)
{
	enum { BETWEEN, NAME, EQUALS, VALUE } where = NAME; /* the tag's own name is none */
	unsigned words = 0;
	char quote = '\0';
	size_t i = *at;

	for (; i < n && words <= HTML_ATTRIBUTES && (quote || s[i] != '>'); i++) {
		char c = s[i];

		if (quote) {
			where = c == quote ? BETWEEN : where;
			quote = c == quote ? '\0' : quote;
		} else if (where == EQUALS && (c == '"' || c == '\'')) {
			quote = c;
		} else if (isspace((unsigned char)c) || (c == '/' && where < EQUALS)) {
			where = where == EQUALS ? EQUALS : BETWEEN;
		} else if (c == '=' && where == NAME) {
			where = EQUALS;
		} else if (where == EQUALS) {
			where = VALUE;
		} else if (where == BETWEEN) {
			words += c != '=';
			where = c == '=' ? EQUALS : NAME;
		}
	}
	*at = i;
	return words;
}

static bool begins(const char *s, size_t n, size_t at, const char *with)
{
	size_t len = strlen(with);

	return n - at >= len && !strncasecmp(s + at, with, len);
}

/* Where `end` begins, or n. */
static size_t find(const char *s, size_t n, size_t at, const char *end)
{
	while (at < n && !begins(s, n, at, end)) {
		const char *next = memchr(s + at + 1, end[0], n - at - 1);

		at = next ? (size_t)(next - s) : n;
	}
	return at;
}

bool html_tag_has_too_many(const char *s, size_t n)
{
	static const struct {
		const char *begin, *end;
	} raw[] = { { "<script", "</script" }, { "<style", "</style" } }; /* what is within them is no tag */

	for (size_t i = find(s, n, 0, "<"); i + 1 < n; i = find(s, n, i, "<")) {
		size_t from = i++;

		if (begins(s, n, from, "<!--")) {
			i = find(s, n, from + 4, "-->");
			continue;
		}
		if (!isalpha((unsigned char)s[i]))
			continue;
		if (count_words(s, n, &i) > HTML_ATTRIBUTES)
			return true;
		for (size_t k = 0; k < array_len(raw); k++)
			if (begins(s, n, from, raw[k].begin))
				i = find(s, n, i, raw[k].end);
	}
	return false;
}
