/*
 * Fonts of a document: the codes of glyphs, and the Type0 fonts (9.7) they become.
 *
 * A TrueType outline font maps codes to glyphs itself (CIDToGIDMap): a code for each pair of glyph and text,
 * a second font when 65 535 are used up. In a CFF font the code is the glyph: there the second text of
 * a glyph goes into a second Type0 font over the same font file.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/pdf/doc_in.h"
#include "daemon/pdf/doc_put.h"

/*
 * A glyph without a text of its own is the second of a cluster. Some readers (pdf.js) show the code of
 * what maps to no text as a character: such glyphs get the codes of the variation selectors, which
 * nobody sees, as long as there are some left. The others are counted from 1 up to there.
 */
#define SILENT_FIRST 0xFE00
#define SILENT_MAX 16
#define CODES_MAX (SILENT_FIRST - 1)
#define TOLERANCE 90           /* 1/1000 em: what kerning takes or gives; more looks like a space */
#define BLOCK 100              /* of bfchar: what the format allows */

struct slot {
	struct resource *resource;     /* NULL: free */
	uint32_t pair;
};

struct typeface {
	const struct font *font;
	struct resource *first, *last;
	unsigned nresources;
	struct slot *slots;
	size_t nslots, used;
	uint16_t *texts;               /* CFF: how many each glyph has */
};

static struct typeface *typeface_of(struct doc *d, const struct font *font)
{
	size_t i = font->index;

	if (i >= d->faces_cap)
		d->faces = arena_grow(d->arena, d->faces, &d->faces_cap, i + 1, sizeof(struct typeface *));
	if (d->faces[i])
		return d->faces[i];
	d->faces[i] = arena_alloc(d->arena, sizeof(struct typeface));
	d->faces[i]->font = font;
	if (font->cff)
		d->faces[i]->texts = arena_alloc(d->arena, sizeof(uint16_t) << 16);
	return d->faces[i];
}

static size_t slot_of(const struct typeface *t, uint16_t gid, int16_t wide, const char *text, size_t len)
{
	size_t i = (size_t)doc_hash(gid + ((uint64_t)(uint16_t)wide << 16), text, len) & (t->nslots - 1);

	for (; t->slots[i].resource; i = (i + 1) & (t->nslots - 1)) {
		const struct pair *p = &t->slots[i].resource->pairs[t->slots[i].pair];

		if (p->gid == gid && p->advance == wide && p->len == len && memcmp(p->text, text, len) == 0)
			break;
	}
	return i;
}

static void grow_slots(struct doc *d, struct typeface *t)
{
	struct slot *old = t->slots;
	size_t n = t->nslots;

	t->nslots = n ? n * 2 : 256;
	t->slots = arena_alloc(d->arena, t->nslots * sizeof(*t->slots));
	for (size_t i = 0; i < n; i++)
		if (old[i].resource) {
			const struct pair *p = &old[i].resource->pairs[old[i].pair];

			t->slots[slot_of(t, p->gid, p->advance, p->text, p->len)] = old[i];
		}
}

static struct resource *resource_add(struct doc *d, struct typeface *t)
{
	struct resource *r = arena_alloc(d->arena, sizeof(*r));

	r->number = ++d->nresources;
	if (t->last)
		t->last->next = r;
	else
		t->first = r;
	t->last = r;
	t->nresources++;
	return r;
}

static struct resource *resource_for(struct doc *d, struct typeface *t, uint16_t gid)
{
	struct resource *r = t->first;

	if (!t->font->cff)
		return t->last && t->last->n < CODES_MAX ? t->last : resource_add(d, t);
	for (unsigned i = t->texts[gid]++; r && i; i--)
		r = r->next;
	return r ? r : resource_add(d, t);
}

static uint16_t next_cid(const struct typeface *t, struct resource *r, uint16_t gid, size_t len)
{
	if (t->font->cff)
		return gid; /* the file's own numbers */
	if (!len && r->silent < SILENT_MAX)
		return (uint16_t)(SILENT_FIRST + r->silent++);
	return (uint16_t)(r->n + 1);
}

static struct slot pair_add(struct doc *d, struct typeface *t, uint16_t gid, int16_t wide, const char *text, size_t len)
{
	struct resource *r = resource_for(d, t, gid);

