/*
 * Tables, drawn when they are complete: columns as wide as their text, narrowed from the widest
 * down when the line is too short, cells wrapped; where that leaves too little, a record for each
 * row. Cells that a header has no column for are shown all the same.
 */
#include <stdlib.h>
#include <string.h>

#include "client/markdown_in.h"
#include "common/mem.h"

#define COLUMNS_MAX 64 /* a wider one is shown as it is written */
#define COLUMN_LEAST 6 /* a column that must be narrower makes records of the rows */

enum align { LEFT, CENTER, RIGHT };

struct cell {
	const char *s;
	size_t n;
};

struct row {
	struct cell cell[COLUMNS_MAX];
	size_t n;
};

struct drawing {
	const struct markdown_look *look;
	struct links *links;
	const struct buf *prefix;
	struct buf *out;
	size_t columns;
	unsigned width[COLUMNS_MAX];
	enum align align[COLUMNS_MAX];
	unsigned room; /* columns for the table; 0: any */
	ink now;
};

static struct cell trimmed(const char *s, size_t n)
{
	while (n && (*s == ' ' || *s == '\t')) {
		s++;
		n--;
	}
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return (struct cell){ s, n };
}

/* False: more cells than we draw. */
static bool split_row(const char *s, size_t n, struct row *row)
{
	struct cell line = trimmed(s, n);
	size_t from = 0;

	row->n = 0;
	if (line.n && line.s[0] == '|')
		from = 1;
	for (size_t i = from; i <= line.n; i++) {
		if (i < line.n && line.s[i] == '\\') {
			i++;
			continue;
		}
		if (i < line.n && line.s[i] != '|')
			continue;
		if (i >= line.n && from >= line.n && row->n)
			break; /* the bar at the end opens no cell */
		if (row->n == COLUMNS_MAX)
			return false;
		row->cell[row->n++] = trimmed(line.s + from, (i < line.n ? i : line.n) - from);
		from = i + 1;
	}
	return true;
}

static bool is_rule(struct cell c)
{
	size_t i = 0, dashes = 0;

	i += c.n && c.s[0] == ':';
	for (; i < c.n && c.s[i] == '-'; i++)
		dashes++;
	i += i < c.n && c.s[i] == ':';
	return dashes && i == c.n;
}

bool table_may_begin(const char *s, size_t n)
{
	return n && memchr(s, '|', n);
}

bool table_is_delimiter(const char *s, size_t n, const char *header, size_t header_len)
{
	struct row rule, head;

	if (!memchr(s, '-', n) || !split_row(s, n, &rule) || !split_row(header, header_len, &head))
		return false;
	for (size_t i = 0; i < rule.n; i++)
		if (!is_rule(rule.cell[i]))
			return false;
	return rule.n == head.n && (rule.n > 1 || memchr(s, '|', n));
}

/* ---- the text of a cell ---- */

static void add_text(void *ctx, const char *s, size_t n, ink k)
{
	struct rich *r = ctx;

	/* "\|" is the bar itself, also within code. */
	for (size_t i = 0; i < n; i++)
		if (!(s[i] == '\\' && i + 1 < n && s[i + 1] == '|'))
			rich_add(r, s + i, 1, k);
}

static void add_break(void *ctx)
{
	rich_add(ctx, "\n", 1, 0);
}

static void read_cell(struct drawing *d, struct cell c, ink k, struct rich *r)
{
	struct inlines x = { .look = d->look, .links = d->links };
	const struct sink to = { add_text, add_break, r };

	rich_reset(r);
	inlines_feed(&x, c.s, c.n, true, k, &to);
	buf_fini(&x.held);
}

/* The bytes of the next line of at most `room` columns, and how wide they are; *next: where to go on. */
static size_t line_of(const struct rich *r, size_t from, unsigned room, unsigned *columns, size_t *next)
{
	const char *s = (const char *)r->text.data;
	size_t n = r->text.len, used, space = 0;
	unsigned at = 0, at_space = 0;

	for (size_t i = from; i < n; i += used) {
		unsigned w = rich_char(s + i, n - i, &used);

		if (s[i] == '\n') {
			*columns = at;
			*next = i + 1;
			return i - from;
		}
		if (room && at + w > room && i > from) {
			bool whole = s[i] == ' ' || !space;

			*columns = whole ? at : at_space;
			*next = whole ? i + (s[i] == ' ') : space + 1;
			return (whole ? i : space) - from;
		}
		if (s[i] == ' ' && i > from) {
			space = i;
			at_space = at;
		}
		at += w;
	}
	*columns = at;
	*next = n;
	return n - from;
}

