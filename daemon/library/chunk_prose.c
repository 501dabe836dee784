/* Reads plain text and Markdown: which lines make a paragraph, a list item, a table, a heading. */
#include "daemon/library/chunk_in.h"

#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"

#define LEVELS 6
#define TITLE_MAX 120 /* bytes of one heading in the path */

/* The headings above the place read now. */
struct outline {
	char title[LEVELS][TITLE_MAX + 1];
	char path[CHUNK_HEADING + 1];
};

/* ---- headings ---- */

/* The text of a heading, without the marks of emphasis and code. */
static void title_set(char out[TITLE_MAX + 1], const char *s, size_t n)
{
	size_t len = 0, cut = utf8_floor(s, n, TITLE_MAX);

	for (size_t i = 0; i < cut; i++)
		if (s[i] != '*' && s[i] != '`')
			out[len++] = (unsigned char)s[i] < ' ' ? ' ' : s[i];
	while (len && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
}

static const char *outline_path(struct outline *o)
{
	size_t len = 0;

	o->path[0] = '\0';
	for (size_t i = 0; i < LEVELS; i++) {
		size_t n = strlen(o->title[i]);

		if (!n || len + n + 3 > CHUNK_HEADING)
			continue;
		if (len) {
			memcpy(o->path + len, " > ", 3);
			len += 3;
		}
		memcpy(o->path + len, o->title[i], n + 1);
		len += n;
	}
	return len ? o->path : NULL;
}

static void outline_set(struct outline *o, size_t level, const char *s, size_t n)
{
	for (size_t i = level; i <= LEVELS; i++)
		o->title[i - 1][0] = '\0';
	title_set(o->title[level - 1], s, n);
}

/* "## Title ##": its level, and where the title stands; 0: no heading. */
static size_t atx_level(const struct packer *p, const struct line *l, size_t *from, size_t *to)
{
	size_t at = l->body, level = 0;

	if (l->indent > 3)
		return 0;
	while (at < l->end && p->text[at] == '#' && level <= LEVELS) {
		at++;
		level++;
	}
	if (!level || level > LEVELS || (at < l->end && p->text[at] != ' ' && p->text[at] != '\t'))
		return 0;
	*to = l->end;
	while (*to > at && (p->text[*to - 1] == ' ' || p->text[*to - 1] == '#'))
		(*to)--;
	while (at < *to && (p->text[at] == ' ' || p->text[at] == '\t'))
		at++;
	*from = at;
	return level;
}

static bool is_run_of(const struct packer *p, const struct line *l, char c, size_t least)
{
	size_t at = l->body;

	while (at < l->end && p->text[at] == c)
		at++;
	if (at - l->body < least)
		return false;
	while (at < l->end && (p->text[at] == ' ' || p->text[at] == '\t'))
		at++;
	return at == l->end;
}

/* The line below a title: 1 for "====", 2 for "----", else 0. */
static size_t underline_level(const struct packer *p, const struct line *l)
{
	if (l->indent > 3)
		return 0;
	return is_run_of(p, l, '=', 3) ? 1 : is_run_of(p, l, '-', 3) ? 2 : 0;
}

/* ---- lines that open something ---- */

static bool opens_fence(const struct packer *p, const struct line *l)
{
	return l->end - l->body >= 3 &&
	       (!memcmp(p->text + l->body, "```", 3) || !memcmp(p->text + l->body, "~~~", 3));
}

static bool opens_item(const struct packer *p, const struct line *l)
{
	size_t at = l->body, digits = 0;

	if (at + 1 >= l->end)
		return false;
	if (strchr("-*+", p->text[at]))
		return p->text[at + 1] == ' ' || p->text[at + 1] == '\t';
	while (at < l->end && p->text[at] >= '0' && p->text[at] <= '9' && digits < 4) {
		at++;
		digits++;
	}
	return digits && at + 1 < l->end && (p->text[at] == '.' || p->text[at] == ')') &&
	       p->text[at + 1] == ' ';
}

static bool is_row(const struct packer *p, const struct line *l)
{
	return memchr(p->text + l->body, '|', l->end - l->body) != NULL;
}

/* "| --- | :-: |" below the names of the columns makes a table of them. */
static bool is_table_rule(const struct packer *p, const struct line *l)
{
	bool dash = false;

	for (size_t i = l->body; i < l->end; i++) {
		if (!strchr("|-: \t", p->text[i]) || !p->text[i])
			return false;
		dash = dash || p->text[i] == '-';
	}
	return dash && is_row(p, l);
}

static bool opens_table(const struct packer *p, const struct line *l)
{
	struct line rule;

	return is_row(p, l) && line_read(p, l->next, &rule) && is_table_rule(p, &rule);
}

/* ---- extents: where a block that begins at a line ends ---- */

static size_t skip_blank(const struct packer *p, size_t at)
{
	struct line l;

	while (line_read(p, at, &l) && line_blank(&l))
		at = l.next;
	return at;
}

static size_t fence_end(const struct packer *p, const struct line *open)
{
	char mark = p->text[open->body];
	struct line l;
	size_t at = open->next;

	while (line_read(p, at, &l)) {
		at = l.next;
		if (is_run_of(p, &l, mark, 3))
			break;
	}
	return at;
}

static size_t table_end(const struct packer *p, size_t at)
{
	struct line l;

	while (line_read(p, at, &l) && !line_blank(&l) && is_row(p, &l))
		at = l.next;
	return at;
}

/* A paragraph or an item goes on until a blank line, or one that opens something else. */
static size_t paragraph_end(const struct packer *p, const struct line *first, bool markdown)
{
	size_t at = first->next, from, to;
	struct line l;

	while (line_read(p, at, &l) && !line_blank(&l) && p->text[l.start] != '\f') {
		if (markdown &&
			(atx_level(p, &l, &from, &to) || opens_fence(p, &l) || opens_table(p, &l)))
			break;
		if (opens_item(p, &l))
			break;
		at = l.next;
	}
	return at;
}

/* "---" up to "---" on the first line of a file. 0: none. */
static size_t front_matter_end(const struct packer *p)
{
	struct line l;
	size_t at;

	if (!line_read(p, 0, &l) || l.indent || !is_run_of(p, &l, '-', 3) || l.end - l.body != 3)
		return 0;
	for (at = l.next; line_read(p, at, &l) && at < 8192; at = l.next)
		if (!l.indent && (is_run_of(p, &l, '-', 3) || is_run_of(p, &l, '.', 3)))
			return l.next;
	return 0;
}

/* ---- blocks ---- */

/* A block of lines that belongs together: whole where it fits, else line by line. */
static void pack_lines(struct packer *p, size_t to, enum strength strength, const char *heading)
{
	struct line l;

	if (to - p->end <= CHUNK_BLOCK) {
		pack(p, to, strength, false, heading);
		return;
	}
	while (p->end < to && line_read(p, p->end, &l)) {
		pack(p, min_of(skip_blank(p, l.next), to), strength, false, heading);
		strength = BREAK_LINE;
	}
}

/* A title over its underline. False: it is none. */
static bool pack_underlined(struct packer *p, struct outline *o, const struct line *l)
{
	struct line below;
	size_t level;

	if (!line_read(p, l->next, &below) || l->end - l->body > TITLE_MAX)
		return false;
	level = underline_level(p, &below);
	if (!level || below.end - below.body < 3)
		return false;
	outline_set(o, level, p->text + l->body, l->end - l->body);
	pack(p, skip_blank(p, below.next), BREAK_SECTION, true, outline_path(o));
	return true;
}

static void markdown_block(struct packer *p, struct outline *o, const struct line *l)
{
	size_t from, to, level = atx_level(p, l, &from, &to);

	if (level) {
		outline_set(o, level, p->text + from, to - from);
		pack(p, skip_blank(p, l->next), BREAK_SECTION, true, outline_path(o));
	} else if (opens_fence(p, l)) {
		pack_lines(p, skip_blank(p, fence_end(p, l)), BREAK_PARAGRAPH, outline_path(o));
	} else if (opens_table(p, l)) {
		pack_lines(
			p, skip_blank(p, table_end(p, l->start)), BREAK_PARAGRAPH, outline_path(o));
	} else if (!pack_underlined(p, o, l)) {
		pack_prose(p, skip_blank(p, paragraph_end(p, l, true)),
			opens_item(p, l) ? BREAK_LINE : BREAK_PARAGRAPH, outline_path(o));
	}
}

void chunk_markdown(struct packer *p)
{
	struct outline o = { 0 };
	size_t matter = front_matter_end(p);
	struct line l;

	if (matter)
		pack_lines(p, skip_blank(p, matter), BREAK_SECTION, NULL);
	while (!p->failed && line_read(p, skip_blank(p, p->end), &l))
		markdown_block(p, &o, &l);
	pack(p, p->n, BREAK_LINE, false, outline_path(&o));
}

void chunk_plain(struct packer *p)
{
	struct outline o = { 0 };
	struct line l;

	while (!p->failed && line_read(p, skip_blank(p, p->end), &l)) {
		if (pack_underlined(p, &o, &l))
			continue;
		pack_prose(p, skip_blank(p, paragraph_end(p, &l, false)),
			opens_item(p, &l) ? BREAK_LINE : BREAK_PARAGRAPH, outline_path(&o));
	}
	pack(p, p->n, BREAK_LINE, false, outline_path(&o));
}