	r->pairs = doc_array(d, r->pairs, &r->cap, r->n + 1, sizeof(*r->pairs));
	r->pairs[r->n] = (struct pair){
		.gid = gid,
		.cid = next_cid(t, r, gid, len),
		.text = arena_dup(d->arena, text, len),
		.len = (uint16_t)len,
		.advance = wide,
	};
	return (struct slot){ r, (uint32_t)r->n++ };
}

/* The font's own width, unless the page's is another one. */
static int16_t width_of(const struct font *font, uint16_t gid, int64_t shown)
{
	int64_t own = hb_font_get_glyph_h_advance(font->font, gid), off = shown - own;
	int64_t wide = off >= -TOLERANCE && off <= TOLERANCE ? own : shown;

	return (int16_t)max_of(min_of(wide, INT16_MAX), INT16_MIN);
}

struct code doc_code(struct doc *d, const struct font *font, uint16_t gid, int64_t shown, const char *text, size_t len)
{
	struct typeface *t = typeface_of(d, font);
	int16_t wide = width_of(font, gid, shown);
	const struct pair *p;
	size_t i;

	if (t->used * 2 >= t->nslots)
		grow_slots(d, t);
	i = slot_of(t, gid, wide, text, len);
	if (!t->slots[i].resource) {
		t->slots[i] = pair_add(d, t, gid, wide, text, len);
		t->used++;
	}
	p = &t->slots[i].resource->pairs[t->slots[i].pair];
	return (struct code){ t->slots[i].resource->number, p->cid, p->advance };
}

/* ---- saving ---- */

static void put_bfchars(struct buf *b, const struct resource *r)
{
	for (size_t at = 0; at < r->n; at += BLOCK) {
		size_t n = min_of(r->n - at, (size_t)BLOCK);

		put_int(b, (int64_t)n);
		buf_add_str(b, " beginbfchar\n");
		for (size_t i = at; i < at + n; i++) {
			buf_add_byte(b, '<');
			put_hex(b, r->pairs[i].cid, 4);
			buf_add_str(b, "><");
			put_utf16_hex(b, r->pairs[i].text, r->pairs[i].len);
			buf_add_str(b, ">\n");
		}
		buf_add_str(b, "endbfchar\n");
	}
}

/* Exact copying (9.10.3). */
static struct obj *to_unicode(struct doc *d, const struct resource *r)
{
	struct obj *stream = objs_stream(d->objs, true);
	struct buf b = { 0 };

	buf_add_str(&b,
		"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n"
		"/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n"
		"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n");
	put_bfchars(&b, r);
	buf_add_str(&b, "endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n");
	if (b.failed)
		doc_fail(d, DOC_E_MEMORY);
	obj_write(stream, b.data, b.len);
	buf_fini(&b);
	return stream;
}

static void type0(struct doc *d, const struct resource *r, struct obj *descendant, const char *name)
{
	struct obj *font = objs_dict(d->objs);
	char key[16];

	obj_name(font, "Type", "Font");
	obj_name(font, "Subtype", "Type0");
	obj_name(font, "BaseFont", name);
	obj_name(font, "Encoding", "Identity-H");
	obj_ref_list(font, "DescendantFonts", descendant);
	obj_ref(font, "ToUnicode", to_unicode(d, r));
	snprintf(key, sizeof(key), "F%u", r->number);
	obj_ref(d->font_names, key, font);
}

static void finish(struct doc *d, struct typeface *t)
{
	struct resource **list = arena_alloc(d->arena, t->nresources * sizeof(struct resource *));
	size_t n = 0, together = t->font->cff ? t->nresources : 1;

	for (struct resource *r = t->first; r; r = r->next)
		list[n++] = r;
	for (size_t at = 0; at < n && !d->error; at += together) {
		struct cut c = { 0 };
		int r = cut_begin(d, t->font, list + at, together, &c);

		if (r)
			doc_fail(d, r);
		for (size_t i = at; i < at + together && !r; i++)
			type0(d, list[i], cut_descendant(d, &c, list[i]), c.name);
		cut_end(&c);
	}
}

void doc_fonts_finish(struct doc *d)
{
	for (size_t i = 0; i < d->faces_cap && !d->error; i++)
		if (d->faces[i])
			finish(d, d->faces[i]);
}
