/*
 * OpenDocument: text (ODT), sheets (ODS), slides (ODP), all of one content.xml. Sheets and slides
 * are pages. Deleted text that is still kept in the file is left out.
 */
#include "daemon/extract/office.h"

#include <string.h>

#include "daemon/worker/records.h"

struct odf {
	struct extract *x;
	unsigned lists, skip;
	unsigned sheets; /* open tables that are sheets */
	unsigned notes;  /* open foot notes */
	bool is_book, body;
	int repeat; /* of the cell, when it has text */
	int row;
};

static bool is_skipped(const char *name)
{
	return !strcmp(name, "tracked-changes") || !strcmp(name, "annotation") || !strcmp(name, "note-citation") ||
	       !strcmp(name, "forms") || !strcmp(name, "ruby-text");
}

static void begin_page(struct odf *d, const char *title)
{
	struct writer *w = &d->x->writer;

	extract_place(d->x, ++d->x->page, -1);
	if (!title)
		return;
	writer_block(w, BLOCK_HEADING, 2);
	writer_str(w, title);
	writer_end(w);
}

static void begin_table(struct odf *d, const char **atts)
{
	if (d->is_book && !d->sheets && !d->x->writer.deep && d->x->page < SHEETS_MAX) {
		begin_page(d, xml_attr(atts, "name"));
		d->row = 0;
	}
	writer_table(&d->x->writer);
}

/* Rows that are the same are written once: a sheet ends with a million empty ones. */
static void begin_row(struct odf *d, const char **atts)
{
	writer_row(&d->x->writer);
	d->row++;
	if (d->is_book)
		extract_place(d->x, d->x->page, d->row);
	d->row += xml_int(xml_attr(atts, "number-rows-repeated"), 1, 1 << 24, 1) - 1;
}

static void begin_cell(struct odf *d, const char **atts)
{
	d->repeat = xml_int(xml_attr(atts, "number-columns-repeated"), 1, 1 << 20, 1);
	writer_cell(&d->x->writer);
}

static void end_cell(struct odf *d)
{
	struct writer *w = &d->x->writer;
	bool empty = !w->now.len;

	writer_cell_end(w);
	/* empty ones keep their columns; text that is repeated is said once */
	for (; empty && d->repeat > 1 && w->cells && w->cells < COLUMNS_MAX; d->repeat--) {
		writer_cell(w);
		writer_cell_end(w);
	}
}

static void begin_paragraph(struct odf *d)
{
	struct writer *w = &d->x->writer;

	if (d->notes) {
		writer_text(w, " ", w->now.len && w->now.data[w->now.len - 1] != '(');
		return;
	}
	if (d->lists && w->kind == BLOCK_ITEM && !w->now.len)
		return; /* the item's own */
	writer_block(w, BLOCK_TEXT, 0);
}

/* A foot note stands in brackets where its mark does: the sentence goes on after it. */
static void end_note(struct odf *d)
{
	d->notes -= d->notes > 0;
	if (!d->notes)
		writer_str(&d->x->writer, ")");
}

static void on_start(struct xml *xml, const char *name, const char **atts)
{
	struct odf *d = xml->ctx;
	struct writer *w = &d->x->writer;

	d->skip += is_skipped(name);
	d->body = d->body || !strcmp(name, "body");
	if (d->skip)
		return;
	if (!strcmp(name, "h"))
		writer_block(w, BLOCK_HEADING,
			(unsigned)xml_int(xml_attr(atts, "outline-level"), 1, 6, 1));
	else if (!strcmp(name, "p"))
		begin_paragraph(d);
	else if (!strcmp(name, "note") && d->body)
		writer_str(w, d->notes++ ? "" : " (");
	else if (!strcmp(name, "list"))
		d->lists++;
	else if (!strcmp(name, "list-item") && !d->notes)
		writer_block(w, BLOCK_ITEM, d->lists ? d->lists - 1 : 0);
	else if (!strcmp(name, "tab") || !strcmp(name, "s"))
		writer_text(w, " ", 1);
	else if (!strcmp(name, "line-break"))
		writer_break(w);
	else if (!strcmp(name, "table"))
		begin_table(d, atts);
	else if (!strcmp(name, "table-row"))
		begin_row(d, atts);
	else if (!strcmp(name, "table-cell") || !strcmp(name, "covered-table-cell"))
		begin_cell(d, atts);
	else if (!strcmp(name, "page") && d->body)
		begin_page(d, NULL);
}

static void on_end(struct xml *xml, const char *name)
{
	struct odf *d = xml->ctx;
	struct writer *w = &d->x->writer;

	if (d->skip) {
		d->skip -= is_skipped(name);
		return;
	}
	if (!strcmp(name, "note"))
		end_note(d);
	else if (!d->notes && (!strcmp(name, "h") || !strcmp(name, "p") || !strcmp(name, "list-item")))
		writer_end(w);
	else if (!strcmp(name, "list"))
		d->lists -= d->lists > 0;
	else if (!strcmp(name, "table"))
		writer_table_end(w);
	else if (!strcmp(name, "table-row"))
		writer_row_end(w);
	else if (!strcmp(name, "table-cell") || !strcmp(name, "covered-table-cell"))
		end_cell(d);
}

static void on_text(struct xml *xml, const char *s, size_t n)
{
	struct odf *d = xml->ctx;

	if (d->body && !d->skip)
		writer_text(&d->x->writer, s, n);
}

static int refuse_locked(struct extract *x, struct archive *a)
{
	struct buf manifest;
	int r;

	buf_init(&manifest, ARCHIVE_ENTRY_MAX);
	r = archive_has(a, "META-INF/manifest.xml")
		    ? archive_read(a, "META-INF/manifest.xml", &manifest)
		    : 0;
	if (r == 0 && manifest.len && memmem(manifest.data, manifest.len, "encryption-data", 15))
		r = extract_locked(x);
	buf_fini(&manifest);
	return r;
}

int extract_odf(struct extract *x, struct archive *a)
{
	struct odf d = { .x = x };
	struct xml xml = { .ctx = &d, .start = on_start, .end = on_end, .text = on_text };
	struct buf type;
	int r = refuse_locked(x, a);

	buf_init(&type, 4096);
	x->format = "odt";
	if (r == 0)
		r = archive_read(a, "mimetype", &type);
	if (r == 0 && memmem(type.data, type.len, "spreadsheet", 11)) {
		d.is_book = true;
		x->format = "ods";
	} else if (r == 0 && memmem(type.data, type.len, "presentation", 12)) {
		x->format = "odp";
	}
	buf_fini(&type);
	if (r == 0)
		r = office_title(x, a, "meta.xml");
	if (r == 0) {
		office_heading(x);
		r = xml_entry(&xml, a, "content.xml");
	}
	while (x->writer.deep)
		writer_table_end(&x->writer);
	return r;
}
