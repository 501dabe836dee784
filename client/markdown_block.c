/* Lines into blocks: what a line's plan says is done to what is open. */
#include <string.h>

#include "client/markdown_block.h"

/* A held row that turned out to be prose. */
static void candidate_is_prose(struct markdown *m)
{
	put_prose_begin(m);
	put_prose(m, (const char *)m->table.text.data, m->table.text.len, false);
}

void block_end(struct markdown *m)
{
	if (m->leaf == CANDIDATE)
		candidate_is_prose(m);
	if (m->leaf == PARAGRAPH)
		put_prose_end(m);
	else if (m->leaf == TABLE)
		put_table(m);
	else if (m->leaf == FENCE && m->look.styled)
		put_rule(m, "", 0);
	m->leaf = NONE;
}

static bool fence_ends(const struct markdown *m, const char *s, size_t n, size_t at)
{
	struct cursor c = { .s = s, .n = n, .at = at };
	size_t text, run = 0;

	if (plan_indent(&c, &text) >= INDENT_CODE)
		return false;
	while (text + run < n && s[text + run] == m->fence)
		run++;
	return run >= m->fence_len && text + run + strspn(s + text + run, " \t") >= n;
}

static void fence_line(struct markdown *m, const char *s, size_t n, size_t at)
{
	struct cursor c = { .s = s, .n = n, .at = at };

	if (fence_ends(m, s, n, at)) {
		if (!m->look.styled)
			put_line(m, s + at, n - at, 0);
		m->leaf = m->look.styled ? m->leaf : NONE;
		block_end(m);
		return;
	}
	plan_skip_columns(&c, m->fence_indent);
	put_line(m, s + c.at, n - c.at, 0);
}

static void begin_fence(struct markdown *m, const char *s, size_t n, unsigned indent)
{
	size_t run = plan_fence(s, n), from = run, to;

	put_begin(m);
	m->leaf = FENCE;
	m->fence = s[0];
	m->fence_len = run;
	m->fence_indent = indent;
	if (!m->look.styled) {
		put_line(m, s, n, 0);
		return;
	}
	while (from < n && s[from] == ' ')
		from++;
	for (to = from; to < n && s[to] != ' ' && to - from < 40; to++)
		;
	put_rule(m, s + from, to - from);
}

/* What is held of a long table is drawn; the rows that come get its head again. */
static void table_goes_on(struct markdown *m)
{
	struct buf *t = &m->table.text;
	const uint8_t *head = memchr(t->data, '\n', t->len), *rule = memchr(head + 1, '\n', t->len - (size_t)(head + 1 - t->data));

	put_table(m);
	t->len = (size_t)(rule + 1 - t->data);
	m->leaf = TABLE;
	m->blank = true;
}

static void add_row(struct markdown *m, const char *s, size_t n)
{
	(void)buf_add(&m->table.text, s, n);
	(void)buf_add_byte(&m->table.text, '\n');
}

/* A line while a table may be, or is, before it. True: the line is part of it. */
static bool table_line(struct markdown *m, const struct plan *p, const char *s, size_t n)
{
	const struct buf *t = &m->table.text;
	bool same = p->matched == m->depth && !p->nfresh && p->leaf == PARAGRAPH && !p->blank;

	if (m->leaf == CANDIDATE) {
		if (!same || !table_is_delimiter(s + p->rest, n - p->rest, (const char *)t->data, t->len - 1)) {
			candidate_is_prose(m);
			return false;
		}
		m->leaf = TABLE;
	} else if (!same) {
		block_end(m);
		return false;
	} else if (t->len + n > TABLE_BYTES_MAX) {
		table_goes_on(m);
	}
	add_row(m, s + p->rest, n - p->rest);
	return true;
}

/* An item that ends with nothing in it is still an item. */
static void show_empty_item(struct markdown *m)
{
	const struct container *last = m->depth ? &m->open[m->depth - 1] : NULL;

	if (!last || !last->fresh || last->quote)
		return;
	put_begin(m);
	put_line(m, "", 0, 0);
}

static void open_containers(struct markdown *m, const struct plan *p)
{
	if (p->matched < m->depth || p->nfresh)
		block_end(m);
	if (p->matched < m->depth)
		show_empty_item(m);
	m->depth = p->matched;
	for (size_t i = 0; i < p->nfresh && m->depth < DEPTH; i++) {
		m->open[m->depth] = p->fresh[i];
		m->open[m->depth++].fresh = true;
	}
}

static void blank_line(struct markdown *m, const struct plan *p)
{
	block_end(m);
	/* A quote ends with a line that has no mark of it; a list item goes on. */
	for (size_t i = p->matched; i < m->depth; i++)
		if (m->open[i].quote) {
			open_containers(m, &(struct plan){ .matched = i });
			break;
		}
	m->blank = true;
}

void block_end_all(struct markdown *m)
{
	block_end(m);
	open_containers(m, &(struct plan){ .matched = 0 });
	m->blank = false;
}

static bool may_be_row(const struct markdown *m, const char *s, size_t n)
{
	return table_may_begin(s, n) && (s[0] == '|' || m->leaf != PARAGRAPH);
}

static void leaf_line(struct markdown *m, const struct plan *p, const char *s, size_t n, bool complete)
{
	const char *text = s + p->rest;
	size_t len = n - p->rest;

	if (p->leaf != PARAGRAPH)
		block_end(m);
	if (p->leaf == HEADING) {
		put_heading(m, text, len);
	} else if (p->leaf == FENCE) {
		begin_fence(m, text, len, p->indent);
	} else if (p->leaf == RULE) {
		put_begin(m);
		put_rule(m, "", 0);
	} else if (p->leaf == CODE) {
		put_begin(m);
		for (unsigned i = p->indent - INDENT_CODE; i && p->rest >= p->indent; i--)
			text--, len++;
		(void)buf_add_str(&m->flow.first, "    ");
		put_line(m, text, len, m->look.styled ? INK_CODE : 0);
	} else if (complete && may_be_row(m, text, len)) {
		block_end(m);
		buf_reset(&m->table.text);
		add_row(m, text, len);
		m->leaf = CANDIDATE;
	} else {
		if (m->leaf != PARAGRAPH)
			put_prose_begin(m);
		put_prose(m, text, len, false);
		if (complete)
			put_prose(m, "\n", 1, false);
	}
}

void block_line(struct markdown *m, const char *s, size_t n)
{
	struct plan p = plan_line(m, s, n);

	if (m->leaf == FENCE && p.matched == m->depth) {
		fence_line(m, s, n, p.rest);
		return;
	}
	if (m->leaf == CANDIDATE || m->leaf == TABLE) {
		if (table_line(m, &p, s, n))
			return;
		p = plan_line(m, s, n);
	}
	if (p.blank && !p.nfresh) {
		blank_line(m, &p);
		return;
	}
	if (!p.lazy)
		open_containers(m, &p);
	if (!p.blank)
		leaf_line(m, &p, s, n, true);
}

bool block_begin(struct markdown *m, const char *s, size_t n)
{
	struct plan p;

	if (m->leaf == FENCE || m->leaf == CANDIDATE || m->leaf == TABLE)
		return false;
	p = plan_line(m, s, n);
	if (p.blank || p.leaf != PARAGRAPH || p.rest + 4 > n || may_be_row(m, s + p.rest, n - p.rest))
		return false;
	if (strchr("-*_`~#", s[p.rest]) && strspn(s + p.rest, "-*_`~# ") >= n - p.rest)
		return false;
	if (!p.lazy)
		open_containers(m, &p);
	leaf_line(m, &p, s, n, false);
	return true;
}
