/*
 * Inline Markdown over text that is still arriving. A mark that may open something is held until
 * what closes it is there, at most SPAN_MAX bytes on; then it is just a character. How far it
 * looks never depends on how much has arrived, only whether it can answer yet.
 */
#include <string.h>

#include "client/markdown_scan.h"
#include "common/entity.h"
#include "common/utf8.h"

#define ENTITY_MAX (ENTITY_NAME_MAX + 2)
#define LINKS_WITHIN 4 /* links that are looked for between the marks of emphasis: each may take 2 KiB to see */

static void parse(const struct scan *c, char before, ink k, size_t *used);

size_t scan_run(const struct scan *c, size_t at, char mark)
{
	size_t n = 0;

	while (at + n < c->n && c->s[at + n] == mark)
		n++;
	return n;
}

void scan_put(const struct scan *c, const char *s, size_t n, ink k)
{
	if (n)
		c->to->text(c->to->ctx, s, n, k);
}

/* A stretch within the text, parsed for itself. */
void scan_inner(const struct scan *c, size_t from, size_t n, ink k)
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
		n = scan_run(c, i, '`');
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
	size_t run = scan_run(c, at, '`'), end = 0, from = at + run;
	enum verdict v;

	if (at + run == c->n && !c->end)
		return WAIT;
	v = code_end(c, at, run, &end);
	*used = run;
	if (v != TAKEN)
		return v;
	*used = end + run - at;
	if (!c->x->look->styled) {
		scan_put(c, c->s + at, *used, k);
		return TAKEN;
	}
	/* One space on each side belongs to the marks, as in `` `a` ``. */
	if (end - from > 2 && c->s[from] == ' ' && c->s[end - 1] == ' ') {
		from++;
		end--;
	}
	scan_put(c, c->s + from, end - from, k | INK_CODE);
	return TAKEN;
}

/* ---- emphasis ---- */

/* Steps over what hides a mark: an escape, a code span, an address. 0: nothing of the kind is here. */
size_t scan_hidden(const struct scan *c, size_t i, bool *wait)
{
	size_t end = 0, run;

	if (c->s[i] == '\\')
		return 2;
	if (c->s[i] == '<')
		return scan_angle(c, i, wait);
	if (c->s[i] != '`')
		return 0;
	run = scan_run(c, i, '`');
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

/* Where a run of `want` marks closes what opened before `from`. */
static enum verdict mark_end(const struct scan *c, size_t from, char mark, size_t want, size_t *end)
{
	size_t last = from + SPAN_MAX, step, links = 0;
	bool wait = false;

	for (size_t i = from; i < c->n && i < last; i += step) {
		step = scan_hidden(c, i, &wait);
		if (!step && !wait && c->s[i] == '[' && links++ < LINKS_WITHIN)
			step = scan_link(c, i, &wait);
		if (wait)
			return WAIT;
		if (step || c->s[i] != mark) {
			step = step ? step : 1;
			continue;
		}
		step = scan_run(c, i, mark);
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
	size_t run = scan_run(c, at, mark), end = 0;
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
		scan_inner(c, at + run, end - at - run, k | ink_of(mark, run));
	} else {
		scan_put(c, c->s + at, run, k);
		scan_inner(c, at + run, end - at - run, k);
		scan_put(c, c->s + end, run, k);
	}
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
	scan_put(c, out, len, k);
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
	scan_put(c, c->s + at + (c->x->look->styled ? 1 : 0), c->x->look->styled ? 1 : 2, k);
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
		scan_put(c, c->s + i, plain - i, k);
		i = plain;
		if (i == c->n)
			break;
		v = take_mark(c, i, i ? c->s[i - 1] : before, k, &n);
		if (v == WAIT)
			break;
		if (v == LITERAL)
			scan_put(c, c->s + i, n, k);
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
