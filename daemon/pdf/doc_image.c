/*
 * Colour glyphs as images: the font's PNG, decoded, halved in width and height (enough for print at the size
 * of text) and written with its transparency as a soft mask. One image per glyph, however often it is shown.
 */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/pdf/doc_in.h"

#define SIDE_MAX 1024          /* pixels: of an emoji font they are 136 */
#define HALVE_FROM 96          /* pixels of width */

struct image {
	struct image *next;
	const struct font *font;
	uint16_t gid;
	unsigned number;
};

struct pixels {
	unsigned width, height;
	uint8_t *rgba;                 /* not premultiplied */
};

static bool decode(const uint8_t *png, size_t len, struct pixels *out)
{
	png_image image = { .version = PNG_IMAGE_VERSION };

	if (!png_image_begin_read_from_memory(&image, png, len))
		return false;
	if (image.width > SIDE_MAX || image.height > SIDE_MAX) {
		png_image_free(&image);
		return false;
	}
	image.format = PNG_FORMAT_RGBA;
	*out = (struct pixels){ image.width, image.height, malloc(PNG_IMAGE_SIZE(image)) };
	if (!out->rgba || !png_image_finish_read(&image, NULL, out->rgba, 0, NULL)) {
		png_image_free(&image);
		free(out->rgba);
		return false;
	}
	return true;
}

/* Four pixels to one, colour weighed by opacity: clear pixels have no say. */
static void mix(const struct pixels *in, unsigned x, unsigned y, uint8_t out[4])
{
	unsigned sum[4] = { 0 }, n = 0;

	for (unsigned j = y; j < y + 2 && j < in->height; j++)
		for (unsigned i = x; i < x + 2 && i < in->width; i++, n++) {
			const uint8_t *px = in->rgba + 4 * ((size_t)j * in->width + i);

			for (int c = 0; c < 3; c++)
				sum[c] += px[c] * px[3];
			sum[3] += px[3];
		}
	for (int c = 0; c < 3; c++)
		out[c] = (uint8_t)(sum[3] ? (sum[c] + sum[3] / 2) / sum[3] : 0);
	out[3] = (uint8_t)((sum[3] + n / 2) / n);
}

static void halve(struct pixels *px)
{
	unsigned width = (px->width + 1) / 2, height = (px->height + 1) / 2;

	for (unsigned y = 0; y < height; y++) /* in place: a pixel is written after it was read */
		for (unsigned x = 0; x < width; x++) {
			uint8_t one[4];

			mix(px, 2 * x, 2 * y, one);
			memcpy(px->rgba + 4 * ((size_t)y * width + x), one, 4);
		}
	px->width = width;
	px->height = height;
}

/* Rows as differences to the pixel before (PNG's "sub"): drawings have even areas. */
static struct obj *plane(struct doc *d, const struct pixels *px, int first, int count, const char *space)
{
	struct obj *image = objs_stream(d->objs, true), *parms;
	uint8_t row[1 + 3 * SIDE_MAX];

	obj_name(image, "Type", "XObject");
	obj_name(image, "Subtype", "Image");
	obj_int(image, "Width", (int32_t)px->width);
	obj_int(image, "Height", (int32_t)px->height);
	obj_name(image, "ColorSpace", space);
	obj_int(image, "BitsPerComponent", 8);
	parms = obj_dict_list(image, "DecodeParms"); /* an array, as libharu's /Filter is */
	obj_int(parms, "Predictor", 15);
	obj_int(parms, "Colors", count);
	obj_int(parms, "Columns", (int32_t)px->width);
	for (unsigned y = 0; y < px->height; y++) {
		const uint8_t *from = px->rgba + 4 * (size_t)y * px->width;
		uint8_t *to = row;

		*to++ = 1;
		for (unsigned x = 0; x < px->width; x++)
			for (int c = first; c < first + count; c++)
				*to++ = (uint8_t)(from[4 * x + (unsigned)c] - (x ? from[4 * x - 4 + (unsigned)c] : 0));
		obj_write(image, row, (size_t)(to - row));
	}
	return image;
}

static bool add(struct doc *d, const struct image *image)
{
	const uint8_t *png;
	struct pixels px;
	struct obj *colors;
	char key[16];
	size_t len;

	if (!font_png(image->font, image->gid, &png, &len) || !decode(png, len, &px))
		return false;
	if (px.width >= HALVE_FROM)
		halve(&px);
	colors = plane(d, &px, 0, 3, "DeviceRGB");
	obj_ref(colors, "SMask", plane(d, &px, 3, 1, "DeviceGray"));
	free(px.rgba);
	snprintf(key, sizeof(key), "I%u", image->number);
	obj_ref(d->image_names, key, colors);
	return true;
}

unsigned doc_image(struct doc *d, const struct font *font, uint16_t gid)
{
	struct image *i = d->images;

	for (; i; i = i->next)
		if (i->gid == gid && i->font == font)
			return i->number;
	i = arena_alloc(d->arena, sizeof(*i));
	*i = (struct image){ .next = d->images, .font = font, .gid = gid, .number = d->nimages + 1 };
	if (add(d, i))
		d->nimages++;
	else
		i->number = 0;
	d->images = i;
	return i->number;
}
