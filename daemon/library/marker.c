/* Reading the numbers by which an answer cites. */
#include "daemon/library/marker.h"

#include <stdbool.h>
#include <string.h>

static void add_number(struct marker *m, long n)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i] == n)
			return;
	if (m->n < MARKER_NUMBERS && n >= 0 && n <= MARKER_MAX)
		m->v[m->n++] = (int)n;
}

static size_t starts(const char *s, size_t n, size_t at, const char *what)
{
	size_t len = strlen(what);

	return n - at >= len && !memcmp(s + at, what, len) ? len : 0;
}

static size_t read_number(const char *s, size_t n, size_t at, long *out)
{
	size_t len = 0;

	for (*out = 0; at + len < n && len < 5 && s[at + len] >= '0' && s[at + len] <= '9'; len++)
		*out = *out * 10 + (s[at + len] - '0');
	return len;
}

/* Between two numbers: 1 for a range, 0 for a list, -1: neither. *len: its bytes. */
static int read_separator(const char *s, size_t n, size_t at, size_t *len)
{
	size_t from = at;
	bool range = false, list = false;

	while (at < n) {
		size_t dash = starts(s, n, at, "-") + starts(s, n, at, "\xe2\x80\x93");
		size_t comma = starts(s, n, at, ",") + starts(s, n, at, ";") +
			       starts(s, n, at, "\xef\xbc\x8c");

		if (!dash && !comma && s[at] != ' ' && s[at] != '^')
			break;
		range = range || dash;
		list = list || comma;
		at += dash + comma ? dash + comma : 1;
	}
	*len = at - from;
	return *len == 0 || (range && list) ? -1 : range;
}

size_t marker_read(const char *s, size_t n, size_t at, struct marker *out)
{
	size_t begin = at, len, open = starts(s, n, at, "[") + starts(s, n, at, "\xe3\x80\x90");
	struct marker found = { .n = 0 };
	int kind = 0;
	long before = 0, number;

	if (!open)
		return 0;
	at += open;
	at += at < n && s[at] == '^';
	while ((len = read_number(s, n, at, &number)) > 0) {
		at += len;
		for (long i = before; kind == 1 && i < number && i - before < MARKER_NUMBERS; i++)
			add_number(&found, i);
		add_number(&found, number);
		before = number;
		kind = read_separator(s, n, at, &len);
		if (kind < 0)
			break;
		at += len;
	}
	len = starts(s, n, at, "]") + starts(s, n, at, "\xe3\x80\x91");
	if (!found.n || !len || (kind >= 0 && found.n))
		return 0;
	for (size_t i = 0; i < found.n; i++)
		add_number(out, found.v[i]);
	return at + len - begin;
}
