/*
 * DOCX: paragraphs of word/document.xml. What is a heading its style says; what is an item, its
 * numbering, which also gives the number that stands before it. Deleted text and field codes are left
 * out.
 */
#include "daemon/extract/docx.h"

#include <errno.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"

#define NUMBER_OF_NONE INT32_MAX /* an item, of no list that is known */
#define BESIDE_MAX 100 /* headers, and parts of each other kind beside the text */

struct docx {
	struct extract *x;
	struct styles styles;
	struct numbering *numbering; /* NULL: nothing is numbered */
	unsigned skip;   /* open elements whose text is said twice, or not meant for readers */
	unsigned math, matrix; /* open formulas, open tables of them */
	bool in_text;    /* within w:t */
	bool drops, joins; /* the paragraph is a large first letter; the next one is its rest */
	/* of the open paragraph's properties */
	const struct style *style;
	int level, num, depth; /* as of a style; STYLE_UNSAID where only the style says */
};

/* ---- the body ---- */

static bool is_skipped(const char *name)
{
	return !strcmp(name, "Fallback") || !strcmp(name, "del") || !strcmp(name, "moveFrom") ||
	       !strcmp(name, "pPrChange"); /* how it was before */
}

static void property(struct docx *d, const char *name, const char **atts)
{
	const char *value = xml_attr(atts, "val");

	if (!strcmp(name, "pStyle"))
		d->style = styles_find(&d->styles, value);
	else if (!strcmp(name, "outlineLvl"))
		d->level = xml_int(value, 0, 5, -1) + 1;
	else if (!strcmp(name, "numId"))
		d->num = xml_int(value, 0, INT32_MAX, STYLE_UNSAID);
	else if (!strcmp(name, "ilvl"))
		d->depth = xml_int(value, 0, NUMBER_LEVELS - 1, STYLE_UNSAID);
	else if (!strcmp(name, "numPr") && d->num == STYLE_UNSAID)
		d->num = d->style && d->style->num > 0 ? STYLE_UNSAID : NUMBER_OF_NONE;
}

static int depth_of(const struct docx *d, int num)
{
	if (d->depth != STYLE_UNSAID)
		return d->depth;
	if (!d->style)
		return 0;
	return d->style->depth != STYLE_UNSAID ? d->style->depth : numbering_depth_of_style(d->numbering, num, d->style->id);
}

/* All that is said of the paragraph has come. */
static void apply(struct docx *d)
{
	struct writer *w = &d->x->writer;
	int level = d->level == STYLE_UNSAID && d->style ? d->style->level : d->level;
	int num = d->num == STYLE_UNSAID && d->style ? d->style->num : d->num;
	int depth = num > 0 ? depth_of(d, num) : 0;
	char mark[NUMBER_TEXT] = "";

	if (level > 0)
		writer_retitle(w, BLOCK_HEADING, (unsigned)level);
	else if (num > 0)
		writer_retitle(w, BLOCK_ITEM, (unsigned)depth);
	if (num > 0 && d->numbering)
		numbering_next(d->numbering, &d->styles, num, depth, mark);
	writer_mark(w, mark);
}

/* A large first letter is a paragraph of its own, which the next one continues. */
static void begin_paragraph(struct docx *d)
{
	if (!d->joins)
		writer_block(&d->x->writer, BLOCK_TEXT, 0);
	d->joins = d->drops = false;
	d->style = NULL;
	d->level = d->num = d->depth = STYLE_UNSAID;
}

static void end_paragraph(struct docx *d)
{
	d->joins = d->drops;
	if (!d->joins)
		writer_end(&d->x->writer);
}

static bool is_drop(const char **atts)
{
	const char *kind = xml_attr(atts, "dropCap");

	return kind && strcmp(kind, "none") != 0;
}

/* What a formula shows by where it stands: a^2, b_i, c/d. */
static const char *math_sign(const char *name, bool in_matrix)
{
	if (!strcmp(name, "den"))
		return "/";
	if (!strcmp(name, "sup") || !strcmp(name, "sub"))
		return name[2] == 'p' ? "^" : "_";
	if (!strcmp(name, "rad"))
		return "\u221a";
	return !strcmp(name, "d") || !strcmp(name, "mr") || (in_matrix && !strcmp(name, "e")) ? " " : NULL;
}

static void run(struct docx *d, const char *name, const char **atts)
{
	struct writer *w = &d->x->writer;
	const char *sign = d->math ? math_sign(name, d->matrix) : NULL;

	if (sign)
		writer_str(w, sign);
	else if (!strcmp(name, "t"))
		d->in_text = true;
	else if (!strcmp(name, "tab"))
		writer_text(w, " ", 1);
	else if (!strcmp(name, "br") || !strcmp(name, "cr"))
		writer_break(w);
	else if (!strcmp(name, "noBreakHyphen"))
		writer_text(w, "-", 1);
	else if (!strcmp(name, "framePr"))
		d->drops = is_drop(atts);
	else
		property(d, name, atts);
}

