/*
 * Inline Markdown over text that is still arriving. A mark that may open something is held until
 * what closes it is there, at most SPAN_MAX bytes on; then it is just a character. How far it
 * looks never depends on how much has arrived, only whether it can answer yet.
 */
#include <stdlib.h>
#include <string.h>

#include "client/markdown_in.h"
#include "common/attr.h"
#include "common/entity.h"
#include "common/str.h"
#include "common/utf8.h"

#define SPAN_MAX 1000 /* bytes between the marks of emphasis, a code span, a link's text */
#define LINK_MAX 2048 /* bytes of a link's address and title */
#define ENTITY_MAX (ENTITY_NAME_MAX + 2)
#define NESTING 8
#define LINKS_WITHIN 4 /* links that are looked for between the marks of emphasis: each may take LINK_MAX bytes to see */

struct scan {
	const char *s;
	size_t n;
	bool end;   /* nothing comes after n */
	const struct inlines *x;
	const struct sink *to;
	int depth;
};

/* What a mark turned out to be. */
enum verdict { LITERAL, TAKEN, WAIT };

static void parse(const struct scan *c, char before, ink k, size_t *used);

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool is_punctuation(char c)
{
	return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static bool is_word(char c)
{
	return !is_space(c) && !is_punctuation(c);
}

static size_t run_of(const struct scan *c, size_t at, char mark)
{
	size_t n = 0;

	while (at + n < c->n && c->s[at + n] == mark)
		n++;
	return n;
}

static void put(const struct scan *c, const char *s, size_t n, ink k)
{
	if (n)
		c->to->text(c->to->ctx, s, n, k);
}

/* A stretch within the text, parsed for itself. */
static void inner(const struct scan *c, size_t from, size_t n, ink k)
{
	struct scan part = *c;
	size_t used = 0;

	part.s += from;
	part.n = n;
	part.end = true;
	part.depth++;
	parse(&part, ' ', k, &used);
}

/* ---- code ---- */

/* The end of a code span that opens at `at` with `run` marks: where its text ends. */
static enum verdict code_end(const struct scan *c, size_t at, size_t run, size_t *end)
{
	size_t last = at + run + SPAN_MAX, n;

	for (size_t i = at + run; i < c->n && i < last; i += n) {
		n = 1;
		if (c->s[i] != '`')
			continue;
		n = run_of(c, i, '`');
		if (i + n == c->n && !c->end)
			return WAIT;
		if (n == run) {
			*end = i;
			return TAKEN;
		}
	}
	return c->end || c->n >= last ? LITERAL : WAIT;
}

static enum verdict take_code(const struct scan *c, size_t at, ink k, size_t *used)
{
	size_t run = run_of(c, at, '`'), end = 0, from = at + run;
	enum verdict v;

	if (at + run == c->n && !c->end)
		return WAIT;
	v = code_end(c, at, run, &end);
	*used = run;
	if (v != TAKEN)
		return v;
	*used = end + run - at;
	if (!c->x->look->styled) {
		put(c, c->s + at, *used, k);
		return TAKEN;
	}
	/* One space on each side belongs to the marks, as in `` `a` ``. */
	if (end - from > 2 && c->s[from] == ' ' && c->s[end - 1] == ' ') {
		from++;
		end--;
	}
	put(c, c->s + from, end - from, k | INK_CODE);
	return TAKEN;
}

/* ---- emphasis ---- */

/* <https://...> and <a href="..."> hide marks as code does: what is between is an address. 0: it is none. */
static size_t angle_hides(const struct scan *c, size_t at, bool *wait)
{
	static const char *const schemes[] = { "http://", "https://", "mailto:" };
	const char *s = c->s + at + 1;
	size_t end = at + 1, n;

	while (end < c->n && end - at < SPAN_MAX && c->s[end] != '>' && c->s[end] != '<' && c->s[end] != '\n')
		end++;
	if (end == c->n) {
		*wait = !c->end && end - at < SPAN_MAX;
		return 0;
	}
	n = end - at - 1;
	if (c->s[end] != '>')
		return 0;
	for (size_t i = 0; i < array_len(schemes); i++)
		if (n > strlen(schemes[i]) && !memcmp(s, schemes[i], strlen(schemes[i])))
			return n + 2;
	/* A tag has an attribute that is quoted; "a <b and c> d" has none. */
	return n && is_word(s[0]) && (memmem(s, n, "=\"", 2) || memmem(s, n, "='", 2)) ? n + 2 : 0;
}

/* Steps over what hides a mark: an escape, a code span, an address. 0: nothing of the kind is here. */
static size_t hidden(const struct scan *c, size_t i, bool *wait)
{
	size_t end = 0, run;

	if (c->s[i] == '\\')
		return 2;
	if (c->s[i] == '<')
		return angle_hides(c, i, wait);
	if (c->s[i] != '`')
		return 0;
	run = run_of(c, i, '`');
	switch (code_end(c, i, run, &end)) {
	case TAKEN:
		return end + run - i;
	case WAIT:
		*wait = true;
		return run;
	default:
		return run;
	}
}

static bool closes(const struct scan *c, char mark, size_t at, size_t run)
{
	if (is_space(c->s[at - 1]))
		return false;
	return mark != '_' || at + run == c->n || !is_word(c->s[at + run]);
}

static enum verdict bracket_end(const struct scan *c, size_t from, size_t *end);
static enum verdict address_end(const struct scan *c, size_t at, size_t *end, size_t *url, size_t *url_len);

/* A link is one before the marks in it are. 0: none begins here. */
static size_t link_hides(const struct scan *c, size_t at, bool *wait)
{
	size_t text_end = 0, end = 0, url, url_len;
	enum verdict v = bracket_end(c, at + 1, &text_end);

	if (v == TAKEN && text_end + 1 >= c->n)
		v = c->end ? LITERAL : WAIT;
	else if (v == TAKEN)
		v = c->s[text_end + 1] == '(' ? address_end(c, text_end + 1, &end, &url, &url_len) : LITERAL;
	*wait = v == WAIT;
	return v == TAKEN ? end - at : 0;
}

/* Where a run of `want` marks closes what opened before `from`. */
static enum verdict mark_end(const struct scan *c, size_t from, char mark, size_t want, size_t *end)
{
	size_t last = from + SPAN_MAX, step, links = 0;
	bool wait = false;

	for (size_t i = from; i < c->n && i < last; i += step) {
		step = hidden(c, i, &wait);
		if (!step && !wait && c->s[i] == '[' && links++ < LINKS_WITHIN)
			step = link_hides(c, i, &wait);
		if (wait)
			return WAIT;
		if (step || c->s[i] != mark) {
			step = step ? step : 1;
			continue;
		}
		step = run_of(c, i, mark);
		if (i + step == c->n && !c->end)
			return WAIT;
		/* "*a **b***": the last of the marks are ours. */
		if (i > from && (step == want || (step == 3 && want < 3)) && closes(c, mark, i, step)) {
			*end = i + step - want;
			return TAKEN;
		}
	}
	return c->end || c->n >= last ? LITERAL : WAIT;
}

static ink ink_of(char mark, size_t run)
{
	static const ink by_run[] = { 0, INK_ITALIC, INK_BOLD, INK_BOLD | INK_ITALIC };

	return mark == '~' ? INK_STRIKE : by_run[run];
}

static enum verdict take_emphasis(const struct scan *c, size_t at, char before, ink k, size_t *used)
{
	char mark = c->s[at];
	size_t run = run_of(c, at, mark), end = 0;
	enum verdict v;

	*used = run;
	if (at + run == c->n)
		return c->end ? LITERAL : WAIT;
	if (run > 3 || (mark == '~' && run != 2) || is_space(c->s[at + run]) || c->depth >= NESTING ||
		(mark == '_' && is_word(before)))
		return LITERAL;
	v = mark_end(c, at + run, mark, run, &end);
	if (v != TAKEN)
		return v;
	*used = end + run - at;
	if (c->x->look->styled) {
		inner(c, at + run, end - at - run, k | ink_of(mark, run));
	} else {
		put(c, c->s + at, run, k);
		inner(c, at + run, end - at - run, k);
		put(c, c->s + end, run, k);
	}
	return TAKEN;
}

/* ---- links ---- */

static enum verdict bracket_end(const struct scan *c, size_t from, size_t *end)
{
	size_t last = from + SPAN_MAX, step, depth = 0;
	bool wait = false;

	for (size_t i = from; i < c->n && i < last; i += step) {
		step = hidden(c, i, &wait);
		if (wait)
			return WAIT;
		if (step)
			continue;
		step = 1;
		if (c->s[i] == '[') {
			depth++;
		} else if (c->s[i] == ']' && !depth--) {
			*end = i;
			return TAKEN;
		}
	}
	return c->end || c->n >= last ? LITERAL : WAIT;
}

/* "(address "title")" from `at`, the parenthesis: where it ends, and the address within. */
static enum verdict address_end(const struct scan *c, size_t at, size_t *end, size_t *url, size_t *url_len)
{
	size_t last = at + LINK_MAX, depth = 0, i = at + 1, from;
	char quote = 0;

	while (i < c->n && c->s[i] == ' ')
		i++;
	from = *url = i;
	for (; i < c->n && i < last && (is_space(c->s[i]) ? i == from : c->s[i] != ')' || depth); i++)
		depth += c->s[i] == '(' ? 1 : c->s[i] == ')' ? -1UL : 0;
	*url_len = i - from;
	for (; i < c->n && i < last; i++) {
		if (quote ? c->s[i] == quote : c->s[i] == '"' || c->s[i] == '\'')
			quote = quote ? 0 : c->s[i];
		else if (!quote && c->s[i] == ')') {
			*end = i + 1;
			return TAKEN;
		} else if (!quote && !is_space(c->s[i])) {
			return LITERAL;
		}
	}
	return c->end || c->n >= last ? LITERAL : WAIT;
}

static void put_link(const struct scan *c, size_t text, size_t text_len, size_t url, size_t url_len, bool image, ink k)
{
	const char *u = c->s + url;
	bool bare = text_len == url_len && !memcmp(c->s + text, u, url_len);
	unsigned link;

	if (url_len > 1 && u[0] == '<' && u[url_len - 1] == '>') {
		u++;
		url_len -= 2;
	}
	link = links_add(c->x->links, c->x->look, u, url_len);
	k |= (ink)(link << 8);
	if (image)
		put(c, "[image: ", 8, k);
	inner(c, text, text_len, image || !c->x->look->styled ? k : k | INK_UNDERLINE);
	if (image)
		put(c, "]", 1, k);
	/* The address is always seen: a text may say one thing and lead to another. */
	if (!bare && url_len) {
		put(c, " (", 2, k & 0xFF);
		put(c, u, url_len, (k & 0xFF) | INK_DIM);
		put(c, ")", 1, k & 0xFF);
	}
}

static enum verdict take_link(const struct scan *c, size_t at, ink k, size_t *used)
{
	bool image = c->s[at] == '!';
	size_t text = at + 1 + image, text_end = 0, end = 0, url = 0, url_len = 0;
	enum verdict v;

	*used = 1;
	if (text >= c->n && !c->end)
		return WAIT;
	if (c->depth >= NESTING || (image && (at + 1 >= c->n || c->s[at + 1] != '[')))
		return LITERAL;
	v = bracket_end(c, text, &text_end);
	if (v != TAKEN)
		return v;
	if (text_end + 1 >= c->n)
		return c->end ? LITERAL : WAIT;
	if (c->s[text_end + 1] != '(')
		return LITERAL;
	v = address_end(c, text_end + 1, &end, &url, &url_len);
	if (v != TAKEN)
		return v;
	*used = end - at;
	put_link(c, text, text_end - text, url, url_len, image, k);
	return TAKEN;
}

/* <https://...> loses its brackets, <br> is a line break; any other tag is text. */
static enum verdict take_angle(const struct scan *c, size_t at, ink k, size_t *used)
{
	size_t end = at + 1, n;
	const char *s = c->s + at + 1;
	unsigned link;

	*used = 1;
	while (end < c->n && end - at < SPAN_MAX && c->s[end] != '>' && c->s[end] != '<' && !is_space(c->s[end]))
		end++;
	if (end == c->n && end - at < SPAN_MAX && !c->end)
		return WAIT;
	n = end - at - 1;
	/* "<br />" */
	if (n == 2 && end + 2 >= c->n && !c->end)
		return WAIT;
	if (n == 2 && !strncmp(s, "br", 2) && end + 2 < c->n && !strncmp(s + 2, " />", 3))
		end += 2;
	if (end >= c->n || c->s[end] != '>')
		return LITERAL;
	*used = end + 1 - at;
	if ((n == 2 && !strncmp(s, "br", 2)) || (n == 3 && !strncmp(s, "br/", 3))) {
		c->to->line_break(c->to->ctx);
		return TAKEN;
	}
	if (n < 8 || (strncmp(s, "http://", 7) != 0 && strncmp(s, "https://", 8) != 0 && strncmp(s, "mailto:", 7) != 0)) {
		*used = 1;
		return LITERAL;
	}
	link = links_add(c->x->links, c->x->look, s, n);
	put(c, s, n, k | (ink)(link << 8) | (c->x->look->styled ? INK_UNDERLINE : 0));
	return TAKEN;
}

/* ---- entities ---- */

/* The filter stood before this text: nothing comes out of an entity that it would not have let pass. */
static bool is_harmless(uint32_t cp)
{
	return cp >= ' ' && !utf8_is_control(cp) && !(cp >= 0xD800 && cp <= 0xDFFF) && !(cp >= 0xFFF9 && cp <= 0xFFFB) &&
	       !(cp >= 0xE0000 && cp <= 0xE007F) && (cp < 0x80 || cp > 0x9F);
}

static enum verdict take_entity(const struct scan *c, size_t at, ink k, size_t *used)
{
	size_t end = at + 1, n, len = 0;
	uint32_t cp[2];
	char out[8];

	*used = 1;
	while (end < c->n && end - at < ENTITY_MAX && is_word(c->s[end] == '#' ? 'a' : c->s[end]))
		end++;
	if (end == c->n && end - at < ENTITY_MAX && !c->end)
		return WAIT;
	if (end >= c->n || c->s[end] != ';')
		return LITERAL;
	n = entity_decode(c->s + at + 1, end - at - 1, cp);
	for (size_t i = 0; i < n; i++) {
		if (!is_harmless(cp[i]) || (cp[i] > 0x7E && !c->x->look->utf8))
			return LITERAL;
		len += utf8_encode(cp[i], out + len);
	}
	if (!n)
		return LITERAL;
	put(c, out, len, k);
	*used = end + 1 - at;
	return TAKEN;
}

/* ---- one pass ---- */

static enum verdict take_escape(const struct scan *c, size_t at, ink k, size_t *used)
{
	*used = 1;
	if (at + 1 >= c->n)
		return c->end ? LITERAL : WAIT;
	if (c->s[at + 1] == '\n')
		return TAKEN; /* a hard break: every line end is one here */
	if (!is_punctuation(c->s[at + 1]))
		return LITERAL;
	put(c, c->s + at + (c->x->look->styled ? 1 : 0), c->x->look->styled ? 1 : 2, k);
	*used = 2;
	return TAKEN;
}

static enum verdict take_mark(const struct scan *c, size_t at, char before, ink k, size_t *used)
{
	switch (c->s[at]) {
	case '\\':
		return take_escape(c, at, k, used);
	case '`':
		return take_code(c, at, k, used);
	case '*':
	case '_':
	case '~':
		return take_emphasis(c, at, before, k, used);
	case '[':
	case '!':
		return take_link(c, at, k, used);
	case '<':
		return take_angle(c, at, k, used);
	case '&':
		return take_entity(c, at, k, used);
	default: /* a line feed */
		*used = 1;
		c->to->line_break(c->to->ctx);
		return TAKEN;
	}
}

/* *used: the bytes that are done with; the rest waits for more. */
static void parse(const struct scan *c, char before, ink k, size_t *used)
{
	size_t i = 0, plain;

	while (i < c->n) {
		enum verdict v;
		size_t n = 0;

		for (plain = i; plain < c->n && !strchr("\\`*_~[!<&\n", c->s[plain]); plain++)
			;
		put(c, c->s + i, plain - i, k);
		i = plain;
		if (i == c->n)
			break;
		v = take_mark(c, i, i ? c->s[i - 1] : before, k, &n);
		if (v == WAIT)
			break;
		if (v == LITERAL)
			put(c, c->s + i, n, k);
		i += n;
	}
	*used = i;
}

void inlines_feed(struct inlines *x, const char *s, size_t n, bool end, ink k, const struct sink *to)
{
	struct scan c = { .end = end, .x = x, .to = to };
	size_t used = 0;

	(void)buf_add(&x->held, s, n);
	c.s = (const char *)x->held.data;
	c.n = x->held.len;
	if (c.n)
		parse(&c, x->before ? x->before : ' ', k, &used);
	if (used)
		x->before = c.s[used - 1];
	buf_consume(&x->held, used);
	if (end)
		x->before = ' ';
}
