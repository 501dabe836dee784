/*
 * XLSX: each sheet a page with its name as heading, each row a line of its own, so that a citation
 * names the sheet and the row. Values as they are stored; dates as dates.
 */
#include "daemon/extract/xlsx.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/worker/records.h"

struct sheet {
	char *name;
	const char *target; /* of the relations */
};

struct xlsx {
	struct extract *x;
	struct relations parts;
	struct strings strings;
	struct formats formats;
	struct sheet *sheets;
	size_t nsheets, csheets;
	bool from_1904;
	/* of the sheet read now */
	int row, column; /* of the cell, from 1 */
	int filled;      /* cells of the row that have been begun */
	int style;
	char type; /* of the cell: n number, s shared string, b boolean, t text */
	bool in_value;
	unsigned phonetic;
	struct buf value;
};

/* ---- the list of sheets ---- */

static void book_start(struct xml *xml, const char *name, const char **atts)
{
	struct xlsx *d = xml->ctx;
	const char *title = xml_attr(atts, "name"), *id = xml_attr(atts, "id");
	const char *epoch = xml_attr(atts, "date1904");

	if (!strcmp(name, "workbookPr"))
		d->from_1904 = epoch && (!strcmp(epoch, "1") || !strcmp(epoch, "true"));
	if (strcmp(name, "sheet") != 0 || d->nsheets >= SHEETS_MAX)
		return;
	d->sheets = mem_grow(d->sheets, &d->csheets, d->nsheets, sizeof(*d->sheets));
	d->sheets[d->nsheets++] = (struct sheet){
		.name = mem_dup(title ? title : ""),
		.target = relation_target(&d->parts, id),
	};
}

static void book_end(struct xml *xml, const char *name)
{
	(void)xml;
	(void)name;
}

/* ---- cells ---- */

/* "BC12": 55. 0: none. */
static int column_of(const char *s)
{
	int column = 0;

	for (; s && *s >= 'A' && *s <= 'Z' && column < 20000; s++)
		column = column * 26 + (*s - 'A' + 1);
	return column;
}

static char type_of(const char *t)
{
	if (!t || !strcmp(t, "n"))
		return 'n';
	if (!strcmp(t, "s"))
		return 's';
	return !strcmp(t, "b") ? 'b' : 't';
}

static void begin_cell(struct xlsx *d, const char **atts)
{
	int column = column_of(xml_attr(atts, "r"));

	d->column = column ? column : d->column + 1;
	d->type = type_of(xml_attr(atts, "t"));
	d->style = xml_int(xml_attr(atts, "s"), 0, 1 << 20, -1);
	buf_reset(&d->value);
}

static void put_value(struct xlsx *d)
{
	struct writer *w = &d->x->writer;
	const char *s = buf_cstr(&d->value);
	size_t n = d->value.len;
	int64_t index;
	char date[32];

	if (d->type == 's') {
		s = str_int(s, 0, STRINGS_MAX, &index) == 0 ? strings_get(&d->strings, index, &n) : NULL;
	} else if (d->type == 'b') {
		s = !strcmp(s, "1") ? "TRUE" : "FALSE";
		n = strlen(s);
	} else if (d->type == 'n' && formats_is_date(&d->formats, d->style) &&
		   serial_date(s, d->from_1904, date)) {
		s = date;
		n = strlen(s);
	}
	if (s)
		writer_text(w, s, n);
}

static void end_cell(struct xlsx *d)
{
	struct writer *w = &d->x->writer;

	if (!d->value.len)
		return;
	/* the empty ones before it; far to the right there is no place for them, but for what is there */
	while (d->column <= COLUMNS_MAX && d->filled < d->column - 1) {
		writer_cell(w);
		writer_cell_end(w);
		d->filled++;
	}
	writer_cell(w);
	put_value(d);
	writer_cell_end(w);
	d->filled++;
}

static void begin_row(struct xlsx *d, const char **atts)
{
	d->row = xml_int(xml_attr(atts, "r"), 1, 1 << 24, d->row + 1);
	d->column = d->filled = 0;
	writer_row(&d->x->writer);
	extract_place(d->x, d->x->page, d->row);
}

static void sheet_start(struct xml *xml, const char *name, const char **atts)
{
	struct xlsx *d = xml->ctx;

	if (!strcmp(name, "row"))
		begin_row(d, atts);
	else if (!strcmp(name, "c"))
		begin_cell(d, atts);
	else if (!strcmp(name, "rPh"))
		d->phonetic++;
	else if (!strcmp(name, "v") || (!strcmp(name, "t") && !d->phonetic))
		d->in_value = true;
}

static void sheet_end(struct xml *xml, const char *name)
{
	struct xlsx *d = xml->ctx;

	d->in_value = false;
	if (!strcmp(name, "rPh"))
		d->phonetic -= d->phonetic > 0;
	else if (!strcmp(name, "c"))
		end_cell(d);
	else if (!strcmp(name, "row"))
		writer_row_end(&d->x->writer);
}

static void sheet_text(struct xml *xml, const char *s, size_t n)
{
	struct xlsx *d = xml->ctx;

	if (d->in_value && buf_add(&d->value, s, n) != 0)
		extract_no_memory(xml->x);
}

static int read_sheet(struct xlsx *d, struct archive *a, const struct sheet *s)
{
	struct xml xml = { .ctx = d, .start = sheet_start, .end = sheet_end, .text = sheet_text };
	struct writer *w = &d->x->writer;
	int r;

	extract_place(d->x, ++d->x->page, -1);
	writer_block(w, BLOCK_HEADING, 2);
	writer_str(w, s->name);
	writer_end(w);
	writer_table(w);
	d->row = 0;
	r = s->target ? xml_entry(&xml, a, s->target) : 0; /* a chart's sheet has no cells */
	writer_table_end(w);
	if (r == 0 && s->target)
		r = notes_read(d->x, a, s->target);
	return r == -ENOENT ? 0 : r;
}

static int read_book(struct xlsx *d, struct archive *a, const char *part)
{
	struct xml book = { .ctx = d, .start = book_start, .end = book_end };
	const char *strings, *styles;
	int r = relations_read(&d->parts, d->x, a, part);

	strings = relation_of_type(&d->parts, "/sharedStrings");
	styles = relation_of_type(&d->parts, "/styles");
	if (r == 0)
		r = xml_entry(&book, a, part);
	if (r == 0 && strings)
		r = strings_read(&d->strings, a, strings);
	if (r == 0 && styles)
		r = formats_read(&d->formats, a, styles);
	return r;
}

int extract_xlsx(struct extract *x, struct archive *a, const char *part)
{
	struct xlsx d = { .x = x };
	int r = office_title(x, a, "docProps/core.xml");

	x->format = "xlsx";
	buf_init(&d.value, 0);
	if (r == 0)
		r = read_book(&d, a, part);
	extract_form(x, FORM_MARKDOWN);
	for (size_t i = 0; r == 0 && i < d.nsheets; i++)
		r = read_sheet(&d, a, &d.sheets[i]);
	for (size_t i = 0; i < d.nsheets; i++)
		mem_free(d.sheets[i].name);
	mem_free(d.sheets);
	buf_fini(&d.value);
	strings_fini(&d.strings);
	formats_fini(&d.formats);
	relations_fini(&d.parts);
	return r;
}
