/* A mapped font file as a struct font, and the smallest TrueType font there is. */
#include "daemon/pdf/fontfile.h"

#include <fcntl.h>
#include <hb-ot.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/attr.h"

bool fontfile_map(struct fontfile *f, const char *path)
{
	struct stat st;
	void *p = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return false;
	f->data = p;
	f->len = (size_t)st.st_size;
	return true;
}

void fontfile_unmap(struct fontfile *f)
{
	hb_blob_destroy(f->blob);
	if (f->data)
		munmap((void *)(uintptr_t)f->data, f->len);
	*f = (struct fontfile){ .data = NULL };
}

/* ---- the font of last resort ---- */

struct writer {
	uint8_t bytes[512];
	size_t n;
};

static void put(struct writer *w, uint32_t value, int bytes)
{
	while (bytes-- > 0)
		w->bytes[w->n++] = (uint8_t)(value >> (8 * bytes));
}

static void put_words(struct writer *w, const uint16_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(w, words[i], 2);
}

/* A frame of two rectangles, 500 x 700 units; the inner one turns the other way. */
static const uint16_t box[] = {
	2, 50, 0, 550, 700, 3, 7, 0,
	0x0101, 0x0101, 0x0101, 0x0101, /* eight points on the curve */
	50, 500, 0, (uint16_t)-500, 60, 0, 380, 0,
	0, 0, 700, 0, (uint16_t)-640, 580, 0, (uint16_t)-580,
};
static const uint16_t head[] = { 1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0, 1000, 0, 0, 0, 0, 0, 0, 0, 0,
	50, 0, 550, 700, 0, 8, 2, 0, 0 };
static const uint16_t hhea[] = { 1, 0, 800, (uint16_t)-200, 0, 600, 50, 50, 550, 1, 0, 0, 0, 0, 0, 0, 0, 2 };
static const uint16_t maxp[] = { 1, 0, 2, 8, 2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0 };
static const uint16_t hmtx[] = { 600, 50, 300, 0 };
static const uint16_t loca[] = { 0, sizeof(box) / 2, sizeof(box) / 2 };
/* Format 4: the space and its no-break sister are glyph 1. */
static const uint16_t cmap[] = { 0, 1, 3, 1, 0, 12, 4, 40, 0, 6, 4, 1, 2,
	0x20, 0xA0, 0xFFFF, 0, 0x20, 0xA0, 0xFFFF, (uint16_t)(1 - 0x20), (uint16_t)(1 - 0xA0), 1, 0, 0, 0 };

static const struct {
	const char *tag;
	const uint16_t *words;
	size_t n;
} tables[] = {
	{ "cmap", cmap, array_len(cmap) }, { "glyf", box, array_len(box) }, { "head", head, array_len(head) },
	{ "hhea", hhea, array_len(hhea) }, { "hmtx", hmtx, array_len(hmtx) }, { "loca", loca, array_len(loca) },
	{ "maxp", maxp, array_len(maxp) },
};

static size_t padded(size_t words)
{
	return (words * 2 + 3) & ~(size_t)3;
}

void fontfile_builtin(struct fontfile *f)
{
	static struct writer w;
	size_t at = 12 + 16 * array_len(tables);

	w = (struct writer){ .n = 0 };
	put_words(&w, (const uint16_t[]){ 1, 0, array_len(tables), 64, 2, 48 }, 6);
	for (size_t i = 0; i < array_len(tables); i++) {
		for (int k = 0; k < 4; k++)
			put(&w, (uint8_t)tables[i].tag[k], 1);
		put(&w, 0, 4);
		put(&w, (uint32_t)at, 4);
		put(&w, (uint32_t)tables[i].n * 2, 4);
		at += padded(tables[i].n);
	}
	for (size_t i = 0; i < array_len(tables); i++) {
		put_words(&w, tables[i].words, tables[i].n);
		while (w.n % 4)
			put(&w, 0, 1);
	}
	f->blob = hb_blob_create((const char *)w.bytes, (unsigned)w.n, HB_MEMORY_MODE_READONLY, NULL, NULL);
}

/* ---- a face ---- */

static int word_at(hb_face_t *face, hb_tag_t tag, unsigned at)
{
	hb_blob_t *blob = hb_face_reference_table(face, tag);
	unsigned n;
	const uint8_t *p = (const uint8_t *)hb_blob_get_data(blob, &n);
	int value = p && at + 2 <= n ? (int16_t)(p[at] << 8 | p[at + 1]) : 0;

	hb_blob_destroy(blob);
	return value;
}

static int metric(hb_font_t *font, hb_ot_metrics_tag_t tag, int otherwise)
{
	hb_position_t value;

	return hb_ot_metrics_get_position(font, tag, &value) && value ? value : otherwise;
}

static void load_metrics(struct font *font)
{
	hb_font_extents_t e = { 0 };
	int upem = (int)hb_face_get_upem(font->face);

	hb_font_get_h_extents(font->font, &e);
	font->ascent = e.ascender ? e.ascender : 800;
	font->descent = e.descender ? -e.descender : 200;
	font->cap_height = metric(font->font, HB_OT_METRICS_TAG_CAP_HEIGHT, 700);
	font->x_height = metric(font->font, HB_OT_METRICS_TAG_X_HEIGHT, 500);
	font->italic_angle = word_at(font->face, HB_TAG('p', 'o', 's', 't'), 4);
	for (unsigned i = 0; i < 4; i++)
		font->bbox[i] = word_at(font->face, HB_TAG('h', 'e', 'a', 'd'), 36 + 2 * i) * 1000 / (upem ? upem : 1000);
}

static const char *load_name(hb_face_t *face)
{
	char name[64];
	unsigned n = sizeof(name);
	size_t k = 0;
	char *copy;

	hb_ot_name_get_utf8(face, HB_OT_NAME_ID_POSTSCRIPT_NAME, HB_LANGUAGE_INVALID, &n, name);
	for (size_t i = 0; i < n && name[i]; i++)
		if (name[i] > ' ' && name[i] < 0x7F && !strchr("()<>[]{}/%#+", name[i]))
			name[k++] = name[i];
	copy = k ? malloc(k + 1) : NULL;
	if (!copy)
		return NULL;
	memcpy(copy, name, k);
	copy[k] = 0;
	return copy;
}

static bool has_table(hb_face_t *face, hb_tag_t tag)
{
	hb_blob_t *blob = hb_face_reference_table(face, tag);
	bool has = hb_blob_get_length(blob) > 0;

	hb_blob_destroy(blob);
	return has;
}

void fontfile_load(struct fontfile *f, unsigned face, struct font *font)
{
	if (!f->blob)
		f->blob = hb_blob_create(f->data, (unsigned)f->len, HB_MEMORY_MODE_READONLY, NULL, NULL);
	font->face = hb_face_create(f->blob, face);
	font->font = hb_font_create(font->face);
	hb_font_set_scale(font->font, 1000, 1000);
	font->name = load_name(font->face);
	font->cff = has_table(font->face, HB_TAG('C', 'F', 'F', ' '));
	font->color = has_table(font->face, HB_TAG('C', 'B', 'D', 'T'));
	load_metrics(font);
}
