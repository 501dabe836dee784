/*
 * Blocks. A source line is held until it is complete, or until its first HOLD bytes show that it can
 * be nothing but prose: from there its words go out as they come. (A table whose rows have no bar
 * at their begin would need the whole line to be known; it stays as written unless it is short.) A plan of the line is made without
 * touching the state, so that looking at half a line changes nothing.
 */
#include "client/markdown.h"

#include <stdlib.h>
#include <string.h>

#include "client/markdown_in.h"
#include "client/term.h"
#include "common/mem.h"
#include "common/utf8.h"

#define HOLD 12
#define DEPTH 16      /* nested quotes and lists; deeper marks stay as written */
#define INDENT_CODE 4

struct container {
	bool quote;
	bool fresh;       /* nothing of it is shown yet: its bar begins with its first line */
	unsigned content; /* list item: columns its content is indented by */
	char marker[16];  /* what is shown before its first line; "" once shown */
	unsigned columns; /* of the marker: later lines are indented by as much */
};

enum leaf { NONE, PARAGRAPH, HEADING, RULE, FENCE, CODE, CANDIDATE, TABLE };

struct plan {
	size_t matched;           /* of the open containers */
	struct container fresh[DEPTH];
	size_t nfresh;
	enum leaf leaf;
	bool blank, lazy;
	size_t rest;              /* where the leaf's text begins */
	unsigned indent;          /* columns before it */
};

struct markdown {
	struct markdown_look look;
	struct links links;
	struct container open[DEPTH];
	size_t depth;
	enum leaf leaf;
	char fence;
	size_t fence_len;
	unsigned fence_indent;
	struct buf in;    /* at most the begin of a character */
	struct buf line;  /* the source line that is held */
	bool waits;       /* for the line's end: what it is was looked at */
	bool streams;     /* the rest of this line is prose */
	bool blank;       /* a blank line is due before the next block */
	bool begun;
	struct inlines inlines;
	struct flow flow;
	struct table table;
	ink ink;
	struct buf words; /* bold within quotes, a line each */
	struct buf *out;
};

struct markdown *markdown_new(const struct markdown_look *look)
{
	struct markdown *m = mem_new(sizeof(*m));

	m->look = *look;
	m->inlines = (struct inlines){ .look = &m->look, .links = &m->links };
	m->flow = (struct flow){ .look = &m->look, .links = &m->links };
	return m;
}

void *markdown_free(struct markdown *m)
{
	if (!m)
		return NULL;
	links_fini(&m->links);
	buf_fini(&m->in);
	buf_fini(&m->line);
	buf_fini(&m->inlines.held);
	buf_fini(&m->table.text);
	buf_fini(&m->words);
	flow_fini(&m->flow);
	return mem_free(m);
}

void markdown_words(struct markdown *m, const char *lines, size_t n)
{
	buf_reset(&m->words);
	(void)buf_add(&m->words, lines, n);
}

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

static void begin_block(struct markdown *m)
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

static void prose(struct markdown *m, const char *s, size_t n, bool end)
{
	const struct sink to = { sink_text, sink_break, m };

	inlines_feed(&m->inlines, s, n, end, m->ink, &to);
}

static void end_prose(struct markdown *m)
{
	prose(m, "", 0, true);
	sink_break(m);
	m->leaf = NONE;
}

static void begin_prose(struct markdown *m)
{
	begin_block(m);
	m->ink = 0;
	m->leaf = PARAGRAPH;
}

/* ---- lines ---- */

static void put_line(struct markdown *m, const char *s, size_t n, ink k)
{
	struct buf *before = m->flow.begun ? &m->flow.rest : &m->flow.first;

	(void)buf_add(m->out, before->data, before->len);
	m->flow.begun = true;
	ink_change(&m->look, &m->links, 0, k, m->out);
	(void)buf_add(m->out, s, n);
	ink_change(&m->look, &m->links, k, 0, m->out);
	(void)buf_add_byte(m->out, '\n');
}

static void put_rule(struct markdown *m, const char *label, size_t n)
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

static void put_heading(struct markdown *m, const char *s, size_t n)
{
	size_t level = 0, from;

	while (level < n && s[level] == '#')
		level++;
	for (from = level; from < n && s[from] == ' '; from++)
		;
	begin_block(m);
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
	prose(m, s + from, n - from, true);
	sink_break(m);
	m->leaf = NONE;
}

