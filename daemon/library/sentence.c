/* Sentence ends, found from the mark backwards (what kind of dot) and forwards (what follows). */
#include "daemon/library/sentence.h"

#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/library/fold.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t sentence_skip_space(const char *s, size_t n, size_t at)
{
	while (at < n && is_space(s[at]))
		at++;
	return at;
}

/* ---- lines ---- */

bool sentence_line_opens(const char *s, size_t n, size_t at)
{
	size_t digits = 0;
	char c;

	while (at < n && (s[at] == ' ' || s[at] == '\t'))
		at++;
	if (at >= n)
		return false;
	c = s[at];
	if (c == '|' || c == '#' || c == '>')
		return true;
	if (c == '-' || c == '*' || c == '+')
		return at + 1 < n && (is_space(s[at + 1]) || s[at + 1] == c);
	if (n - at > 3 && !memcmp(s + at, "\xe2\x80\xa2", 3)) /* bullet */
		return true;
	while (digits < 4 && at + digits < n && is_digit(s[at + digits]))
		digits++;
	return digits && digits < 4 && at + digits + 1 < n &&
	       (s[at + digits] == '.' || s[at + digits] == ')') && is_space(s[at + digits + 1]);
}

/* At a line end: is it the sentence's as well? */
static bool line_ends_sentence(const char *s, size_t n, size_t at)
{
	size_t next = at + 1;

	while (next < n && (s[next] == ' ' || s[next] == '\t' || s[next] == '\r'))
		next++;
	return next >= n || s[next] == '\n' || s[next] == '\f' || sentence_line_opens(s, n, next);
}

/* ---- marks ---- */

/* A mark that ends a sentence whatever follows: its bytes, else 0. */
static size_t full_mark(const char *s, size_t n, size_t at)
{
	static const char *const marks[] = {
		"\xe3\x80\x82", /* ideographic full stop */
		"\xef\xbc\x81", "\xef\xbc\x9f",
		"\xef\xbd\xa1",                 /* full-width ! and ?, half-width stop */
		"\xe0\xa5\xa4", "\xe0\xa5\xa5", /* danda */
		"\xd8\x9f", "\xdb\x94",         /* Arabic question mark, Urdu stop */
		"\xd6\x89", "\xe1\x8d\xa2", "\xe1\x9f\x94", /* Armenian, Ethiopic, Khmer */
	};

	for (size_t i = 0; i < array_len(marks); i++) {
		size_t len = strlen(marks[i]);

		if (n - at >= len && !memcmp(s + at, marks[i], len))
			return len;
	}
	return 0;
}

/* Behind a mark: further marks, closing quotes and brackets, a reference like [12] or [3,4]. */
static size_t skip_closers(const char *s, size_t n, size_t at)
{
	static const char *const wide[] = { "\xe2\x80\x9d", "\xe2\x80\x99", "\xc2\xbb",
		"\xe3\x80\x8d", "\xe3\x80\x8f", "\xef\xbc\x89", "\xe3\x80\x91", "\xe2\x80\xa6" };
	size_t ref, len;

	for (;;) {
		if (at < n && strchr(".!?)]\"'*_`", s[at]) && s[at]) {
			at++;
			continue;
		}
		len = at < n ? full_mark(s, n, at) : 0;
		for (size_t i = 0; !len && i < array_len(wide); i++)
			if (n - at >= strlen(wide[i]) && !memcmp(s + at, wide[i], strlen(wide[i])))
				len = strlen(wide[i]);
		at += len;
		if (len)
			continue;
		for (ref = at + 1; at < n && s[at] == '[' && ref < n && ref - at < 16 &&
				   (is_digit(s[ref]) || strchr(", -", s[ref]));)
			ref++;
		if (ref == at + 1 || ref >= n || s[ref] != ']')
			return at;
		at = ref + 1;
	}
}

/* The word that ends right before the dot, letters and inner dots: where it begins. */
static size_t word_before(const char *s, size_t from, size_t dot)
{
	size_t at = dot;

	while (at > from && (is_alpha(s[at - 1]) || s[at - 1] == '.' || (s[at - 1] & 0x80)) &&
		dot - at < 16)
		at--;
	return at;
}

