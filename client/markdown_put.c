/* What blocks look like: bars and marks before their lines, headings, rules, prose, tables. */
#include <string.h>

#include "client/markdown_block.h"
#include "client/term.h"

/* ---- what stands before a line ---- */

static unsigned add_prefix(struct markdown *m, struct buf *b, bool first, size_t depth)
{
	unsigned columns = 0;

	for (size_t i = 0; i < depth; i++) {
		struct container *c = &m->open[i];

		if (c->quote) {
			ink_change(&m->look, &m->links, 0, m->look.styled ? INK_DIM : 0, b);
			(void)buf_add_str(b, m->look.utf8 ? "\xE2\x94\x82" : ">");
			ink_change(&m->look, &m->links, m->look.styled ? INK_DIM : 0, 0, b);
			(void)buf_add_byte(b, ' ');
			columns += 2;
			continue;
		}
		if (first && c->marker[0])
			(void)buf_add_str(b, c->marker);
		else
			(void)buf_addf(b, "%*s", (int)c->columns, "");
		columns += c->columns;
	}
	return columns;
}

void put_begin(struct markdown *m)
{
	struct flow *f = &m->flow;

	if (m->blank && m->begun) {
		size_t depth = 0;

		/* The bars of the quotes that go on; a new one begins below the blank line. */
		while (depth < m->depth && !m->open[depth].fresh)
			depth++;
		(void)add_prefix(m, m->out, false, depth);
		while (m->out->len && m->out->data[m->out->len - 1] == ' ')
			m->out->len--;
		(void)buf_add_byte(m->out, '\n');
	}
	m->blank = false;
	m->begun = true;
	buf_reset(&f->first);
	buf_reset(&f->rest);
	f->first_columns = add_prefix(m, &f->first, true, m->depth);
	f->rest_columns = add_prefix(m, &f->rest, false, m->depth);
	f->begun = f->open = false;
	f->words = NULL;
	for (size_t i = 0; i < m->depth; i++) {
		if (m->open[i].quote && m->words.len)
			f->words = &m->words;
		m->open[i].marker[0] = '\0';
		m->open[i].fresh = false;
	}
}

/* ---- prose ---- */

static void sink_text(void *ctx, const char *s, size_t n, ink k)
{
	struct markdown *m = ctx;

	flow_text(&m->flow, s, n, k, m->out);
}

static void sink_break(void *ctx)
{
	struct markdown *m = ctx;

	if (m->flow.open || m->flow.word.text.len)
		flow_break(&m->flow, m->out);
}

void put_prose(struct markdown *m, const char *s, size_t n, bool end)
{
	const struct sink to = { sink_text, sink_break, m };

	inlines_feed(&m->inlines, s, n, end, m->ink, &to);
}

void put_prose_end(struct markdown *m)
{
	put_prose(m, "", 0, true);
	sink_break(m);
	m->leaf = NONE;
}

void put_prose_begin(struct markdown *m)
{
	put_begin(m);
	m->ink = 0;
	m->leaf = PARAGRAPH;
}

/* ---- lines ---- */

void put_line(struct markdown *m, const char *s, size_t n, ink k)
{
	struct buf *before = m->flow.begun ? &m->flow.rest : &m->flow.first;

	(void)buf_add(m->out, before->data, before->len);
	m->flow.begun = true;
	ink_change(&m->look, &m->links, 0, k, m->out);
	(void)buf_add(m->out, s, n);
	ink_change(&m->look, &m->links, k, 0, m->out);
	while (!n && m->out->len && m->out->data[m->out->len - 1] == ' ')
		m->out->len--;
	(void)buf_add_byte(m->out, '\n');
}

void put_rule(struct markdown *m, const char *label, size_t n)
{
	unsigned width = m->look.width ? m->look.width : 72, used = m->flow.rest_columns;
	const char *dash = m->look.utf8 ? "\xE2\x94\x80" : "-";
	struct buf line = { 0 };

	if (n) {
		(void)buf_addf(&line, "%s%s %.*s ", dash, dash, (int)n, label);
		used += 4 + (unsigned)term_text_width(label, n);
	}
	do
		(void)buf_add_str(&line, dash);
	while (++used < width);
	put_line(m, (const char *)line.data, line.len, m->look.styled ? INK_DIM : 0);
	buf_fini(&line);
}

void put_heading(struct markdown *m, const char *s, size_t n)
{
	size_t level = 0, from;

	while (level < n && s[level] == '#')
		level++;
	for (from = level; from < n && s[from] == ' '; from++)
		;
	put_begin(m);
	m->ink = 0;
	if (m->look.styled) {
		m->ink = level == 1 ? INK_BOLD | INK_UNDERLINE : INK_BOLD;
		while (n > from && s[n - 1] == ' ')
			n--;
		for (level = n; level > from && s[level - 1] == '#'; level--)
			;
		if (level == from || s[level - 1] == ' ')
			n = level; /* closing marks */
	} else {
		flow_text(&m->flow, s, from, 0, m->out);
	}
	put_prose(m, s + from, n - from, true);
	sink_break(m);
	m->leaf = NONE;
}

void put_table(struct markdown *m)
{
	put_begin(m);
	if (m->flow.first.len != m->flow.rest.len || memcmp(m->flow.first.data ? m->flow.first.data : (uint8_t *)"",
							     m->flow.rest.data ? m->flow.rest.data : (uint8_t *)"", m->flow.first.len) != 0) {
		/* The mark of a list item gets a line of its own. */
		put_line(m, "", 0, 0);
	}
	table_draw(&m->table, &m->look, &m->links, &m->flow.rest, m->flow.rest_columns, m->out);
	m->leaf = NONE;
}
