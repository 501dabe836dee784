/*
 * What is LaTeX and what is a price. A formula is shown as its source, so to take a few words for one
 * costs them a font, and to take a formula for words costs it its underscores: the rule is pandoc's with a
 * look at what is inside.
 *
 *	$...$     on one line; no space just inside; no digit after, no letter or digit before
 *	$$...$$   no blank line inside
 *	\(...\)   when the inside is one short word or has a sign of mathematics
 *	\[...\]   when the inside has a sign of mathematics: "\[1\]" is an escaped bracket
 */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/md_in.h"

#define INLINE_MAX 1000  /* bytes of $...$ and \(...\) */
#define DISPLAY_MAX 8000 /* of $$...$$ and \[...\]; also what bounds the search for a partner */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;
}

static bool has_sign(const char *s, size_t n)
{
	static const char signs[] = { '\\', '^', '_', '=', '{', '}', '<', '>', '+', IN_BACKSLASH };

	for (size_t i = 0; i < n; i++)
		if (memchr(signs, s[i], sizeof(signs)))
			return true;
	return false;
}

/* No sign, but what a formula may be: x, n-1, O(n), 2/3. Not: 5 or 6. */
static bool is_short_term(const char *s, size_t n)
{
	size_t letters = 0;

	for (size_t i = 0; i < n; i++) {
		if (is_space(s[i]))
			return false;
		letters = is_word(s[i]) && !is_digit(s[i]) ? letters + 1 : 0;
		if (letters > 3)
			return false;
	}
	return n > 0 && n <= 16;
}

static bool has_blank_line(const char *s, size_t n)
{
	bool blank = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n' && blank)
			return true;
		if (s[i] == '\n')
			blank = true;
		else if (!is_space(s[i]))
			blank = false;
	}
	return false;
}

static bool only_space(const char *s, size_t n)
{
	while (n && is_space(s[n - 1]))
		n--;
	return n == 0;
}

/* "$$" at s. */
static size_t display_dollars(const char *s, size_t n)
{
	n = min_of(n, (size_t)DISPLAY_MAX);
	for (size_t i = 2; i + 1 < n; i++) {
		if (s[i] == '\\') {
			i++;
			continue;
		}
		if (s[i] != '$' || s[i + 1] != '$')
			continue;
		return only_space(s + 2, i - 2) || has_blank_line(s + 2, i - 2) ? 0 : i + 2;
	}
	return 0;
}

/* "$" at s: the next one ends it or nothing does. */
static size_t inline_dollar(const char *s, size_t n, char before)
{
	size_t i = 1;

	if (is_word(before) || n < 3 || is_space(s[1]))
		return 0;
	for (n = min_of(n, (size_t)INLINE_MAX); i < n && s[i] != '$'; i++) {
		if (s[i] == '\n')
			return 0;
		if (s[i] == '\\')
			i++;
	}
	if (i >= n || i == 1 || is_space(s[i - 1]) || (i + 1 < n && is_digit(s[i + 1])))
		return 0;
	if (has_sign(s + 1, i - 1))
		return i + 1;
	return is_short_term(s + 1, i - 1) && !is_digit(s[1]) ? i + 1 : 0;
}

/* "\(" or "\[" at s; escape is the byte that the backslash is. */
static size_t brackets(const char *s, size_t n, char escape)
{
	bool display = s[1] == '[';
	char open = s[1], close = display ? ']' : ')';

	n = min_of(n, (size_t)(display ? DISPLAY_MAX : INLINE_MAX));
	for (size_t i = 2; i + 1 < n; i++) {
		if (s[i] != '\\' && s[i] != escape)
			continue;
		if (s[i + 1] == open)
			return 0; /* which also keeps the whole linear */
		if (s[i + 1] != close) {
			i++;
			continue;
		}
		if (only_space(s + 2, i - 2) || has_blank_line(s + 2, i - 2))
			return 0;
		return has_sign(s + 2, i - 2) || (!display && is_short_term(s + 2, i - 2)) ? i + 2 : 0;
	}
	return 0;
}

size_t md_math_at(const char *s, size_t n, char before)
{
	if (n < 3)
		return 0;
	if (*s == '$' && s[1] == '$')
		return display_dollars(s, n);
	if (*s == '$')
		return inline_dollar(s, n, before);
	if ((*s == IN_BACKSLASH || *s == '\\') && (s[1] == '(' || s[1] == '['))
		return brackets(s, n, IN_BACKSLASH);
	return 0;
}

void md_math_mark(char *s, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		size_t len;

		if (s[i] != '\\')
			continue;
		len = s[i + 1] == '(' || s[i + 1] == '[' ? brackets(s + i, n - i, '\\') : 0;
		if (len)
			s[i] = IN_BACKSLASH;
		i += len ? len - 1 : 1; /* an escape takes the character after it */
	}
}

bool md_math_alone(const struct md_block *b)
{
	return b->nspans == 1 && b->spans->marks == MD_INLINE_MATH && b->len > 4 &&
	       (!memcmp(b->text, "$$", 2) || !memcmp(b->text, "\\[", 2));
}
