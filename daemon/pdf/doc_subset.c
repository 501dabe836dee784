/*
 * A font cut down to the glyphs that were used (hb-subset), and what a PDF says about it: CIDFontType2
 * for TrueType outlines, CIDFontType0C for CFF (9.7.4, 9.8, 9.9).
 */
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/sha256.h"
#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"

#define TAG_CFF HB_TAG('C', 'F', 'F', ' ')
#define FLAG_FIXED_PITCH 1
#define FLAG_SYMBOLIC 4
#define FLAG_ITALIC 64

/* In a CID-keyed CFF (its Top DICT begins with ROS) glyphs keep their names when they move; else they must not move. */
static bool keyed_by_cid(hb_face_t *face)
{
	hb_blob_t *blob = hb_face_reference_table(face, TAG_CFF);
	unsigned n, at, size;
	const uint8_t *p = (const uint8_t *)hb_blob_get_data(blob, &n);
	bool found = false;

	/* Header, Name INDEX of one name, Top DICT INDEX (Adobe TN 5176). Operands before ROS are two SIDs and a number. */
	if (n > 16 && p[2] < n - 8 && p[p[2]] == 0 && p[p[2] + 1] == 1 && p[p[2] + 2] == 1) {
		at = p[2] + 5u + p[p[2] + 4] - 1u;
		if (at + 8 < n && (size = p[at + 2]) >= 1 && size <= 4) {
			at += 3 + 2 * size;
			for (unsigned i = at; i < at + 12 && i + 1 < n; i++)
				found |= p[i] == 12 && p[i + 1] == 30;
		}
	}
	hb_blob_destroy(blob);
	return found;
}

static void drop_tables(hb_subset_input_t *in)
{
	static const char tables[][5] = { "GSUB", "GPOS", "GDEF", "BASE", "JSTF", "MATH", "kern", "name", "OS/2", "post",
		"cmap", "DSIG", "gasp", "hdmx", "VDMX", "LTSH", "PCLT", "meta", "STAT", "vhea", "vmtx", "VORG" };
	hb_set_t *drop = hb_subset_input_set(in, HB_SUBSET_SETS_DROP_TABLE_TAG);

	for (size_t i = 0; i < array_len(tables); i++)
		hb_set_add(drop, HB_TAG(tables[i][0], tables[i][1], tables[i][2], tables[i][3]));
}

static int cut(const struct font *font, struct resource *const *list, size_t n, struct cut *out)
{
	hb_subset_input_t *in = hb_subset_input_create_or_fail();
	unsigned flags = HB_SUBSET_FLAGS_NO_HINTING | HB_SUBSET_FLAGS_NOTDEF_OUTLINE;
	hb_face_t *face;

	if (!in)
		return DOC_E_MEMORY;
	if (font->cff && !keyed_by_cid(font->face))
		flags |= HB_SUBSET_FLAGS_RETAIN_GIDS;
	hb_subset_input_set_flags(in, flags);
	drop_tables(in);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i]->n; k++)
			hb_set_add(hb_subset_input_glyph_set(in), list[i]->pairs[k].gid);
	out->plan = hb_subset_plan_create_or_fail(font->face, in);
	face = out->plan ? hb_subset_plan_execute_or_fail(out->plan) : NULL;
	hb_subset_input_destroy(in);
	if (!face)
		return DOC_E_FONT;
	out->blob = font->cff ? hb_face_reference_table(face, TAG_CFF) : hb_face_reference_blob(face);
	hb_face_destroy(face);
	return hb_blob_get_length(out->blob) ? 0 : DOC_E_FONT;
}

void cut_end(struct cut *c)
{
	hb_blob_destroy(c->blob);
	if (c->plan)
		hb_subset_plan_destroy(c->plan);
}

/* Six letters that say which subset it is: of its content, so that the same bytes have the same name. */
static void name_of(struct cut *c)
{
	uint8_t sum[SHA256_LEN];
	struct sha256 s;
	unsigned n;
	const char *data = hb_blob_get_data(c->blob, &n);

	sha256_init(&s);
	sha256_add(&s, data, n);
	sha256_end(&s, sum);
	snprintf(c->name, sizeof(c->name), "%c%c%c%c%c%c+%.100s", 'A' + sum[0] % 26, 'A' + sum[1] % 26, 'A' + sum[2] % 26,
		'A' + sum[3] % 26, 'A' + sum[4] % 26, 'A' + sum[5] % 26, c->font->name);
}

