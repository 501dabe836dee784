/*
 * The source as cmark may see it. The cmark-gfm of Debian 12 takes quadratic time or memory on some
 * inputs, and drops cells of a row that is longer than its header; both are settled here, line by line,
 * before it reads a byte: stretches that would cost too much lose their meaning (stand-ins, md_in.h),
 * headers become as wide as their widest row, display math of several lines gets a fence.
 */
#include <string.h>

#include "common/attr.h"
#include "daemon/pdf/md_in.h"
#include "daemon/pdf/md_line.h"

#define BRACKETS_MAX 1000 /* that are open at once in one stretch of lines */
#define RUN_MAX 1000      /* of one bracket or quote mark in a row */
#define WWW_MAX 200       /* "www." within one word: each might begin an address that reaches to its end */
#define COLUMNS_MAX 1000
#define BEFORE_MAX 2000   /* lines of a paragraph right above a table */

struct guard {
	struct md_job *j;
	const char *at, *end;
	struct buf *out;
	struct md_place place;
	size_t stretch;       /* lines since the last blank one */
	bool plain;           /* the stretch loses its meaning */
};

static void put(struct guard *g, const char *s, size_t n)
{
	if (buf_add(g->out, s, n) != 0)
		arena_out_of_memory();
}

static void put_byte(struct guard *g, uint8_t c)
{
	if (buf_add_byte(g->out, c) != 0)
		arena_out_of_memory();
}

static struct md_line line_at(const struct guard *g, const char *s)
{
	return md_line_at(s, g->end);
}

static const char *after(const struct guard *g, const struct md_line *l)
{
	return l->end < g->end ? l->end + 1 : g->end;
}

static bool is_blank(const struct md_line *l)
{
	return l->text == l->end;
}

/* ---- containers ---- */

/* Where the mark stands that would open one container too many; NULL: there is none. */
static const char *too_deep(const struct md_line *l)
{
	size_t depth = 0;

	for (const char *p = l->s; p < l->end; p++) {
		bool item = (*p == '-' || *p == '*' || *p == '+') && p + 1 < l->end && (p[1] == ' ' || p[1] == '\t');

		if (*p == '>' || item) {
			if (++depth > MD_DEPTH_MAX)
				return p;
		} else if (*p >= '0' && *p <= '9') {
			while (p + 1 < l->end && p[1] >= '0' && p[1] <= '9')
				p++;
			if (p + 1 == l->end || (p[1] != '.' && p[1] != ')'))
				return NULL;
			if (++depth > MD_DEPTH_MAX)
				return p;
			p++;
		} else if (*p != ' ' && *p != '\t') {
			return NULL;
		}
	}
	return NULL;
}

/* ---- what a stretch of lines would cost ---- */

static bool is_costly(const struct guard *g, const char *s)
{
	size_t open = 0, run = 0, www = 0;
	char before = 0;

	for (; s < g->end; s++) {
		if (*s == '\n' && (s + 1 == g->end || s[1] == '\n'))
			break;
		run = *s == before && strchr("()[]<!", *s) ? run + 1 : 0;
		before = *s;
		open += *s == '[';
		open -= *s == ']' && open;
		www = *s == ' ' || *s == '\n' ? 0 : www + (*s == 'w' && g->end - s > 3 && !memcmp(s, "www.", 4));
		if (open > BRACKETS_MAX || run > RUN_MAX || www > WWW_MAX)
			return true;
	}
	return false;
}

static void put_plain(struct guard *g, const char *s, const char *end)
{
	for (; s < end; s++) {
		const char *c = *s ? strchr(md_plain_chars, *s) : NULL;

		put_byte(g, c ? (uint8_t)(IN_FIRST + (c - md_plain_chars)) : (uint8_t)*s);
	}
}

/*
 * cmark takes "[^" up to its "]" for a footnote whatever stands between, and when that is on another line
 * it counts the bytes wrong and drops the rest. A name has no space, bracket or what hides one.
 */
static void put_notes(struct guard *g, const char *s, const char *end)
{
	for (const char *from = s; s < end; s++) {
		const char *p = s + 2;

		if (*s == '[' && s + 1 < end && s[1] == '^') {
			while (p < end && !strchr(" \t\n[]\\`<$", *p))
				p++;
			if (p == end || *p != ']') {
				put(g, from, (size_t)(s + 1 - from));
				put_byte(g, IN_DEFUSE);
				from = s + 1;
			}
		}
		if (s + 1 == end)
			put(g, from, (size_t)(end - from));
	}
}