static void body_start(struct xml *xml, const char *name, const char **atts)
{
	struct docx *d = xml->ctx;
	struct writer *w = &d->x->writer;

	d->skip += is_skipped(name);
	if (d->skip)
		return;
	d->math += !strcmp(name, "oMath");
	d->matrix += d->math && !strcmp(name, "m");
	if (!strcmp(name, "p"))
		begin_paragraph(d);
	else if (!strcmp(name, "tbl"))
		writer_table(w);
	else if (!strcmp(name, "tr"))
		writer_row(w);
	else if (!strcmp(name, "tc"))
		writer_cell(w);
	else
		run(d, name, atts);
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
	else if (!strcmp(name, "pPr"))
		apply(d);
	else if (!strcmp(name, "p"))
		end_paragraph(d);
	else if (!strcmp(name, "oMath"))
		d->math -= d->math > 0;
	else if (!strcmp(name, "m"))
		d->matrix -= d->matrix > 0;
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

	d->skip = d->math = d->matrix = 0;
	d->in_text = d->drops = d->joins = false;
	r = xml_entry(&xml, a, entry);
	while (d->x->writer.deep)
		writer_table_end(&d->x->writer);
	writer_end(&d->x->writer);
	return r;
}

/* ---- beside the body ---- */

/* An HTML page or a mail that some programs put in whole. */
static int read_chunk(struct docx *d, struct archive *a, const char *part)
{
	struct extract *x = d->x;
	const char *outer = x->name, *format = x->format;
	struct buf bytes;
	int r;

	if (x->depth >= MAIL_DEPTH)
		return 0;
	buf_init(&bytes, ARCHIVE_ENTRY_MAX);
	r = archive_read(a, part, &bytes);
	x->name = part;
	x->depth++;
	if (r == 0 && bytes.len)
		(void)extract_document(x, bytes.data, bytes.len);
	x->depth--;
	x->name = outer;
	x->format = format;
	buf_fini(&bytes);
	return r ? r : x->r;
}

/* The same header stands in several sections. */
static bool stood_before(const struct archive *a, const struct relations *parts, size_t i)
{
	uint32_t sum, other;

	if (!archive_sum(a, parts->v[i].target, &sum))
		return false;
	for (size_t k = 0; k < i; k++)
		if (!strcmp(parts->v[k].type, parts->v[i].type) && archive_sum(a, parts->v[k].target, &other) && sum == other)
			return true;
	return false;
}

static int read_beside(struct docx *d, struct archive *a, const struct relations *parts, const char *type)
{
	int (*read)(struct docx *, struct archive *, const char *) = !strcmp(type, "/aFChunk") ? read_chunk : read_part;
	size_t count = 0;

	for (size_t i = 0; i < parts->n; i++) {
		int r = 0;

		if (str_ends(parts->v[i].type, type) && archive_has(a, parts->v[i].target) && count++ < BESIDE_MAX &&
			!stood_before(a, parts, i))
			r = read(d, a, parts->v[i].target);
		if (r > 0)
			return r;
	}
	return 0;
}

/* Styles and numbers, which the paragraphs name. */
static int read_before(struct docx *d, struct archive *a, const struct relations *parts)
{
	const char *sheet = relation_of_type(parts, "/styles"), *numbers = relation_of_type(parts, "/numbering");
	int r = styles_read(&d->styles, a, sheet ? sheet : "word/styles.xml");

	if (r == 0 || r == -ENOENT)
		r = numbering_read(&d->numbering, a, numbers ? numbers : "word/numbering.xml");
	return r;
}

/* Notes and comments after the text, then what stands above and below each page, once. */
static int read_all(struct docx *d, struct archive *a, const char *part)
{
	static const char *const types[] = { "/aFChunk", "/diagramData", "/chart", "/footnotes", "/endnotes", "/comments", "/header", "/footer" };
	struct relations parts = { .n = 0 };
	int r = relations_read(&parts, d->x, a, part);

	if (r == 0)
		r = read_before(d, a, &parts);
	if (r == 0) {
		office_heading(d->x);
		r = read_part(d, a, part);
	}
	for (size_t i = 0; r == 0 && i < array_len(types); i++)
		r = read_beside(d, a, &parts, types[i]);
	relations_fini(&parts);
	return r;
}

int extract_docx(struct extract *x, struct archive *a, const char *part)
{
	struct docx d = { .x = x };
	int r = office_title(x, a, "docProps/core.xml");

	x->format = "docx";
	if (r == 0)
		r = read_all(&d, a, part);
	styles_fini(&d.styles);
	d.numbering = numbering_free(d.numbering);
	return r;
}