static struct obj *descriptor(struct doc *d, const struct cut *c)
{
	const struct font *font = c->font;
	struct obj *desc = objs_dict(d->objs), *file = objs_stream(d->objs, true);
	unsigned n;
	const char *data = hb_blob_get_data(c->blob, &n);

	if (font->cff)
		obj_name(file, "Subtype", "CIDFontType0C");
	else
		obj_int(file, "Length1", (int32_t)n);
	obj_write(file, data, n);
	obj_name(desc, "Type", "FontDescriptor");
	obj_name(desc, "FontName", c->name);
	obj_int(desc, "Flags", FLAG_SYMBOLIC | (font->mono ? FLAG_FIXED_PITCH : 0) | (font->italic_angle ? FLAG_ITALIC : 0));
	obj_ints(desc, "FontBBox", font->bbox, 4);
	obj_int(desc, "ItalicAngle", font->italic_angle);
	obj_int(desc, "Ascent", font->ascent);
	obj_int(desc, "Descent", -font->descent);
	obj_int(desc, "CapHeight", font->cap_height);
	obj_int(desc, "StemV", 80);
	obj_ref(desc, font->cff ? "FontFile3" : "FontFile2", file);
	return desc;
}

/* A code's glyph in the subset, two bytes each, code 0 first. */
static struct obj *glyph_map(struct doc *d, const struct cut *c, const struct resource *r)
{
	struct obj *stream = objs_stream(d->objs, true);
	const hb_map_t *map = hb_subset_plan_old_to_new_glyph_mapping(c->plan);
	size_t last = 0;
	uint8_t *bytes;

	for (size_t i = 0; i < r->n; i++)
		last = max_of(last, (size_t)r->pairs[i].cid);
	bytes = arena_alloc(d->arena, 2 * (last + 1));
	for (size_t i = 0; i < r->n; i++) {
		hb_codepoint_t gid = hb_map_get(map, r->pairs[i].gid);
		uint8_t *at = bytes + 2 * (size_t)r->pairs[i].cid;

		if (gid == HB_MAP_VALUE_INVALID)
			gid = 0;
		at[0] = (uint8_t)(gid >> 8);
		at[1] = (uint8_t)gid;
	}
	obj_write(stream, bytes, 2 * (last + 1));
	return stream;
}

static const struct pair **by_cid(struct doc *d, const struct resource *r)
{
	const struct pair **at = arena_alloc(d->arena, sizeof(*at) << 16);

	for (size_t i = 0; i < r->n; i++)
		at[r->pairs[i].cid] = &r->pairs[i];
	return at;
}

/* Stretches of codes that follow one another (9.7.4.3). */
static void put_widths(struct buf *b, const struct pair **at)
{
	buf_add_byte(b, '[');
	for (size_t i = 0; i < 65536; i++) {
		if (!at[i])
			continue;
		put_int(b, (int64_t)i);
		buf_add_byte(b, '[');
		for (bool more = false; i < 65536 && at[i]; i++, more = true) {
			if (more)
				buf_add_byte(b, ' ');
			put_int(b, at[i]->advance);
		}
		buf_add_byte(b, ']');
	}
	buf_add_byte(b, ']');
}

static struct obj *widths(struct doc *d, const struct resource *r)
{
	struct arena_mark mark = arena_mark(d->arena);
	struct obj *place = objs_text(d->objs);
	struct buf *b = obj_text(d->objs, place);

	if (b)
		put_widths(b, by_cid(d, r));
	arena_release(d->arena, mark);
	return place;
}

int cut_begin(struct doc *d, const struct font *font, struct resource *const *list, size_t n, struct cut *c)
{
	int r;

	c->font = font;
	r = cut(font, list, n, c);
	if (r)
		return r;
	name_of(c);
	c->descriptor = descriptor(d, c);
	return 0;
}

struct obj *cut_descendant(struct doc *d, const struct cut *c, const struct resource *r)
{
	struct obj *cid = objs_dict(d->objs), *system;

	obj_name(cid, "Type", "Font");
	obj_name(cid, "Subtype", c->font->cff ? "CIDFontType0" : "CIDFontType2");
	obj_name(cid, "BaseFont", c->name);
	system = obj_dict(cid, "CIDSystemInfo");
	obj_string(system, "Registry", "Adobe");
	obj_string(system, "Ordering", "Identity");
	obj_int(system, "Supplement", 0);
	obj_ref(cid, "FontDescriptor", c->descriptor);
	obj_ref(cid, "W", widths(d, r));
	if (!c->font->cff)
		obj_ref(cid, "CIDToGIDMap", glyph_map(d, c, r));
	return cid;
}
