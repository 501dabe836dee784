/*
 * DOCX: paragraphs of word/document.xml. What is a heading its style says, by its outline level or
 * by its name; what is an item, its numbering. Deleted text and field codes are left out.
 */
#include "daemon/extract/office.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

struct style {
	char *id;
	unsigned level; /* of a heading */
};

struct docx {
	struct extract *x;
	struct style *styles;
	size_t nstyles, cstyles;
	unsigned skip;   /* open elements whose text is said twice, or not meant for readers */
	bool in_text;    /* within w:t */
	char *style;     /* in styles.xml: the one read now */
	unsigned level;
};

/* ---- styles ---- */

static unsigned level_by_name(const char *name)
{
	if (!strncasecmp(name, "heading ", 8))
		return (unsigned)xml_int(name + 8, 1, 6, 0);
	return str_eq_case(name, "title") ? 1 : 0;
}

static void style_start(struct xml *xml, const char *name, const char **atts)
{
	struct docx *d = xml->ctx;
	const char *value = xml_attr(atts, "val");

	if (!strcmp(name, "style")) {
		mem_free(d->style);
		d->style = mem_dup(xml_attr(atts, "styleId"));
		d->level = 0;
	} else if (!strcmp(name, "name") && value && d->style && !d->level) {
		d->level = level_by_name(value);
	} else if (!strcmp(name, "outlineLvl") && d->style) {
		d->level = (unsigned)xml_int(value, 0, 5, -1) + 1;
	}
}

static void style_end(struct xml *xml, const char *name)
{
	struct docx *d = xml->ctx;

	if (strcmp(name, "style") != 0 || !d->style)
		return;
	if (d->level && d->nstyles < 10000) {
		d->styles = mem_grow(d->styles, &d->cstyles, d->nstyles, sizeof(*d->styles));
		d->styles[d->nstyles++] = (struct style){ d->style, d->level };
		d->style = NULL;
	}
	d->style = mem_free(d->style);
}

static unsigned level_of(const struct docx *d, const char *id)
{
	for (size_t i = 0; id && i < d->nstyles; i++)
		if (!strcmp(d->styles[i].id, id))
			return d->styles[i].level;
	return 0;
}

/* ---- the body ---- */

static bool is_skipped(const char *name)
{
	return !strcmp(name, "Fallback") || !strcmp(name, "del") || !strcmp(name, "moveFrom");
}

static void property(struct docx *d, const char *name, const char **atts)
{
	struct writer *w = &d->x->writer;
	const char *value = xml_attr(atts, "val");
	unsigned level;

	if (!strcmp(name, "pStyle")) {
		level = level_of(d, value);
		if (level)
			writer_retitle(w, BLOCK_HEADING, level);
	} else if (!strcmp(name, "outlineLvl")) {
		level = (unsigned)xml_int(value, 0, 5, -1) + 1;
		if (level)
			writer_retitle(w, BLOCK_HEADING, level);
	} else if (!strcmp(name, "numPr") && w->kind != BLOCK_HEADING) {
		writer_retitle(w, BLOCK_ITEM, 0);
	} else if (!strcmp(name, "ilvl") && w->kind == BLOCK_ITEM) {
		writer_retitle(w, BLOCK_ITEM, (unsigned)xml_int(value, 0, 8, 0));
	}
}

static void body_start(struct xml *xml, const char *name, const char **atts)
{
	struct docx *d = xml->ctx;
	struct writer *w = &d->x->writer;

	d->skip += is_skipped(name);
	if (d->skip)
		return;
	if (!strcmp(name, "t"))
		d->in_text = true;
	else if (!strcmp(name, "p"))
		writer_block(w, BLOCK_TEXT, 0);
	else if (!strcmp(name, "tab"))
		writer_text(w, " ", 1);
	else if (!strcmp(name, "br") || !strcmp(name, "cr"))
		writer_break(w);
	else if (!strcmp(name, "noBreakHyphen"))
		writer_text(w, "-", 1);
	else if (!strcmp(name, "tbl"))
		writer_table(w);
	else if (!strcmp(name, "tr"))
		writer_row(w);
	else if (!strcmp(name, "tc"))
		writer_cell(w);
	else
		property(d, name, atts);
}

static void body_end(struct xml *xml, const char *name)
{
	struct docx *d = xml->ctx;
	struct writer *w = &d->x->writer;

	if (d->skip) {
		d->skip -= is_skipped(name);
		return;
	}
	if (!strcmp(name, "t"))
		d->in_text = false;
	else if (!strcmp(name, "p"))
		writer_end(w);
	else if (!strcmp(name, "tc"))
		writer_cell_end(w);
	else if (!strcmp(name, "tr"))
		writer_row_end(w);
	else if (!strcmp(name, "tbl"))
		writer_table_end(w);
}

static void body_text(struct xml *xml, const char *s, size_t n)
{
	struct docx *d = xml->ctx;

	if (d->in_text && !d->skip)
		writer_text(&d->x->writer, s, n);
}

static int read_part(struct docx *d, struct archive *a, const char *entry)
{
	struct xml xml = { .ctx = d, .start = body_start, .end = body_end, .text = body_text };
	int r;

	d->skip = 0;
	d->in_text = false;
	r = xml_entry(&xml, a, entry);
	while (d->x->writer.deep)
		writer_table_end(&d->x->writer);
	writer_end(&d->x->writer);
	return r;
}

/* Footnotes, endnotes, comments: after the text, where there are any. */
static int read_notes(struct docx *d, struct archive *a, const char *part)
{
	int r = archive_has(a, part) ? read_part(d, a, part) : 0;

	return r < 0 ? 0 : r;
}

int extract_docx(struct extract *x, struct archive *a)
{
	struct docx d = { .x = x };
	struct xml styles = { .ctx = &d, .start = style_start, .end = style_end };
	int r = office_title(x, a, "docProps/core.xml");

	x->format = "docx";
	if (r == 0 && archive_has(a, "word/styles.xml"))
		r = xml_entry(&styles, a, "word/styles.xml");
	if (r == 0) {
		office_heading(x);
		r = read_part(&d, a, "word/document.xml");
	}
	if (r == 0)
		r = read_notes(&d, a, "word/footnotes.xml");
	if (r == 0)
		r = read_notes(&d, a, "word/endnotes.xml");
	if (r == 0)
		r = read_notes(&d, a, "word/comments.xml");
	for (size_t i = 0; i < d.nstyles; i++)
		mem_free(d.styles[i].id);
	mem_free(d.styles);
	mem_free(d.style);
	return r;
}