static unsigned widest_line(const struct rich *r)
{
	unsigned widest = 0, columns;
	size_t next = 0;

	while (next < r->text.len) {
		(void)line_of(r, next, 0, &columns, &next);
		widest = columns > widest ? columns : widest;
	}
	return widest;
}

/* ---- widths ---- */

static void measure(struct drawing *d, const struct row *row)
{
	struct rich r = { 0 };

	d->columns = row->n > d->columns ? row->n : d->columns;
	for (size_t i = 0; i < row->n; i++) {
		unsigned w;

		read_cell(d, row->cell[i], 0, &r);
		w = widest_line(&r);
		d->width[i] = w > d->width[i] ? w : d->width[i];
	}
	rich_fini(&r);
}

static unsigned total(const struct drawing *d)
{
	unsigned sum = 3 * (unsigned)(d->columns - 1);

	for (size_t i = 0; i < d->columns; i++)
		sum += d->width[i];
	return sum;
}

/* False: the columns would be too narrow to read. */
static bool fit(struct drawing *d)
{
	while (d->room && total(d) > d->room) {
		size_t widest = 0;

		for (size_t i = 1; i < d->columns; i++)
			if (d->width[i] > d->width[widest])
				widest = i;
		if (d->width[widest] <= COLUMN_LEAST)
			return false;
		d->width[widest]--;
	}
	return true;
}

/* ---- drawing ---- */

static void turn_ink(struct drawing *d, ink to)
{
	ink_change(d->look, d->links, d->now, to, d->out);
	d->now = to;
}

static void spaces(struct drawing *d, unsigned n)
{
	turn_ink(d, 0);
	for (; n; n--)
		(void)buf_add_byte(d->out, ' ');
}

static void put_part(struct drawing *d, const struct rich *r, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++) {
		turn_ink(d, r->inks[i]);
		(void)buf_add_byte(d->out, r->text.data[i]);
	}
	turn_ink(d, 0);
}

static void end_line(struct drawing *d)
{
	turn_ink(d, 0);
	while (d->out->len && d->out->data[d->out->len - 1] == ' ')
		d->out->len--;
	(void)buf_add_byte(d->out, '\n');
}

static void bar(struct drawing *d, bool crossing)
{
	turn_ink(d, d->look->styled ? INK_DIM : 0);
	(void)buf_add_str(d->out, crossing ? d->look->utf8 ? "\xE2\x94\x80\xE2\x94\xBC\xE2\x94\x80" : "-+-"
				  : d->look->utf8  ? " \xE2\x94\x82 "
						   : " | ");
	turn_ink(d, 0);
}

static void draw_rule(struct drawing *d)
{
	(void)buf_add(d->out, d->prefix->data, d->prefix->len);
	for (size_t i = 0; i < d->columns; i++) {
		if (i)
			bar(d, true);
		turn_ink(d, d->look->styled ? INK_DIM : 0);
		for (unsigned j = 0; j < d->width[i]; j++)
			(void)buf_add_str(d->out, d->look->utf8 ? "\xE2\x94\x80" : "-");
	}
	end_line(d);
}

static void draw_cell_line(struct drawing *d, size_t column, const struct rich *r, size_t *at)
{
	unsigned columns = 0, before = 0, room = d->width[column];
	size_t from = *at, n = 0;

	if (from < r->text.len)
		n = line_of(r, from, room, &columns, at);
	if (columns < room)
		before = d->align[column] == RIGHT ? room - columns : d->align[column] == CENTER ? (room - columns) / 2 : 0;
	if (column)
		bar(d, false);
	spaces(d, before);
	put_part(d, r, from, n);
	if (columns + before < room)
		spaces(d, room - columns - before);
}

static void draw_row(struct drawing *d, const struct row *row, ink k)
{
	struct rich cell[COLUMNS_MAX] = { 0 };
	size_t at[COLUMNS_MAX] = { 0 };
	bool more;

	for (size_t i = 0; i < row->n; i++)
		read_cell(d, row->cell[i], k, &cell[i]);
	do {
		more = false;
		(void)buf_add(d->out, d->prefix->data, d->prefix->len);
		for (size_t i = 0; i < d->columns; i++) {
			draw_cell_line(d, i, &cell[i], &at[i]);
			more |= at[i] < cell[i].text.len;
		}
		end_line(d);
	} while (more);
	for (size_t i = 0; i < row->n; i++)
		rich_fini(&cell[i]);
}

