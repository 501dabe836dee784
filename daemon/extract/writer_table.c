/*
 * Tables. Pages are laid out with them as often as figures are listed in them: a table that holds
 * another one, or whose row is long, is set as paragraphs.
 */
#include <string.h>

#include "common/attr.h"
#include "daemon/extract/writer_in.h"

static struct writer_table *table_of(struct writer *w)
{
	return w->deep && w->deep <= TABLES_DEEP ? &w->tables[w->deep - 1] : NULL;
}

static const char *cell_at(const struct writer *w, size_t i, size_t *n)
{
	size_t from = i ? w->ends[i - 1] : 0;

	*n = w->ends[i] - from;
	return w->row.data ? (const char *)w->row.data + from : "";
}

static size_t filled(const struct writer *w)
{
	size_t n, count = 0;

	for (size_t i = 0; i < w->cells; i++) {
		cell_at(w, i, &n);
		count += n > 0;
	}
	return count;
}

static void put(struct writer *w, const char *s)
{
	out_text(w->out, s, strlen(s));
}

static void put_cell(struct writer *w, const char *s, size_t n)
{
	size_t from = 0;

	put(w, " ");
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '|')
			continue;
		out_text(w->out, s + from, i - from);
		put(w, "\\");
		from = i;
	}
	out_text(w->out, s + from, n - from);
	put(w, n ? " |" : "|");
}

static void put_row(struct writer *w, struct writer_table *t)
{
	size_t n;

	writer_line(w, t->rows == 0);
	put(w, "|");
	for (size_t i = 0; i < w->cells; i++) {
		const char *s = cell_at(w, i, &n);

		put_cell(w, s, n);
	}
	if (t->rows++)
		return;
	put(w, "\n|");
	for (size_t i = 0; i < w->cells; i++)
		put(w, " --- |");
}

static void put_paragraphs(struct writer *w)
{
	size_t n;

	for (size_t i = 0; i < w->cells; i++) {
		const char *s = cell_at(w, i, &n);

		writer_paragraph(w, s, n);
	}
}

static void flush_row(struct writer *w)
{
	struct writer_table *t = table_of(w);
	size_t used = filled(w);

	while (w->cells > 1 && w->ends[w->cells - 1] == w->ends[w->cells - 2])
		w->cells--;
	if (!used)
		; /* nothing */
	else if (!t || t->layout || w->row.len > ROW_BYTES || (!t->rows && used == 1))
		put_paragraphs(w);
	else
		put_row(w, t);
	buf_reset(&w->row);
	w->cells = 0;
}

void writer_table(struct writer *w)
{
	struct writer_table *outer = table_of(w);

	if (w->in_cell)
		writer_cell_end(w);
	if (outer) {
		outer->layout = true;
		flush_row(w);
	}
	writer_end(w);
	w->deep++;
	if (table_of(w))
		*table_of(w) = (struct writer_table){ .layout = false };
}

void writer_row(struct writer *w)
{
	if (w->in_cell || w->cells)
		writer_row_end(w);
	else
		writer_end(w); /* text between rows, as broken HTML has it */
}

void writer_cell(struct writer *w)
{
	if (w->in_cell)
		writer_cell_end(w);
	writer_end(w);
	if (!w->deep || (table_of(w) && table_of(w)->layout))
		return;
	w->in_cell = true;
	w->space = false;
}

void writer_cell_end(struct writer *w)
{
	if (!w->in_cell)
		return;
	while (w->now.len && strchr(" \n", w->now.data[w->now.len - 1]))
		w->now.len--;
	if (w->cells == COLUMNS_MAX) { /* what is past the last one goes into it */
		(void)buf_add_byte(&w->row, ' ');
		w->cells--;
	}
	(void)buf_add(&w->row, w->now.data, w->now.len);
	w->ends[w->cells++] = w->row.len;
	buf_reset(&w->now);
	w->in_cell = false;
	w->space = false;
	w->kind = BLOCK_TEXT;
}

void writer_row_end(struct writer *w)
{
	writer_cell_end(w);
	if (w->cells)
		flush_row(w);
}

void writer_table_end(struct writer *w)
{
	if (!w->deep)
		return;
	writer_row_end(w);
	writer_end(w);
	w->deep--;
	/* the outer one's cell goes on as paragraphs */
}
