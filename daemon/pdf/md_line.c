/* Lines within quotes and lists, as far as one can know it without a parser. */
#include "daemon/pdf/md_line.h"

#include <string.h>

#define CODE_INDENT 4
#define DIGITS_MAX 9

static bool is_blank(const char *p, const char *end)
{
	return p == end || *p == ' ' || *p == '\t';
}

static size_t width(char c, size_t column)
{
	return c == '\t' ? 4 - column % 4 : 1;
}

/* Bytes of the mark of an item at p; 0: there is none. */
static size_t mark(const char *p, const char *end)
{
	size_t n = 0;

	if (p < end && strchr("-*+", *p))
		return is_blank(p + 1, end) ? 1 : 0;
	while (p + n < end && n <= DIGITS_MAX && p[n] >= '0' && p[n] <= '9')
		n++;
	if (!n || n > DIGITS_MAX || p + n == end || (p[n] != '.' && p[n] != ')'))
		return 0;
	return is_blank(p + n + 1, end) ? n + 1 : 0;
}

struct md_line md_line_at(const char *s, const char *end)
{
	const char *lf = memchr(s, '\n', (size_t)(end - s));
	struct md_line l = { .s = s, .text = s, .end = lf ? lf : end };
	size_t n;

	for (; l.text < l.end && strchr(" \t>", *l.text); l.text++) {
		l.quotes += *l.text == '>';
		l.indent = *l.text == '>' ? 0 : l.indent + width(*l.text, l.indent);
	}
	if (l.quotes && l.indent)
		l.indent--; /* the space that belongs to the quote mark */
	l.column = l.indent;
	for (l.body = l.text; (n = mark(l.body, l.end)) > 0;) {
		l.body += n;
		l.column += n;
		for (; l.body < l.end && (*l.body == ' ' || *l.body == '\t'); l.body++)
			l.column += width(*l.body, l.column);
	}
	return l;
}

size_t md_fence_of(const struct md_line *l)
{
	const char *p = l->body;
	size_t n = 0;

	while (p + n < l->end && p[n] == *p && (*p == '`' || *p == '~'))
		n++;
	return n >= 3 ? n : 0;
}

long md_line_number(const struct md_line *l, char *delimiter)
{
	const char *p = l->text;
	long v = 0;

	if (p == l->end || *p < '0' || *p > '9' || !mark(p, l->end))
		return 0;
	for (; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (*p - '0');
	*delimiter = *p;
	return v == 1 ? 0 : v;
}

/* Where a quote or an item ends, so does the fence in it. */
static bool in_fence(struct md_place *p, const struct md_line *l)
{
	size_t n = md_fence_of(l);
	bool blank = l->text == l->end;

	if (l->quotes < p->fence_quotes || (!blank && l->indent < p->fence_content)) {
		p->fence = 0;
		return false;
	}
	if (l->body == l->text && n >= p->fence_len && *l->text == p->fence &&
		l->text + n + strspn(l->text + n, " \t") >= l->end)
		p->fence = 0;
	return true;
}

static bool open_fence(struct md_place *p, const struct md_line *l)
{
	size_t n = md_fence_of(l);

	if (!n || (*l->body == '`' && memchr(l->body + n, '`', (size_t)(l->end - l->body) - n)))
		return false;
	p->fence = *l->body;
	p->fence_len = n;
	p->fence_quotes = l->quotes;
	p->fence_content = p->content;
	return true;
}

bool md_place_next(struct md_place *p, const struct md_line *l)
{
	bool code;

	if (p->fence && in_fence(p, l))
		return true;
	if (l->text == l->end) {
		p->paragraph = false;
		return false;
	}
	code = !p->paragraph && l->indent >= p->content + CODE_INDENT;
	if (code)
		return true;
	if (l->body > l->text) {
		p->content = l->column;
		p->list = true;
	} else if (!p->paragraph && l->indent < p->content) {
		p->content = l->indent;
		p->list = l->indent > 0;
	}
	if (open_fence(p, l)) {
		p->paragraph = false;
		return true;
	}
	p->paragraph = true;
	return false;
}
