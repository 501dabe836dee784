/* Drawing the line editor: layout in rows, and the difference to what is on the screen. */
#include "client/chat/draw.h"

#include <string.h>

#include "client/chat/cell.h"
#include "client/chat/edit.h"
#include "client/filter.h"
#include "common/attr.h"
#include "common/mem.h"

#define TAB_COLUMNS 4
#define ERASE_BELOW "\033[J"
#define DIM "\033[2m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* ---- layout ---- */

struct layout {
	struct row *rows;
	size_t n, cap;
	const struct look *look;
	unsigned indent;
	size_t row; /* the cursor */
	unsigned column;
	size_t before; /* bytes of its row before it */
};

static struct row *last_row(struct layout *y)
{
	return &y->rows[y->n - 1];
}

static void new_row(struct layout *y)
{
	struct row *r;

	y->rows = mem_grow(y->rows, &y->cap, y->n, sizeof(*y->rows));
	r = &y->rows[y->n++];
	*r = (struct row){ .columns = y->n > 1 ? y->indent : 0 };
	for (unsigned i = 0; i < r->columns; i++)
		(void)buf_add_byte(&r->bytes, ' ');
}

static void put(struct layout *y, const char *s, size_t n, unsigned columns)
{
	struct row *r = last_row(y);

	(void)buf_add(&r->bytes, s, n);
	r->columns += columns;
}

static void put_styled(struct layout *y, const char *style, const char *s, unsigned columns)
{
	struct row *r = last_row(y);

	(void)buf_addf(&r->bytes, "%s%s%s", y->look->color ? style : "", s, y->look->color ? PLAIN : "");
	r->columns += columns;
}

static void put_cell(struct layout *y, const char *s, size_t n, unsigned columns)
{
	if (n == 1 && *s == '\t') {
		put(y, "    ", TAB_COLUMNS, TAB_COLUMNS);
	} else if (n == 1 && (uint8_t)*s >= 0x20 && *s != 0x7F) {
		put(y, s, n, columns);
	} else {
		struct buf clean = { 0 };

		filter_line(y->look->utf8 ? FILTER_TERMINAL : FILTER_ASCII, s, n, 256, &clean);
		if (!y->look->utf8)
			columns = (unsigned)clean.len;
		else if (cell_is_odd(s, n))
			last_row(y)->odd = true;
		put(y, (const char *)clean.data, clean.len, columns);
		buf_fini(&clean);
	}
}

/* A cell that does not fit begins the next row; one that is wider than a row stands alone in it. */
static void make_room(struct layout *y, unsigned columns)
{
	unsigned had = last_row(y)->columns;

	if (had + columns > y->look->width && had > (y->n > 1 ? y->indent : 0))
		new_row(y);
}

static void cursor_here(struct layout *y)
{
	y->row = y->n - 1;
	y->before = last_row(y)->bytes.len;
	y->column = min_of(last_row(y)->columns, y->look->width - 1);
}

/* The words of a fold may be longer than a row: they are text like other text. */
static void put_fold(struct layout *y, const struct fold *f)
{
	char words[48];

	fold_words(f, words);
	for (const char *s = words; *s; s++) {
		make_room(y, 1);
		if (y->look->color)
			put(y, DIM, strlen(DIM), 0);
		put(y, s, 1, 1);
		if (y->look->color)
			put(y, PLAIN, strlen(PLAIN), 0);
	}
}

static void lay_out_text(struct layout *y, const struct line *l)
{
	const char *text = (const char *)l->text.data;
	const struct fold *f;
	unsigned columns;

	for (size_t at = 0, n; at < l->text.len; at += n) {
		n = line_cell(l, at, &columns, &f);
		if (!f && text[at] == '\n') {
			if (at == l->at)
				cursor_here(y);
			new_row(y);
			continue;
		}
		if (text[at] == '\t')
			columns = TAB_COLUMNS;
		make_room(y, f ? 1 : columns);
		if (at == l->at)
			cursor_here(y);
		if (f)
			put_fold(y, f);
		else
			put_cell(y, text + at, n, columns);
	}
	if (l->at == l->text.len) {
		make_room(y, 1);
		cursor_here(y);
	}
}