/*
 * "[1]: report.txt", as a list of sources has it, would define where each [1] links to, and be gone: of a
 * number that has a source it stays what it looks like.
 */
static const char *defines_source(const struct guard *g, const struct md_line *l)
{
	const char *p = l->body + 1;
	int number = 0;

	if (l->body == l->end || *l->body != '[')
		return NULL;
	for (; p < l->end && p - l->body < 6 && *p >= '0' && *p <= '9'; p++)
		number = number * 10 + (*p - '0');
	if (l->end - p < 2 || p == l->body + 1 || p[0] != ']' || p[1] != ':')
		return NULL;
	return md_is_source(g->j->options, number) ? p + 1 : NULL;
}

/* ---- tables ---- */

/* Cells of a row as cmark counts them: a bar without a backslash before it parts two. */
static size_t cells_of(const struct md_line *l)
{
	const char *p = l->body, *end = l->end;
	size_t n = 1;

	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (p < end && *p == '|')
		p++;
	if (end > p && end[-1] == '|' && !(end - 1 > p && end[-2] == '\\'))
		end--;
	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '|')
			n++;
	}
	return n;
}

static bool is_delimiter(const struct md_line *l)
{
	bool dash = false, bar = false;

	for (const char *p = l->text; p < l->end; p++) {
		dash |= *p == '-';
		bar |= *p == '|' || *p == ':';
		if (!strchr("|-: \t", *p))
			return false;
	}
	return dash && bar;
}

struct table {
	struct md_line head, rule;
	size_t columns, widest, rows;
};

/* The table whose header is this line, from what stands below it. */
static bool table_at(const struct guard *g, const struct md_line *head, struct table *t)
{
	struct md_line l;

	if (head->text - head->s > 60 || after(g, head) == g->end)
		return false;
	*t = (struct table){ .head = *head, .rule = line_at(g, after(g, head)) };
	if (!is_delimiter(&t->rule) || (head->body > head->text && t->rule.indent < head->column))
		return false;
	t->rule.body = t->rule.text; /* "- | -" is no item */
	t->columns = t->widest = cells_of(&t->rule);
	if (cells_of(head) != t->columns)
		return false;
	for (const char *p = after(g, &t->rule); p < g->end; p = after(g, &l)) {
		size_t n;

		l = line_at(g, p);
		if (is_blank(&l) || md_fence_of(&l))
			break;
		n = cells_of(&l);
		t->widest = max_of(t->widest, n);
		t->rows++;
	}
	return true;
}

