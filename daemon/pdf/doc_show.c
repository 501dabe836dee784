/*
 * Text on a page: one piece is glyphs of one font, shown by TJ whose adjustments make up for the
 * difference between the font's own widths and where shaping wants the glyphs. The text object stays open
 * as long as only text of the same element follows.
 */
#include <math.h>

#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"

#define SLANT "0.2126"       /* tan 12 degrees */
#define BOLD_STROKE 30       /* 1/1000 em: of the outline that makes bold from regular */
#define MODE_FILL 0
#define MODE_BOLD 2          /* fill, then stroke */
#define MODE_HIDDEN 3
#define LINE_THICK 0.055     /* em: underline and strike */
#define LINE_UNDER 0.12
#define LINE_THROUGH 0.27

struct run {
	struct page *p;
	const struct font *font;
	int64_t size;              /* hundredths of a point */
	int32_t shift;             /* 1/1000 em: to move left before the next glyph */
	bool array, string;        /* within [ ], within ( ) */
};

static void string_end(struct run *r)
{
	if (r->string)
		buf_add_byte(&r->p->content, ')');
	r->string = false;
}

static void array_end(struct run *r)
{
	string_end(r);
	if (r->array)
		buf_add_str(&r->p->content, "]TJ\n");
	r->array = false;
}

static void use_font(struct run *r, unsigned resource)
{
	struct page *p = r->p;

	if (p->pen.font == resource && p->pen.size == r->size)
		return;
	array_end(r);
	buf_add_str(&p->content, "/F");
	put_int(&p->content, resource);
	buf_add_byte(&p->content, ' ');
	put_fix(&p->content, r->size, 2);
	buf_add_str(&p->content, " Tf\n");
	p->pen.font = resource;
	p->pen.size = r->size;
}

static void set(struct run *r, int64_t *now, int64_t value, unsigned digits, const char *op)
{
	if (*now == value)
		return;
	array_end(r);
	put_fix(&r->p->content, value, digits);
	buf_add_str(&r->p->content, op);
	*now = value;
}

static void set_mode(struct run *r, int mode)
{
	if (r->p->pen.mode == mode)
		return;
	array_end(r);
	put_int(&r->p->content, mode);
	buf_add_str(&r->p->content, " Tr\n");
	r->p->pen.mode = mode;
}

static void put_cid(struct buf *b, uint16_t cid)
{
	uint8_t byte[2] = { (uint8_t)(cid >> 8), (uint8_t)cid };

	for (size_t i = 0; i < 2; i++) {
		if (byte[i] == '(' || byte[i] == ')' || byte[i] == '\\')
			buf_add_byte(b, '\\');
		if (byte[i] == '\r')
			buf_add(b, "\\r", 2);
		else
			buf_add_byte(b, byte[i]);
	}
}

static void put_glyph(struct run *r, uint16_t cid)
{
	struct buf *b = &r->p->content;

	if (!r->array)
		buf_add_byte(b, '[');
	r->array = true;
	if (r->shift) {
		string_end(r);
		put_int(b, r->shift);
		r->shift = 0;
	}
	if (!r->string)
		buf_add_byte(b, '(');
	r->string = true;
	put_cid(b, cid);
}

/* Td counts from the start of the line before, so that rounding does not add up. */
static void move_to(struct run *r, int64_t x, int64_t y, bool slanted)
{
	struct page *p = r->p;
	struct buf *b = &p->content;
	bool matrix = slanted || p->slanted;

	if (slanted)
		buf_add_str(b, "1 0 " SLANT " 1 ");
	else if (matrix)
		buf_add_str(b, "1 0 0 1 ");
	put_fix(b, matrix ? x : x - p->line_x, 2);
	buf_add_byte(b, ' ');
	put_fix(b, matrix ? y : y - p->line_y, 2);
	buf_add_str(b, matrix ? " Tm\n" : " Td\n");
	p->slanted = slanted;
	p->line_x = x;
	p->line_y = y;
}

/*
 * Of a cluster whose text its first glyph has, that glyph is as wide as all and the others have no width:
 * extractors would take what they leave between the texts for spaces.
 */
static int64_t width_of(const struct piece *piece, size_t i)
{
	int64_t sum = piece->glyphs[i].advance;

	if (!piece->glyphs[i].text_len)
		return i ? 0 : sum;
	while (++i < piece->n && !piece->glyphs[i].text_len)
		sum += piece->glyphs[i].advance;
	return sum;
}