/* "header: value" in a line of its own for each cell. */
static void draw_record(struct drawing *d, const struct row *head, const struct row *row)
{
	struct flow f = { .look = d->look, .links = d->links };
	struct rich r = { 0 };

	for (size_t i = 0; i < row->n; i++) {
		buf_reset(&f.first);
		(void)buf_add(&f.first, d->prefix->data, d->prefix->len);
		buf_reset(&f.rest);
		(void)buf_add(&f.rest, d->prefix->data, d->prefix->len);
		(void)buf_add_str(&f.rest, "  ");
		f.rest_columns = 2;
		f.begun = false;
		if (i < head->n && head->cell[i].n) {
			read_cell(d, head->cell[i], d->look->styled ? INK_BOLD : 0, &r);
			for (size_t j = 0; j < r.text.len; j++)
				if (r.text.data[j] == '\n')
					r.text.data[j] = ' ';
			flow_text(&f, (const char *)r.text.data, r.text.len, d->look->styled ? INK_BOLD : 0, d->out);
			flow_text(&f, ": ", 2, 0, d->out);
		}
		read_cell(d, row->cell[i], 0, &r);
		for (size_t j = 0, run; j < r.text.len; j += run) {
			run = 1;
			if (r.text.data[j] == '\n') {
				flow_break(&f, d->out);
				continue;
			}
			while (j + run < r.text.len && r.text.data[j + run] != '\n' && r.inks[j + run] == r.inks[j])
				run++;
			flow_text(&f, (const char *)r.text.data + j, run, r.inks[j], d->out);
		}
		flow_break(&f, d->out);
	}
	rich_fini(&r);
	flow_fini(&f);
}

static bool next_row(const struct table *t, size_t *at, struct row *row)
{
	const char *s = (const char *)t->text.data + *at, *end;

	if (*at >= t->text.len)
		return false;
	end = memchr(s, '\n', t->text.len - *at);
	*at += (size_t)(end - s) + 1;
	if (!split_row(s, (size_t)(end - s), row))
		row->n = 0;
	return true;
}

static void read_aligns(struct drawing *d, const struct row *rule)
{
	for (size_t i = 0; i < rule->n; i++) {
		struct cell c = rule->cell[i];
		bool left = c.n && c.s[0] == ':', right = c.n && c.s[c.n - 1] == ':';

		d->align[i] = left && right ? CENTER : right ? RIGHT : LEFT;
	}
}

/* Every row by its cells fits into what is drawn? */
static bool is_drawable(const struct table *t)
{
	const char *s = (const char *)t->text.data, *end;
	struct row row;

	for (size_t at = 0; at < t->text.len; at = (size_t)(end - s) + 1) {
		end = memchr(s + at, '\n', t->text.len - at);
		if (!split_row(s + at, (size_t)(end - s) - at, &row))
			return false;
	}
	return true;
}

static void draw_plain(const struct table *t, const struct buf *prefix, struct buf *out)
{
	const char *s = (const char *)t->text.data, *end;

	for (size_t at = 0; at < t->text.len; at = (size_t)(end - s) + 1) {
		end = memchr(s + at, '\n', t->text.len - at);
		(void)buf_add(out, prefix->data, prefix->len);
		(void)buf_add(out, s + at, (size_t)(end - s) - at + 1);
	}
}

void table_draw(const struct table *t, const struct markdown_look *look, struct links *links, const struct buf *prefix,
	unsigned prefix_columns, struct buf *out)
{
	struct drawing d = { .look = look, .links = links, .prefix = prefix, .out = out };
	struct row head, rule, row;
	size_t at = 0, rows;

	if (!is_drawable(t)) {
		draw_plain(t, prefix, out);
		return;
	}
	(void)next_row(t, &at, &head);
	(void)next_row(t, &at, &rule);
	rows = at;
	read_aligns(&d, &rule);
	measure(&d, &head);
	while (next_row(t, &at, &row))
		measure(&d, &row);
	d.room = look->width > prefix_columns ? look->width - prefix_columns : look->width ? 1 : 0;
	if (fit(&d)) {
		draw_row(&d, &head, look->styled ? INK_BOLD : 0);
		draw_rule(&d);
		for (at = rows; next_row(t, &at, &row);)
			draw_row(&d, &row, 0);
		return;
	}
	for (at = rows; next_row(t, &at, &row);) {
		draw_record(&d, &head, &row);
		(void)buf_add(out, prefix->data, prefix->len);
		end_line(&d);
	}
	if (rows == t->text.len)
		draw_plain(t, prefix, out);
}