/* The line with room for `more` further cells. */
static void put_widened(struct guard *g, const struct md_line *l, const char *cell, size_t more)
{
	const char *end = l->end;

	while (end > l->text && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	put_notes(g, l->s, end);
	if (end > l->text && (end[-1] != '|' || (end - 1 > l->text && end[-2] == '\\')))
		put_byte(g, '|');
	for (; more; more--)
		put(g, cell, strlen(cell));
	put_byte(g, '\n');
}

/* Header and delimiter row; *next: the line below them. False: nothing about it needs a change. */
static bool settle_table(struct guard *g, const struct md_line *head, const char **next)
{
	struct table t;

	if (!table_at(g, head, &t))
		return false;
	if (t.columns > COLUMNS_MAX || t.widest > COLUMNS_MAX || (t.rows + 1) * t.widest > MD_CELLS_MAX) {
		report_warn(g->j->report, "cells", "a table of more than %d cells is shown as its source", MD_CELLS_MAX);
		put(g, head->s, (size_t)(head->text - head->s));
		put_plain(g, head->text, head->end);
		put_byte(g, '\n');
		put(g, t.rule.s, (size_t)(t.rule.text - t.rule.s));
		put_byte(g, IN_TABLE);
		*next = after(g, &t.rule);
		put_plain(g, t.rule.text, t.rule.end);
		put(g, t.rule.end, (size_t)(*next - t.rule.end));
		return true;
	}
	if (g->stretch > BEFORE_MAX)
		put_byte(g, '\n'); /* the table does not depend on what is above it; cmark's time does */
	if (t.widest == t.columns)
		return false;
	report_warn(g->j->report, "ragged", "a row of a table has more cells than its header; columns were added for them");
	put_widened(g, &t.head, " |", t.widest - t.columns);
	put_widened(g, &t.rule, "-|", t.widest - t.columns);
	*next = after(g, &t.rule);
	return true;
}

/* ---- display math ---- */

static bool is_only(const struct md_line *l, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(l->end - l->text) >= n && !memcmp(l->text, word, n) && l->text + n + strspn(l->text + n, " \t") >= l->end;
}

/* The end of the line that closes the formula that opens here, NULL: none does before a blank line. */
static const char *math_end(const struct guard *g, const struct md_line *open)
{
	const char *close = is_only(open, "$$") ? "$$" : is_only(open, "\\[") ? "\\]" : NULL;
	struct md_line l;

	for (const char *p = close ? after(g, open) : g->end; p < g->end; p = after(g, &l)) {
		l = line_at(g, p);
		if (is_blank(&l))
			return NULL;
		if (is_only(&l, close))
			return after(g, &l);
	}
	return NULL;
}

static void put_fence(struct guard *g, const struct md_line *like, bool open)
{
	static const char marks[] = "~~~~~~~~~~~~";

	put(g, like->s, (size_t)(like->text - like->s));
	put(g, marks, sizeof(marks) - 1);
	if (open)
		put_byte(g, IN_FENCE);
	put_byte(g, '\n');
}

/* ---- lists right below a paragraph ---- */

/* "3." is the start of a list when "4." stands on the next line; alone it may be a year or the end of a sentence. */
static bool begins_list(const struct guard *g, const struct md_line *l)
{
	char delimiter = 0, after_it = 0;
	long number = md_line_number(l, &delimiter);
	struct md_line next;

	if (!number || after(g, l) == g->end)
		return false;
	next = line_at(g, after(g, l));
	return next.quotes == l->quotes && md_line_number(&next, &after_it) == number + 1 && after_it == delimiter;
}

/* ---- line by line ---- */

static void put_line(struct guard *g, const struct md_line *l)
{
	const char *deep = too_deep(l), *colon = deep ? NULL : defines_source(g, l), *from = l->s, *next = after(g, l);
	size_t bars = 0;

	for (const char *p = l->s; p < l->end && bars <= COLUMNS_MAX; p++)
		bars += *p == '|';
	if (deep) {
		report_warn(g->j->report, "depth", "lists and quotes nested deeper than %d are shown at that depth", MD_DEPTH_MAX);
		put(g, from, (size_t)(deep - from));
		put_byte(g, IN_DEFUSE);
		from = deep;
	} else if (colon) {
		put(g, from, (size_t)(colon - from));
		put_byte(g, IN_DEFUSE);
		from = colon;
	}
	if (bars > COLUMNS_MAX)
		report_warn(g->j->report, "columns", "a row of more than %d cells is shown as its source", COLUMNS_MAX);
	if (g->plain || bars > COLUMNS_MAX) {
		put_plain(g, from, l->end);
		put(g, l->end, (size_t)(next - l->end));
	} else {
		put_notes(g, from, next);
	}
}

/* One line, or those that go together; where to go on. */
static const char *take(struct guard *g)
{
	struct md_line l = line_at(g, g->at);
	const char *next = after(g, &l), *stop;
	bool first = !g->place.paragraph, list = g->place.list, code = md_place_next(&g->place, &l);

	if (is_blank(&l)) {
		g->stretch = 0;
		g->plain = false;
		put(g, l.s, (size_t)(next - l.s));
		return next;
	}
	if (!g->stretch++ && is_costly(g, l.s)) {
		report_warn(g->j->report, "brackets", "a paragraph with more than %d open brackets, or %d addresses in a word, is shown without its markup", BRACKETS_MAX, WWW_MAX);
		g->plain = true;
	}
	if (code || g->plain) {
		put_line(g, &l);
		return next;
	}
	if (!first && !list && begins_list(g, &l)) {
		put(g, l.s, (size_t)(l.text - l.s));
		put_byte(g, '\n');
		g->stretch = 1;
	}
	stop = math_end(g, &l);
	if (stop) {
		put_fence(g, &l, true);
		put(g, l.s, (size_t)(stop - l.s));
		if (g->out->data[g->out->len - 1] != '\n')
			put_byte(g, '\n');
		put_fence(g, &l, false);
		return stop;
	}
	if (!settle_table(g, &l, &next))
		put_line(g, &l);
	return next;
}

void md_guard(struct md_job *j, struct buf *text)
{
	struct buf out = { 0 };
	struct guard g = { .j = j, .at = (const char *)text->data, .out = &out };

	g.end = g.at + text->len;
	while (g.at < g.end)
		g.at = take(&g);
	buf_fini(text);
	*text = out;
}
