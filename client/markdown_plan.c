/*
 * What a line is: which of the open quotes and lists it belongs to, which it begins, and what it then
 * holds. Nothing is changed here, so that half a line can be looked at.
 */
#include <stdio.h>
#include <string.h>

#include "client/markdown_block.h"

unsigned plan_indent(const struct cursor *c, size_t *end)
{
	unsigned columns = 0;
	size_t i = c->at;

	for (; i < c->n && (c->s[i] == ' ' || c->s[i] == '\t'); i++)
		columns += c->s[i] == '\t' ? INDENT_CODE - columns % INDENT_CODE : 1;
	*end = i;
	return columns;
}

void plan_skip_columns(struct cursor *c, unsigned columns)
{
	while (columns && c->at < c->n && c->s[c->at] == ' ') {
		c->at++;
		columns--;
	}
	if (columns && c->at < c->n && c->s[c->at] == '\t')
		c->at++;
}

static size_t match_containers(const struct markdown *m, struct cursor *c)
{
	size_t i, text;

	for (i = 0; i < m->depth; i++) {
		unsigned indent = plan_indent(c, &text);

		if (m->open[i].quote) {
			if (indent >= INDENT_CODE || text == c->n || c->s[text] != '>')
				break;
			c->at = text + 1;
			plan_skip_columns(c, 1);
		} else if (text < c->n) {
			if (indent < m->open[i].content)
				break;
			plan_skip_columns(c, m->open[i].content);
		}
	}
	return i;
}

static bool is_rule(const char *s, size_t n)
{
	size_t marks = 0;

	if (!n || !strchr("-*_", s[0]))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == s[0])
			marks++;
		else if (s[i] != ' ' && s[i] != '\t')
			return false;
	}
	return marks >= 3;
}

size_t plan_fence(const char *s, size_t n)
{
	size_t run = 0;

	if (!n || (s[0] != '`' && s[0] != '~'))
		return 0;
	while (run < n && s[run] == s[0])
		run++;
	return run >= 3 && !(s[0] == '`' && memchr(s + run, '`', n - run)) ? run : 0;
}

static size_t heading_at(const char *s, size_t n)
{
	size_t level = 0;

	while (level < n && s[level] == '#')
		level++;
	return level && level <= 6 && (level == n || s[level] == ' ' || s[level] == '\t') ? level : 0;
}

/* The bytes of a list marker at s without the space behind it; 0: none. */
static size_t marker_at(const char *s, size_t n, bool interrupts)
{
	size_t digits = 0;

	if (!n)
		return 0;
	if (s[0] == '-' || s[0] == '*' || s[0] == '+')
		return (n > 1 && s[1] == ' ') || (n == 1 && !interrupts) ? 1 : 0;
	while (digits < n && digits < 9 && s[digits] >= '0' && s[digits] <= '9')
		digits++;
	if (!digits || digits == n || (s[digits] != '.' && s[digits] != ')'))
		return 0;
	if (interrupts && !(digits == 1 && s[0] == '1'))
		return 0;
	return digits + 1 == n ? (interrupts ? 0 : digits + 1) : s[digits + 1] == ' ' ? digits + 1 : 0;
}

static void make_item(const struct markdown *m, struct container *k, const char *s, size_t marker)
{
	bool bullet = marker == 1;

	*k = (struct container){ .columns = (unsigned)marker + 1 };
	if (bullet)
		(void)snprintf(k->marker, sizeof(k->marker), "%s ", m->look.utf8 ? "\xE2\x80\xA2" : "-");
	else
		(void)snprintf(k->marker, sizeof(k->marker), "%.*s ", (int)marker, s);
}

static bool plan_item(const struct markdown *m, struct plan *p, struct cursor *c, unsigned indent, size_t text, bool interrupts)
{
	struct container *k = &p->fresh[p->nfresh];
	size_t marker = marker_at(c->s + text, c->n - text, interrupts);
	size_t behind;
	unsigned space;

	if (!marker)
		return false;
	make_item(m, k, c->s + text, marker);
	c->at = text + marker;
	space = plan_indent(c, &behind);
	if (behind == c->n || space > INDENT_CODE)
		space = 1;
	plan_skip_columns(c, space);
	k->content = indent + (unsigned)marker + space;
	p->nfresh++;
	return true;
}

static enum leaf leaf_at(const char *s, size_t n)
{
	if (heading_at(s, n))
		return HEADING;
	if (plan_fence(s, n))
		return FENCE;
	if (is_rule(s, n))
		return RULE;
	return PARAGRAPH;
}

/* New containers from the cursor on, then the kind of leaf. */
static void plan_rest(const struct markdown *m, struct plan *p, struct cursor *c)
{
	bool in_prose = m->leaf == PARAGRAPH && p->matched == m->depth;
	size_t text;

	for (;;) {
		unsigned indent = plan_indent(c, &text);
		const char *s = c->s + text;
		size_t n = c->n - text;

		p->indent = indent;
		p->rest = text;
		p->blank = !n;
		if (!n)
			return;
		if (indent >= INDENT_CODE) {
			p->leaf = in_prose || (m->leaf == PARAGRAPH && !p->nfresh) ? PARAGRAPH : CODE;
			return;
		}
		p->leaf = leaf_at(s, n);
		if (p->leaf != PARAGRAPH || m->depth + p->nfresh >= DEPTH)
			return;
		if (s[0] == '>') {
			p->fresh[p->nfresh++] = (struct container){ .quote = true };
			c->at = text + 1;
			plan_skip_columns(c, 1);
		} else if (!plan_item(m, p, c, indent, text, in_prose && !p->nfresh)) {
			return;
		}
		in_prose = false;
	}
}

struct plan plan_line(const struct markdown *m, const char *s, size_t n)
{
	struct cursor c = { .s = s, .n = n };
	struct plan p = { .leaf = NONE };

	p.matched = match_containers(m, &c);
	p.rest = c.at;
	if (m->leaf == FENCE && p.matched == m->depth)
		return p;
	plan_rest(m, &p, &c);
	/* Prose goes on without the marks of its containers. */
	p.lazy = m->leaf == PARAGRAPH && p.matched < m->depth && !p.nfresh && p.leaf == PARAGRAPH && !p.blank;
	return p;
}