static void put_table(struct markdown *m)
{
	begin_block(m);
	if (m->flow.first.len != m->flow.rest.len || memcmp(m->flow.first.data ? m->flow.first.data : (uint8_t *)"",
							     m->flow.rest.data ? m->flow.rest.data : (uint8_t *)"", m->flow.first.len) != 0) {
		/* The mark of a list item gets a line of its own. */
		put_line(m, "", 0, 0);
	}
	table_draw(&m->table, &m->look, &m->links, &m->flow.rest, m->flow.rest_columns, m->out);
	m->leaf = NONE;
}

/* A held row that turned out to be prose. */
static void candidate_is_prose(struct markdown *m)
{
	begin_prose(m);
	prose(m, (const char *)m->table.text.data, m->table.text.len, false);
}

static void end_leaf(struct markdown *m)
{
	if (m->leaf == CANDIDATE)
		candidate_is_prose(m);
	if (m->leaf == PARAGRAPH)
		end_prose(m);
	else if (m->leaf == TABLE)
		put_table(m);
	else if (m->leaf == FENCE && m->look.styled)
		put_rule(m, "", 0);
	m->leaf = NONE;
}

/* ---- the plan of a line ---- */

struct cursor {
	const char *s;
	size_t n, at;
};

static unsigned indent_at(const struct cursor *c, size_t *end)
{
	unsigned columns = 0;
	size_t i = c->at;

	for (; i < c->n && (c->s[i] == ' ' || c->s[i] == '\t'); i++)
		columns += c->s[i] == '\t' ? INDENT_CODE - columns % INDENT_CODE : 1;
	*end = i;
	return columns;
}

/* Steps over at most `columns` of white space. */
static void skip_columns(struct cursor *c, unsigned columns)
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
		unsigned indent = indent_at(c, &text);

		if (m->open[i].quote) {
			if (indent >= INDENT_CODE || text == c->n || c->s[text] != '>')
				break;
			c->at = text + 1;
			skip_columns(c, 1);
		} else if (text < c->n) {
			if (indent < m->open[i].content)
				break;
			skip_columns(c, m->open[i].content);
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

static size_t fence_at(const char *s, size_t n)
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
	space = indent_at(c, &behind);
	if (behind == c->n || space > INDENT_CODE)
		space = 1;
	skip_columns(c, space);
	k->content = indent + (unsigned)marker + space;
	p->nfresh++;
	return true;
}

static enum leaf leaf_at(const char *s, size_t n)
{
	if (heading_at(s, n))
		return HEADING;
	if (fence_at(s, n))
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
		unsigned indent = indent_at(c, &text);
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
			skip_columns(c, 1);
		} else if (!plan_item(m, p, c, indent, text, in_prose && !p->nfresh)) {
			return;
		}
		in_prose = false;
	}
}

static struct plan plan_line(const struct markdown *m, const char *s, size_t n)
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

/* ---- carrying it out ---- */

static bool fence_ends(const struct markdown *m, const char *s, size_t n, size_t at)
{
	struct cursor c = { .s = s, .n = n, .at = at };
	size_t text, run = 0;

	if (indent_at(&c, &text) >= INDENT_CODE)
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
		end_leaf(m);
		return;
	}
	skip_columns(&c, m->fence_indent);
	put_line(m, s + c.at, n - c.at, 0);
}

static void begin_fence(struct markdown *m, const char *s, size_t n, unsigned indent)
{
	size_t run = fence_at(s, n), from = run, to;

	begin_block(m);
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

static void add_row(struct markdown *m, const char *s, size_t n)
{
	(void)buf_add(&m->table.text, s, n);
	(void)buf_add_byte(&m->table.text, '\n');
	m->table.rows++;
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
	} else if (!same || t->len + n > TABLE_BYTES_MAX) {
		end_leaf(m);
		return false;
	}
	add_row(m, s + p->rest, n - p->rest);
	return true;
}

static void open_containers(struct markdown *m, const struct plan *p)
{
	if (p->matched < m->depth || p->nfresh)
		end_leaf(m);
	m->depth = p->matched;
	for (size_t i = 0; i < p->nfresh && m->depth < DEPTH; i++) {
		m->open[m->depth] = p->fresh[i];
		m->open[m->depth++].fresh = true;
	}
}

