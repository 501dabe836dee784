/*
 * Reads files whose lines mean something: source, configuration, logs, rows of columns. Blocks are
 * what blank lines and indentation make of them, in whatever language; the heading of a passage is
 * the lines it is indented under (the function it is in, the section of a YAML file).
 */
#include "daemon/library/chunk_in.h"

#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/library/fold.h"

#define DEPTH 12
#define ROW_MAX ((size_t)65536) /* a quoted cell that is longer is none: its quote is a stray one */
#define SCOPE_MAX 80 /* bytes of one line in the heading */

struct scopes {
	struct scope {
		size_t indent, start, end;
	} v[DEPTH];
	size_t n;
	char path[CHUNK_HEADING + 1];
};

/* ---- the lines above ---- */

/* Comments, preprocessor lines and lone brackets open no scope. */
static bool names_scope(const struct packer *p, const struct line *l)
{
	const char *s = p->text + l->body;
	size_t n = l->end - l->body;

	if (n < 2 || *s == '#' || *s == '*' || *s == '@' || *s == ';' || !memcmp(s, "//", 2) ||
		!memcmp(s, "/*", 2) || !memcmp(s, "--", 2))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((s[i] & 0x80) || fold_script((unsigned char)s[i]) == SCRIPT_LATIN)
			return true;
	return false;
}

static void scopes_line(struct scopes *o, const struct packer *p, const struct line *l)
{
	if (line_blank(l) || !names_scope(p, l))
		return;
	while (o->n && o->v[o->n - 1].indent >= l->indent)
		o->n--;
	if (o->n < DEPTH)
		o->v[o->n++] = (struct scope){ l->indent, l->body, l->end };
}

static size_t scope_add(struct scopes *o, size_t len, const struct packer *p, const struct scope *s)
{
	size_t n = utf8_floor(p->text + s->start, s->end - s->start, SCOPE_MAX);

	while (n && strchr(" \t{(:,", p->text[s->start + n - 1]) && p->text[s->start + n - 1])
		n--;
	if (!n || len + n + 3 > CHUNK_HEADING)
		return len;
	if (len) {
		memcpy(o->path + len, " > ", 3);
		len += 3;
	}
	memcpy(o->path + len, p->text + s->start, n);
	return len + n;
}

/* The outermost and the innermost line that one of this indentation is under. */
static const char *scopes_path(struct scopes *o, const struct packer *p, size_t indent)
{
	size_t depth = o->n, len = 0;

	while (depth && o->v[depth - 1].indent >= indent)
		depth--;
	if (depth)
		len = scope_add(o, 0, p, &o->v[0]);
	if (depth > 1)
		len = scope_add(o, len, p, &o->v[depth - 1]);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)o->path[i] < ' ')
			o->path[i] = ' ';
	o->path[len] = '\0';
	return len ? o->path : NULL;
}

/* ---- blocks ---- */

/* Pack up to `to` under the heading of its first line that is not blank, then take its lines in. */
static void pack_block(struct packer *p, struct scopes *o, size_t to, enum strength strength)
{
	size_t from = p->end;
	const char *heading = NULL;
	struct line l;

	for (size_t at = from; at < to && line_read(p, at, &l); at = l.next) {
		if (line_blank(&l))
			continue;
		heading = scopes_path(o, p, l.indent);
		break;
	}
	pack(p, to, strength, false, heading);
	for (size_t at = from; at < to && line_read(p, at, &l); at = l.next)
		scopes_line(o, p, &l);
}

static size_t skip_blank(const struct packer *p, size_t at)
{
	struct line l;

	while (line_read(p, at, &l) && line_blank(&l))
		at = l.next;
	return at;
}

/* The end of the block at `at`, blank lines behind it included: up to the next line after blank
 * ones. */
static size_t stanza_end(const struct packer *p, size_t at)
{
	struct line l;

	while (line_read(p, at, &l) && !line_blank(&l))
		at = l.next;
	return skip_blank(p, at);
}

/* Stanzas up to the next one that begins as far left as this one: a function with blank lines in
 * it. */
static size_t unit_end(const struct packer *p, size_t at)
{
	struct line first, l;
	size_t end = stanza_end(p, at);

	if (!line_read(p, at, &first))
		return end;
	while (line_read(p, end, &l) && l.indent > first.indent)
		end = stanza_end(p, end);
	return end;
}

static void pack_stanza(struct packer *p, struct scopes *o, size_t to)
{
	struct line l;

	if (to - p->end <= CHUNK_BLOCK) {
		pack_block(p, o, to, BREAK_PARAGRAPH);
		return;
	}
	while (p->end < to && !p->failed && line_read(p, p->end, &l))
		pack_block(p, o, min_of(skip_blank(p, l.next), to), BREAK_LINE);
}

void chunk_code(struct packer *p)
{
	struct scopes o = { 0 };

	while (!p->failed && p->end < p->n) {
		size_t at = skip_blank(p, p->end), end = unit_end(p, at);

		if (end - p->end <= CHUNK_BLOCK)
			pack_block(p, &o, end, BREAK_PARAGRAPH);
		while (p->end < end && !p->failed)
			pack_stanza(p, &o, stanza_end(p, skip_blank(p, p->end)));
	}
}

/* ---- rows of columns (RFC 4180) ---- */

struct rows {
	char separator;
	bool quoted; /* quotes do what they should; after one that has no end, lines are rows */
};

static char separator_of(const char *s, size_t n)
{
	static const char all[] = ",;\t|";
	size_t best = 0, most = 0;

	for (size_t i = 0; i + 1 < sizeof(all); i++) {
		size_t count = 0;

		for (size_t k = 0; k < n; k++)
			count += s[k] == all[i];
		if (count > most) {
			most = count;
			best = i;
		}
	}
	return all[best];
}

/* Behind the quote that closes the cell opened at `at`; a pair of quotes is one within it. 0: none closes it. */
static size_t cell_end(const struct packer *p, size_t at)
{
	size_t to = min_of(p->n, at + ROW_MAX);

	for (at++; at < to; at++) {
		if (p->text[at] != '"')
			continue;
		if (at + 1 == p->n || p->text[at + 1] != '"')
			return at + 1;
		at++;
	}
	return 0;
}

/* Where the row at `at` ends, its line end included. */
static size_t row_end(const struct packer *p, struct rows *r, size_t at)
{
	struct line l;
	size_t i = at, cell;

	if (!line_read(p, at, &l))
		return p->n;
	while (i < l.end) {
		if (r->quoted && p->text[i] == '"') {
			cell = cell_end(p, i);
			r->quoted = cell != 0;
			if (cell > l.end && !line_read(p, cell, &l))
				return p->n;
			i = r->quoted ? cell : i;
		}
		while (i < l.end && p->text[i] != r->separator)
			i++;
		i++;
	}
	return l.next;
}

/* The names of the columns stand over every passage of the rows. */
void chunk_rows(struct packer *p)
{
	struct rows r = { .quoted = true };
	char names[CHUNK_HEADING + 1];
	struct line l;
	size_t n, end;

	if (!line_read(p, 0, &l))
		return;
	r.separator = separator_of(p->text, l.end);
	end = row_end(p, &r, 0);
	n = utf8_floor(p->text, end, CHUNK_HEADING);
	while (n && (unsigned char)p->text[n - 1] <= ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		names[i] = (unsigned char)p->text[i] < ' ' ? ' ' : p->text[i];
	names[n] = '\0';
	pack(p, end, BREAK_SECTION, false, NULL);
	while (!p->failed && p->end < p->n)
		pack(p, skip_blank(p, row_end(p, &r, p->end)), BREAK_LINE, false, names);
}