static bool is_one_of(const char *const *known, size_t count, const char *word, size_t n)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(known[i]) == n && !strncasecmp(known[i], word, n))
			return true;
	return false;
}

/* `number`: a digit follows; some words are abbreviations only before one ("no. 5"). */
static bool is_abbreviation(const char *word, size_t n, bool number)
{
	static const char *const known[] = { "al", "approx", "bzw", "ca", "cf", "co", "corp", "d.h",
		"dept", "dr", "e.g", "eds", "eqs", "est", "etc", "fig", "figs", "gen", "gov", "hon",
		"i.e", "inc", "jr", "lt", "ltd", "mr", "mrs", "ms", "mt", "nr", "prof", "resp",
		"rev", "sen", "sr", "st", "suppl", "u.a", "usw", "viz", "vs", "z.b" };
	static const char *const numbered[] = { "apr", "art", "aug", "ch", "dec", "ed", "eq", "feb",
		"jan", "jul", "jun", "mar", "no", "nos", "nov", "oct", "op", "p", "pp", "ref",
		"refs", "sec", "sep", "sept", "tab", "vol", "vols" };

	return is_one_of(known, array_len(known), word, n) ||
	       (number && is_one_of(numbered, array_len(numbered), word, n));
}

/* What follows a numeral with a dot in German: "am 3. Oktober", "im 19. Jahrhundert". */
static bool numbers_next(const char *s, size_t n)
{
	static const char *const known[] = { "Jan", "Feb", "M\xc3\xa4r", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt",
		"Nov", "Dez", "J\xc3\xa4nner", "Jahrhundert", "Jh", "Jahrtausend", "Weltkrieg", "Auflage", "Tag ", "Klasse",
		"Platz", "Bundesliga", "Kapitel", "Lebensjahr" };

	for (size_t i = 0; i < array_len(known); i++)
		if (n >= strlen(known[i]) && !memcmp(s, known[i], strlen(known[i])))
			return true;
	return false;
}

/* A dot that belongs to what is before it: an abbreviation, an initial, the number of a list item.
 */
static bool dot_is_inner(const char *s, size_t from, size_t dot, size_t next, size_t n)
{
	size_t word = word_before(s, from, dot), len = dot - word, at = dot;

	if (next == n)
		return false;
	if (len == 1 && s[word] >= 'A' && s[word] <= 'Z')
		return true;
	if (len && is_abbreviation(s + word, len, is_digit(s[next])))
		return true;
	if (len > 2 && s[word + 1] == '.') /* U.S., a.m.: an end only before a capital */
		return s[next] < 'A' || s[next] > 'Z';
	while (at > from && is_digit(s[at - 1]))
		at--;
	if (at < dot && dot - at <= 2 && numbers_next(s + next, n - next))
		return true;
	return at == from && at < dot; /* "1. Introduction" */
}

/* A small letter goes on with the sentence; scripts without case tell nothing, and the mark
 * decides. */
static bool goes_on(const char *s, size_t n, size_t at)
{
	uint32_t cp = 0;

	return at < n && utf8_decode(s + at, n - at, &cp) > 0 && fold_lower(cp);
}

static size_t trim_end(const char *s, size_t from, size_t end)
{
	while (end > from + 1 && is_space(s[end - 1]))
		end--;
	return end;
}

size_t sentence_end(const char *s, size_t n, size_t at)
{
	size_t from = at;

	while (at < n) {
		size_t mark, end, next;

		if (s[at] == '\f' || (s[at] == '\n' && line_ends_sentence(s, n, at)))
			return at > from ? trim_end(s, from, at) : at + 1;
		mark = (s[at] & 0x80) ? full_mark(s, n, at) : 0;
		if (mark)
			return skip_closers(s, n, at + mark);
		if (s[at] != '.' && s[at] != '!' && s[at] != '?') {
			at++;
			continue;
		}
		end = skip_closers(s, n, at + 1);
		next = sentence_skip_space(s, n, end);
		if ((next > end || next == n) && !goes_on(s, n, next) &&
			!(s[at] == '.' && end == at + 1 && dot_is_inner(s, from, at, next, n)))
			return end;
		at = end;
	}
	return trim_end(s, from, n);
}