static void blank_line(struct markdown *m, const struct plan *p)
{
	end_leaf(m);
	/* A quote ends with a line that has no mark of it; a list item goes on. */
	for (size_t i = p->matched; i < m->depth; i++)
		if (m->open[i].quote) {
			m->depth = i;
			break;
		}
	open_containers(m, &(struct plan){ .matched = m->depth, .nfresh = 0 });
	m->blank = true;
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
		end_leaf(m);
	if (p->leaf == HEADING) {
		put_heading(m, text, len);
	} else if (p->leaf == FENCE) {
		begin_fence(m, text, len, p->indent);
	} else if (p->leaf == RULE) {
		begin_block(m);
		put_rule(m, "", 0);
	} else if (p->leaf == CODE) {
		begin_block(m);
		for (unsigned i = p->indent - INDENT_CODE; i && p->rest >= p->indent; i--)
			text--, len++;
		(void)buf_add_str(&m->flow.first, "    ");
		put_line(m, text, len, m->look.styled ? INK_CODE : 0);
	} else if (complete && may_be_row(m, text, len)) {
		end_leaf(m);
		buf_reset(&m->table.text);
		m->table.rows = 0;
		add_row(m, text, len);
		m->leaf = CANDIDATE;
	} else {
		if (m->leaf != PARAGRAPH)
			begin_prose(m);
		prose(m, text, len, false);
		if (complete)
			prose(m, "\n", 1, false);
	}
}

static void take_line(struct markdown *m, const char *s, size_t n)
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

/* HOLD bytes of a line are here. True: it is prose, and has begun. */
static bool take_begin(struct markdown *m, const char *s, size_t n)
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

/* ---- bytes ---- */

/* Bytes at the end of s that begin a character without ending it. */
static size_t cut_character(const uint8_t *s, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		uint8_t c = s[n - back];

		if (c >= 0xC0)
			return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u) > back ? back : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

/* The next stretch of the held line: up to its end, or to the point where it is looked at. */
static size_t stretch(const struct markdown *m, const char *s, size_t n)
{
	const char *end = memchr(s, '\n', n);
	size_t all = end ? (size_t)(end - s) + 1 : n, want = all;

	if (!m->streams && !m->waits && m->line.len < HOLD)
		want = HOLD - m->line.len;
	while (want < all && ((uint8_t)s[want] & 0xC0) == 0x80)
		want++;
	return want < all ? want : all;
}

static void end_source_line(struct markdown *m)
{
	if (m->streams)
		prose(m, "\n", 1, false);
	else
		take_line(m, buf_cstr(&m->line), m->line.len);
	buf_reset(&m->line);
	m->streams = m->waits = false;
}

static void take(struct markdown *m, const char *s, size_t n)
{
	bool ends = n && s[n - 1] == '\n';
	size_t text = n - ends;

	if (m->streams)
		prose(m, s, text, false);
	else
		(void)buf_add(&m->line, s, text);
	if (ends) {
		end_source_line(m);
	} else if (!m->streams && !m->waits && m->line.len >= HOLD) {
		m->streams = take_begin(m, buf_cstr(&m->line), m->line.len);
		m->waits = !m->streams;
	}
}

static void take_all(struct markdown *m, const char *s, size_t n)
{
	for (size_t used; n; s += used, n -= used) {
		used = stretch(m, s, n);
		take(m, s, used);
	}
}

void markdown_feed(struct markdown *m, const char *s, size_t n, struct buf *out)
{
	size_t whole;

	m->out = out;
	(void)buf_add(&m->in, s, n);
	whole = m->in.len - cut_character(m->in.data, m->in.len);
	take_all(m, (const char *)m->in.data, whole);
	buf_consume(&m->in, whole);
}

void markdown_end(struct markdown *m, struct buf *out)
{
	m->out = out;
	take_all(m, (const char *)m->in.data, m->in.len);
	buf_reset(&m->in);
	if (m->streams || m->line.len)
		end_source_line(m);
	end_leaf(m);
	m->depth = 0;
	m->blank = false;
}

/* ---- the terminal ---- */

/* Those that say who they are; within tmux or screen it is not they who draw. */
static bool knows_hyperlinks(void)
{
	static const char *const programs[] = { "iTerm.app", "WezTerm", "vscode", "ghostty" };
	const char *program = term_environment("TERM_PROGRAM"), *vte = term_environment("VTE_VERSION");

	if (term_environment("TMUX") || term_environment("STY"))
		return false;
	for (size_t i = 0; program && i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!strcmp(program, programs[i]))
			return true;
	return term_environment("KITTY_WINDOW_ID") || term_environment("KONSOLE_VERSION") || (vte && strtol(vte, NULL, 10) >= 5000);
}

void markdown_width(struct markdown *m, unsigned width)
{
	m->look.width = width;
}

struct markdown_look markdown_look(unsigned width, bool color)
{
	return (struct markdown_look){
		.width = width,
		.styled = color,
		.utf8 = term_utf8(),
		.hyperlinks = color && knows_hyperlinks(),
	};
}