static void lay_out_prompt(struct layout *y, const struct edit *e)
{
	struct buf needle = { 0 }, line = { 0 };

	if (!e->searching) {
		unsigned n = (unsigned)strlen(y->look->prompt);

		if (n < y->look->width)
			put_styled(y, BOLD, y->look->prompt, n);
		return;
	}
	filter_line(y->look->utf8 ? FILTER_TERMINAL : FILTER_ASCII, (const char *)e->needle.data, e->needle.len, 60, &needle);
	(void)buf_addf(&line, "(%s '%s') ", e->failing ? "no older line has" : "search", buf_cstr(&needle));
	for (size_t i = 0, n; i < line.len; i += n) {
		unsigned columns;

		n = cell_next((const char *)line.data + i, line.len - i, &columns);
		make_room(y, columns);
		put(y, (const char *)line.data + i, n, columns);
	}
	buf_fini(&needle);
	buf_fini(&line);
}

static void lay_out_hint(struct layout *y)
{
	size_t room = y->look->width > last_row(y)->columns + 1 ? y->look->width - last_row(y)->columns - 1 : 0;
	char text[200];
	size_t n;

	if (!y->look->hint || !room)
		return;
	/* Whole verbs: half of one would be no hint. */
	n = min_of(strlen(y->look->hint), sizeof(text) - 1);
	while (n > room || (n && y->look->hint[n] && y->look->hint[n] != ' ') || (n && y->look->hint[n - 1] == ' '))
		n--;
	(void)snprintf(text, sizeof(text), "%.*s", (int)n, y->look->hint);
	put_styled(y, DIM, text, (unsigned)strlen(text));
}

static void lay_out(struct layout *y, const struct edit *e, const struct look *look)
{
	*y = (struct layout){ .look = look, .indent = look->width >= 12 ? (unsigned)min_of(strlen(look->prompt), 2) : 0 };
	new_row(y);
	lay_out_prompt(y, e);
	lay_out_text(y, &e->line);
	if (!e->line.text.len && !e->searching)
		lay_out_hint(y);
}

static void free_rows(struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_fini(&rows[i].bytes);
}

/* ---- the screen ---- */

void draw_init(struct draw *d)
{
	*d = (struct draw){ .row = 0 };
}

void draw_forget(struct draw *d)
{
	free_rows(d->rows, d->nrows);
	d->rows = mem_free(d->rows);
	*d = (struct draw){ .row = 0 };
}

void draw_fini(struct draw *d)
{
	draw_forget(d);
}

/* Within the rows that are on the screen. */
static void move_to(struct draw *d, size_t row, unsigned column, struct buf *out)
{
	if (row < d->row)
		(void)buf_addf(out, "\033[%zuA", d->row - row);
	else if (row > d->row)
		(void)buf_addf(out, "\033[%zuB", row - d->row);
	(void)buf_add_byte(out, '\r');
	if (column)
		(void)buf_addf(out, "\033[%uC", column);
	d->row = row;
	d->column = column;
}

/* Where columns are not to be relied on, what stands before the place is printed once more. */
static void move_behind(struct draw *d, size_t row, size_t bytes, unsigned column, struct buf *out)
{
	const struct row *r = &d->rows[row];

	move_to(d, row, r->odd ? 0 : column, out);
	if (r->odd && bytes)
		(void)buf_add(out, r->bytes.data, bytes);
	d->column = column;
}

static bool same(const struct row *a, const struct row *b)
{
	return a->bytes.len == b->bytes.len && !memcmp(a->bytes.data ? (void *)a->bytes.data : "", b->bytes.data ? (void *)b->bytes.data : "", a->bytes.len);
}

/* Is what stands in a the beginning of b, and the cursor can stand behind it? */
static bool goes_on(const struct row *a, const struct row *b, unsigned width)
{
	return a->bytes.len && a->bytes.len < b->bytes.len && a->columns < width &&
	       !memcmp(a->bytes.data, b->bytes.data, a->bytes.len);
}

static void print_rows(struct draw *d, struct row *rows, size_t from, size_t n, size_t skip, struct buf *out)
{
	for (size_t i = from; i < n; i++, skip = 0) {
		if (i > from)
			(void)buf_add_str(out, "\r\n");
		if (rows[i].bytes.len > skip)
			(void)buf_add(out, rows[i].bytes.data + skip, rows[i].bytes.len - skip);
		d->row = i;
	}
}

