/* Marked content, and the plain marks: rectangles and lines. */
#include <math.h>

#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"

#define FAR 3200000.0        /* hundredths: beyond what readers take for a coordinate */
#define ARC 0.5522847498     /* of the radius: where a quarter circle's Bezier handles stand */

bool page_number(struct page *p, double v, int64_t *hundredths)
{
	if (!isfinite(v)) {
		doc_fail(p->doc, DOC_E_NUMBER);
		return false;
	}
	v *= 100;
	*hundredths = llround(v < -FAR ? -FAR : v > FAR ? FAR : v);
	return true;
}

bool page_place(struct page *p, double x, double y, int64_t *px, int64_t *py)
{
	return page_number(p, x, px) && page_number(p, p->height - y, py);
}

void page_content(struct page *p, struct elem *e)
{
	p->want = e;
}

static void text_end(struct page *p)
{
	if (p->in_text)
		buf_add_str(&p->content, "ET\n");
	p->in_text = false;
}

void page_close(struct page *p)
{
	text_end(p);
	if (p->open != OPEN_NONE)
		buf_add_str(&p->content, "EMC\n");
	p->open = OPEN_NONE;
	p->held = NULL;
}

void page_tag(struct page *p)
{
	struct buf *b = &p->content;

	if (p->want ? p->open == OPEN_ELEM && p->held == p->want : p->open == OPEN_ARTIFACT)
		return;
	page_close(p);
	p->held = p->want;
	if (p->want) {
		p->open = OPEN_ELEM;
		buf_add_byte(b, '/');
		buf_add_str(b, elem_name(p->want));
		buf_add_str(b, "<</MCID ");
		put_int(b, elem_mark(p, p->want));
		buf_add_str(b, ">>BDC\n");
	} else {
		p->open = OPEN_ARTIFACT;
		buf_add_str(b, "/Artifact BMC\n");
	}
}

void page_text(struct page *p)
{
	page_tag(p);
	if (p->in_text)
		return;
	buf_add_str(&p->content, "BT\n");
	p->in_text = true;
	p->slanted = false;
	p->line_x = p->line_y = 0;
}

void page_plain(struct page *p)
{
	page_tag(p);
	text_end(p);
}

static void put_rgb(struct buf *b, uint32_t rgb, char gray, const char *color)
{
	uint8_t part[3] = { (uint8_t)(rgb >> 16), (uint8_t)(rgb >> 8), (uint8_t)rgb };
	bool is_gray = part[0] == part[1] && part[1] == part[2];

	for (size_t i = is_gray ? 2 : 0; i < 3; i++) {
		put_fix(b, (part[i] * 1000 + 127) / 255, 3);
		buf_add_byte(b, ' ');
	}
	if (is_gray)
		buf_add_byte(b, (uint8_t)gray);
	else
		buf_add_str(b, color);
	buf_add_byte(b, '\n');
}

void page_ink(struct page *p, uint32_t rgb)
{
	if (p->pen.fill == rgb)
		return;
	put_rgb(&p->content, rgb, 'g', "rg");
	p->pen.fill = rgb;
}

void page_stroke_ink(struct page *p, uint32_t rgb, int64_t thickness)
{
	if (p->pen.stroke != rgb)
		put_rgb(&p->content, rgb, 'G', "RG");
	p->pen.stroke = rgb;
	if (p->pen.thickness == thickness)
		return;
	put_fix(&p->content, thickness, 2);
	buf_add_str(&p->content, " w\n");
	p->pen.thickness = thickness;
}

/* Numbers of hundredths and the operator that takes them. */
static void put_op(struct page *p, const char *op, const int64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_fix(&p->content, v[i], 2);
		buf_add_byte(&p->content, ' ');
	}
	buf_add_str(&p->content, op);
	buf_add_byte(&p->content, '\n');
}

void page_fill(struct page *p, double x, double y, double w, double h, uint32_t rgb)
{
	int64_t v[4];

	if (!page_place(p, x, y + h, &v[0], &v[1]) || !page_number(p, w, &v[2]) || !page_number(p, h, &v[3]))
		return;
	page_plain(p);
	page_ink(p, rgb);
	put_op(p, "re f", v, 4);
}

static void put_curve(struct page *p, const double at[6])
{
	int64_t v[6];

	for (size_t i = 0; i < 6; i++)
		if (!page_number(p, at[i], &v[i]))
			return;
	put_op(p, "c", v, 6);
}

static void put_point(struct page *p, const char *op, double x, double y)
{
	int64_t v[2];

	if (page_number(p, x, &v[0]) && page_number(p, y, &v[1]))
		put_op(p, op, v, 2);
}

void page_fill_round(struct page *p, double x, double y, double w, double h, double radius, uint32_t rgb)
{
	double r = fmin(radius, fmin(w, h) / 2), k, left, right, low, high;
	int64_t check[4];

	if (!(r > 0) || !page_place(p, x, y, &check[0], &check[1]) || !page_place(p, w, h, &check[2], &check[3])) {
		page_fill(p, x, y, w, h, rgb);
		return;
	}
	k = r * (1 - ARC);
	left = x;
	right = x + w;
	high = p->height - y;
	low = high - h;
	page_plain(p);
	page_ink(p, rgb);
	put_point(p, "m", left + r, low);
	put_point(p, "l", right - r, low);
	put_curve(p, (double[]){ right - k, low, right, low + k, right, low + r });
	put_point(p, "l", right, high - r);
	put_curve(p, (double[]){ right, high - k, right - k, high, right - r, high });
	put_point(p, "l", left + r, high);
	put_curve(p, (double[]){ left + k, high, left, high - k, left, high - r });
	put_point(p, "l", left, low + r);
	put_curve(p, (double[]){ left, low + k, left + k, low, left + r, low });
	buf_add_str(&p->content, "f\n");
}

void page_stroke(struct page *p, double x1, double y1, double x2, double y2, double thickness, uint32_t rgb)
{
	int64_t from[2], to[2], wide;

	if (!page_place(p, x1, y1, &from[0], &from[1]) || !page_place(p, x2, y2, &to[0], &to[1]) ||
		!page_number(p, thickness, &wide))
		return;
	page_plain(p);
	page_stroke_ink(p, rgb, wide);
	put_op(p, "m", from, 2);
	put_op(p, "l S", to, 2);
}

void page_box(struct page *p, double x, double y, double w, double h, double thickness, uint32_t rgb)
{
	int64_t v[4], wide;

	if (!page_place(p, x, y + h, &v[0], &v[1]) || !page_number(p, w, &v[2]) || !page_number(p, h, &v[3]) ||
		!page_number(p, thickness, &wide))
		return;
	page_plain(p);
	page_stroke_ink(p, rgb, wide);
	put_op(p, "re S", v, 4);
}