static void show_glyphs(struct run *r, const char *text, const struct piece *piece)
{
	struct page *p = r->p;

	for (size_t i = 0; i < piece->n; i++) {
		const struct glyph *g = &piece->glyphs[i];
		struct code c = doc_code(p->doc, r->font, g->gid, width_of(piece, i), text + g->text_at, g->text_len);

		use_font(r, c.resource);
		set(r, &p->pen.lift, (int64_t)llround((double)g->dy * (double)r->size / 1000), 2, " Ts\n");
		r->shift -= g->dx;
		put_glyph(r, c.cid);
		r->shift += c.advance + g->dx - g->advance;
	}
	array_end(r);
}

static void show_outlines(struct page *p, int64_t x, int64_t y, const char *text, const struct piece *piece)
{
	struct run r = { .p = p, .font = piece->font };
	bool bold = piece->font->emboldened && !piece->missing;

	if (!page_number(p, (double)piece->span->size, &r.size))
		return;
	page_text(p);
	page_ink(p, piece->span->ink);
	if (bold)
		page_stroke_ink(p, piece->span->ink, max_of(r.size * BOLD_STROKE / 1000, 1));
	set_mode(&r, bold ? MODE_BOLD : MODE_FILL);
	move_to(&r, x, y, piece->font->slanted && !piece->missing);
	show_glyphs(&r, text, piece);
}

/* An unseen glyph as wide as the picture, which copies as its text. */
static void show_hidden(struct page *p, int64_t x, int64_t y, const char *text, const struct piece *piece,
	const struct glyph *g)
{
	struct run r = { .p = p, .font = fonts_base(p->doc->fonts, 0) };
	struct code c;

	if (!g->text_len || !page_number(p, (double)piece->span->size, &r.size))
		return;
	c = doc_code(p->doc, r.font, 0, g->advance, text + g->text_at, g->text_len);
	page_text(p);
	set_mode(&r, MODE_HIDDEN);
	use_font(&r, c.resource);
	set(&r, &p->pen.lift, 0, 2, " Ts\n");
	move_to(&r, x, y, false);
	put_glyph(&r, c.cid);
	array_end(&r);
}

static void show_picture(struct page *p, int64_t x, int64_t y, const struct piece *piece, const struct glyph *g)
{
	double em = (double)piece->span->size * 100 / 1000; /* hundredths of a point in 1/1000 em */
	unsigned image = doc_image(p->doc, piece->font, g->gid);
	hb_glyph_extents_t box;
	struct buf *b = &p->content;

	if (!image || !hb_font_get_glyph_extents(piece->font->font, g->gid, &box))
		return;
	page_plain(p);
	buf_add_str(b, "q ");
	put_fix(b, llround(box.width * em), 2);
	buf_add_str(b, " 0 0 ");
	put_fix(b, llround(-box.height * em), 2);
	buf_add_byte(b, ' ');
	put_fix(b, x + llround((g->dx + box.x_bearing) * em), 2);
	buf_add_byte(b, ' ');
	put_fix(b, y + llround((g->dy + box.y_bearing + box.height) * em), 2);
	buf_add_str(b, " cm/I");
	put_int(b, image);
	buf_add_str(b, " Do Q\n");
}

static void show_pictures(struct page *p, int64_t x, int64_t y, const char *text, const struct piece *piece)
{
	double em = (double)piece->span->size * 100 / 1000, at = 0;

	if (!isfinite(em))
		return;
	for (size_t i = 0; i < piece->n; i++) {
		const struct glyph *g = &piece->glyphs[i];
		int64_t px = x + llround(at * em);

		show_picture(p, px, y, piece, g);
		show_hidden(p, px, y, text, piece, g);
		at += g->advance;
	}
}

static void tint(struct page *p, double x, double y, const struct piece *piece)
{
	double em = (double)piece->span->size / 1000;
	const struct font *base = fonts_base(p->doc->fonts, piece->span->style);
	struct elem *want = p->want;

	p->want = NULL;
	page_fill(p, x, y - base->ascent * em, piece->width, (base->ascent + base->descent) * em,
		piece->span->tint);
	p->want = want;
}

void page_show(struct page *p, double x, double y, const char *text, const struct piece *piece)
{
	const struct span *s = piece->span;
	double size = (double)s->size, line = y - (double)s->rise;
	int64_t px, py;

	if (!piece->n || !page_place(p, x, line, &px, &py))
		return;
	if (s->tint != TINT_NONE)
		tint(p, x, line, piece);
	if (piece->font->color)
		show_pictures(p, px, py, text, piece);
	else
		show_outlines(p, px, py, text, piece);
	if (s->underline)
		page_fill(p, x, line + size * LINE_UNDER, piece->width, size * LINE_THICK, s->ink);
	if (s->strike)
		page_fill(p, x, line - size * LINE_THROUGH, piece->width, size * LINE_THICK, s->ink);
}