/* From the old rows to the new ones. */
static void change(struct draw *d, struct row *rows, size_t n, unsigned width, struct buf *out)
{
	size_t from = 0, skip = 0;

	while (from < n && from < d->nrows && same(&rows[from], &d->rows[from]))
		from++;
	if (from == n && n == d->nrows)
		return;
	if (from == n) { /* fewer rows */
		move_to(d, n, 0, out);
		(void)buf_add_str(out, ERASE_BELOW);
		return;
	}
	if (from < d->nrows) {
		bool appended = goes_on(&d->rows[from], &rows[from], width);

		skip = appended ? d->rows[from].bytes.len : 0;
		if (d->row != from || d->column != (appended ? d->rows[from].columns : 0))
			move_behind(d, from, skip, appended ? d->rows[from].columns : 0, out);
		if (!appended || d->nrows > from + 1)
			(void)buf_add_str(out, ERASE_BELOW);
	} else if (d->nrows) {
		move_to(d, d->nrows - 1, 0, out);
		(void)buf_add_str(out, "\r\n");
	}
	print_rows(d, rows, from, n, skip, out);
}

/* The rows that the screen has room for, with the cursor's among them. */
static size_t window_top(const struct draw *d, const struct layout *y, size_t most)
{
	size_t top = min_of(d->top, y->row);

	if (y->n <= most)
		return 0;
	if (y->row >= top + most)
		top = y->row - most + 1;
	return min_of(top, y->n - most);
}

static void take_rows(struct draw *d, struct layout *y, size_t top, size_t n)
{
	free_rows(d->rows, d->nrows);
	mem_free(d->rows);
	free_rows(y->rows, top);
	free_rows(y->rows + top + n, y->n - top - n);
	memmove(y->rows, y->rows + top, n * sizeof(*y->rows));
	d->rows = y->rows;
	d->nrows = n;
}

void draw_edit(struct draw *d, const struct edit *e, const struct look *look, struct buf *out)
{
	struct layout y;
	size_t top, n, most = look->height > 1 ? look->height - 1 : 1;
	size_t had = out->len;
	bool printed;

	lay_out(&y, e, look);
	top = window_top(d, &y, most);
	n = min_of(y.n, most);
	change(d, y.rows + top, n, look->width, out);
	printed = out->len > had;
	take_rows(d, &y, top, n);
	d->top = top;
	/* After printing the cursor stands behind the last row, where that one is not full. */
	if (printed && d->row == n - 1 && d->rows[n - 1].columns < look->width && y.row - top == n - 1 &&
		y.column == d->rows[n - 1].columns) {
		d->column = y.column;
		return;
	}
	if (printed || d->row != y.row - top || d->column != y.column)
		move_behind(d, y.row - top, y.before, y.column, out);
}

void draw_erase(struct draw *d, struct buf *out)
{
	if (d->nrows) {
		move_to(d, 0, 0, out);
		(void)buf_add_str(out, ERASE_BELOW);
	}
	draw_forget(d);
}

void draw_end(struct draw *d, const struct edit *e, const struct look *look, const char *mark, struct buf *out)
{
	struct look without = *look;
	struct layout y;

	without.hint = NULL;
	lay_out(&y, e, &without);
	if (d->top || d->nrows != y.n) {
		draw_erase(d, out);
		print_rows(d, y.rows, 0, y.n, 0, out);
	} else {
		change(d, y.rows, y.n, look->width, out);
		if (d->row != y.n - 1 || *mark)
			move_to(d, y.n - 1, 0, out);
		if (*mark)
			(void)buf_add(out, y.rows[y.n - 1].bytes.data, y.rows[y.n - 1].bytes.len);
	}
	(void)buf_addf(out, "%s\r\n", mark);
	free_rows(y.rows, y.n);
	mem_free(y.rows);
	draw_forget(d);
}

static unsigned rows_of(unsigned columns, unsigned width)
{
	return columns ? (columns + width - 1) / width : 1;
}

void draw_resized(struct draw *d, const struct look *look, struct buf *out)
{
	unsigned up = look->reflows ? d->column / look->width : 0;

	for (size_t i = 0; i < d->row && i < d->nrows; i++)
		up += look->reflows ? rows_of(d->rows[i].columns, look->width) : 1;
	if (up)
		(void)buf_addf(out, "\033[%uA", up);
	if (d->nrows)
		(void)buf_add_str(out, "\r" ERASE_BELOW);
	draw_forget(d);
}
