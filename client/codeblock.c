/* Fences as in CommonMark: three or more of ` or ~, indented by at most three spaces. */
#include "client/codeblock.h"

#include <string.h>

/* How long the fence is that the line begins with; 0: none. */
static size_t fence_of(const char *line, size_t n, char *mark)
{
	size_t indent = 0, length;

	while (indent < n && indent < 4 && line[indent] == ' ')
		indent++;
	if (indent == 4 || indent == n || (line[indent] != '`' && line[indent] != '~'))
		return 0;
	*mark = line[indent];
	for (length = 0; indent + length < n && line[indent + length] == *mark;)
		length++;
	return length >= 3 ? length : 0;
}

static bool closes(const char *line, size_t n, char mark, size_t least)
{
	char m;
	size_t length = fence_of(line, n, &m);

	while (n && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
		n--;
	return length >= least && m == mark && n && line[n - 1] == mark;
}

bool codeblock_first(const char *s, size_t n, size_t *from, size_t *to)
{
	size_t fence = 0, length;
	char mark = 0, m = 0;

	for (size_t at = 0; at < n;) {
		const char *end = memchr(s + at, '\n', n - at);
		size_t line = end ? (size_t)(end - (s + at)) : n - at;

		if (!fence) {
			length = fence_of(s + at, line, &m);
			/* What opens with ` has none of them behind it: that is code within a line. */
			if (length && (m == '~' || !memchr(s + at + length + strspn(s + at, " "), '`', line - length - strspn(s + at, " ")))) {
				fence = length;
				mark = m;
				*from = at + line + (end != NULL);
			}
		} else if (closes(s + at, line, mark, fence)) {
			*to = at;
			return true;
		}
		at += line + 1;
	}
	*to = n;
	return fence != 0;
}
