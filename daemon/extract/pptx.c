/* PPTX: slides in the order of the presentation, each a page; the title's placeholder is a heading. */
#include "daemon/extract/office.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"
#include "daemon/worker/records.h"

#define BESIDE_MAX 100 /* diagrams of one slide */

struct pptx {
	struct extract *x;
	struct relations parts;
	const char *slides[SHEETS_MAX]; /* of `parts` */
	size_t nslides;
	unsigned skip;
	bool in_text, is_title, is_number, in_body;
};

/* ---- the order of slides ---- */

static void list_start(struct xml *xml, const char *name, const char **atts)
{
	struct pptx *d = xml->ctx;
	const char *target;

	if (strcmp(name, "sldId") != 0)
		return;
	/* "id" and "r:id" share a name: the relation's is the one that is known */
	for (; *atts; atts += 2) {
		target = strchr(*atts, ':') ? relation_target(&d->parts, atts[1]) : NULL;
		if (target && d->nslides < SHEETS_MAX)
			d->slides[d->nslides++] = target;
	}
}

static void list_end(struct xml *xml, const char *name)
{
	(void)xml;
	(void)name;
}

/* ---- one slide ---- */

static void shape(struct pptx *d, const char **atts)
{
	const char *type = xml_attr(atts, "type");

	d->is_title = type && (!strcmp(type, "title") || !strcmp(type, "ctrTitle"));
	d->is_number = type && (!strcmp(type, "sldNum") || !strcmp(type, "dt"));
	d->in_body = !type || !strcmp(type, "body") || !strcmp(type, "obj");
}

static void paragraph(struct pptx *d, const char **atts)
{
	struct writer *w = &d->x->writer;

	(void)atts;
	if (d->is_title)
		writer_block(w, BLOCK_HEADING, 2);
	else
		writer_block(w, d->in_body ? BLOCK_ITEM : BLOCK_TEXT, 0);
}

static void slide_start(struct xml *xml, const char *name, const char **atts)
{
	struct pptx *d = xml->ctx;
	struct writer *w = &d->x->writer;

	d->skip += !strcmp(name, "Fallback");
	if (d->skip)
		return;
	if (!strcmp(name, "t"))
		d->in_text = true;
	else if (!strcmp(name, "sp") || !strcmp(name, "graphicFrame"))
		d->is_title = d->is_number = d->in_body = false;
	else if (!strcmp(name, "ph"))
		shape(d, atts);
	else if (!strcmp(name, "p"))
		paragraph(d, atts);
	else if (!strcmp(name, "pPr") && w->kind == BLOCK_ITEM)
		writer_retitle(w, BLOCK_ITEM, (unsigned)xml_int(xml_attr(atts, "lvl"), 0, 8, 0));
	else if (!strcmp(name, "br"))
		writer_break(w);
	else if (!strcmp(name, "tbl"))
		writer_table(w);
	else if (!strcmp(name, "tr"))
		writer_row(w);
	else if (!strcmp(name, "tc"))
		writer_cell(w);
}

static void slide_end(struct xml *xml, const char *name)
{
	struct pptx *d = xml->ctx;
	struct writer *w = &d->x->writer;

	if (d->skip) {
		d->skip -= !strcmp(name, "Fallback");
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

static void slide_text(struct xml *xml, const char *s, size_t n)
{
	struct pptx *d = xml->ctx;

	if (d->in_text && !d->skip && !d->is_number)
		writer_text(&d->x->writer, s, n);
}

static int read_part(struct pptx *d, struct archive *a, const char *entry)
{
	struct xml xml = { .ctx = d, .start = slide_start, .end = slide_end, .text = slide_text };
	int r;

	d->skip = 0;
	d->in_text = d->is_title = d->is_number = d->in_body = false;
	r = xml_entry(&xml, a, entry);
	while (d->x->writer.deep)
		writer_table_end(&d->x->writer);
	writer_end(&d->x->writer);
	return r;
}

static int read_of_type(struct pptx *d, struct archive *a, const struct relations *parts, const char *type)
{
	int r = 0;

	for (size_t i = 0, count = 0; r == 0 && i < parts->n && count < BESIDE_MAX; i++) {
		if (!str_ends(parts->v[i].type, type) || !archive_has(a, parts->v[i].target))
			continue;
		count++;
		r = read_part(d, a, parts->v[i].target);
	}
	return r;
}

/* Its diagrams, whose words lie beside it, and what the speaker wrote below it. */
static int read_beside(struct pptx *d, struct archive *a, const char *slide)
{
	static const char *const types[] = { "/diagramData", "/chart", "/notesSlide" };
	struct relations parts = { .n = 0 };
	int r = relations_read(&parts, d->x, a, slide);

	for (size_t i = 0; r == 0 && i < array_len(types); i++)
		r = read_of_type(d, a, &parts, types[i]);
	relations_fini(&parts);
	return r;
}

int extract_pptx(struct extract *x, struct archive *a, const char *part)
{
	struct pptx *d = mem_new(sizeof(*d));
	struct xml list = { .ctx = d, .start = list_start, .end = list_end };
	int first = x->page, r;

	x->format = "pptx";
	d->x = x;
	r = office_title(x, a, "docProps/core.xml");
	if (r == 0)
		r = relations_read(&d->parts, x, a, part);
	if (r == 0)
		r = xml_entry(&list, a, part);
	extract_form(x, FORM_MARKDOWN);
	for (size_t i = 0; r == 0 && i < d->nslides; i++) {
		x->page = first + (int)i + 1;
		extract_place(x, x->page, -1);
		r = read_part(d, a, d->slides[i]);
		if (r == -ENOENT)
			r = 0;
		if (r == 0)
			r = read_beside(d, a, d->slides[i]);
	}
	relations_fini(&d->parts);
	mem_free(d);
	return r;
}
