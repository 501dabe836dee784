/*
 * The chain of fonts. A file of the table is mapped once; a struct font is a face of it in one style, made
 * when first picked. What was picked for a single code point is remembered.
 */
#include "daemon/pdf/fonts.h"

#include <hb-ot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/pdf/arena.h"
#include "daemon/pdf/emoji.h"
#include "daemon/pdf/fontfile.h"

#define NOTO "/usr/share/fonts/truetype/noto/"
#define DEJAVU "/usr/share/fonts/truetype/dejavu/"
#define CJK "/usr/share/fonts/opentype/noto/"

enum package { PKG_CORE, PKG_MONO, PKG_DEJAVU, PKG_CJK, PKG_EMOJI, PKG_SYMBOLA, PACKAGES };
static const char *const packages[] = { "fonts-noto-core", "fonts-noto-mono", "fonts-dejavu-core", "fonts-noto-cjk",
	"fonts-noto-color-emoji", "fonts-symbola" };

/* A family: the files of its styles, "" where it has none. The order of the first ones is enum family. */
struct family {
	hb_tag_t script; /* 0: for all */
	enum package package;
	const char *dir, *stem, *style[4]; /* by STYLE_BOLD | STYLE_ITALIC */
};

enum family_id {
	SANS, MONO, DJV, DJV_MONO, SYMBOLS2, SYMBOLS, MATH, MUSIC, MAYAN, SIYAQ, CJK_SANS, EMOJI, SYMBOLA, BUILTIN, SCRIPTS
};

#define SCRIPT(a, b, c, d, stem, bold)                                                             \
	{ HB_TAG(a, b, c, d), PKG_CORE, NOTO, stem, { "-Regular.ttf", (bold) ? "-Bold.ttf" : "", "", "" } },
static const struct family families[] = {
	[SANS] = { 0, PKG_CORE, NOTO, "NotoSans", { "-Regular.ttf", "-Bold.ttf", "-Italic.ttf", "-BoldItalic.ttf" } },
	[MONO] = { 0, PKG_MONO, NOTO, "NotoSansMono", { "-Regular.ttf", "-Bold.ttf", "", "" } },
	[DJV] = { 0, PKG_DEJAVU, DEJAVU, "DejaVuSans", { ".ttf", "-Bold.ttf", "", "" } },
	[DJV_MONO] = { 0, PKG_DEJAVU, DEJAVU, "DejaVuSansMono", { ".ttf", "-Bold.ttf", "", "" } },
	[SYMBOLS2] = { 0, PKG_CORE, NOTO, "NotoSansSymbols2", { "-Regular.ttf", "", "", "" } },
	[SYMBOLS] = { 0, PKG_CORE, NOTO, "NotoSansSymbols", { "-Regular.ttf", "-Bold.ttf", "", "" } },
	[MATH] = { 0, PKG_CORE, NOTO, "NotoSansMath", { "-Regular.ttf", "", "", "" } },
	[MUSIC] = { 0, PKG_CORE, NOTO, "NotoMusic", { "-Regular.ttf", "", "", "" } },
	[MAYAN] = { 0, PKG_CORE, NOTO, "NotoSansMayanNumerals", { "-Regular.ttf", "", "", "" } },
	[SIYAQ] = { 0, PKG_CORE, NOTO, "NotoSansIndicSiyaqNumbers", { "-Regular.ttf", "", "", "" } },
	[CJK_SANS] = { 0, PKG_CJK, CJK, "NotoSansCJK", { "-Regular.ttc", "-Bold.ttc", "", "" } },
	[EMOJI] = { 0, PKG_EMOJI, NOTO, "NotoColorEmoji", { ".ttf", "", "", "" } },
	[SYMBOLA] = { 0, PKG_SYMBOLA, "/usr/share/fonts/truetype/ancient-scripts/", "Symbola", { "_hint.ttf", "", "", "" } },
	[BUILTIN] = { 0, PKG_CORE, "", "", { "", "", "", "" } },
#include "daemon/pdf/scripts.def"
};
#undef SCRIPT

#define CJK_FACES 5
#define SLOTS 4   /* of a family: its four styles */
#define CACHED 4096
#define LINE_ASCENT 1069 /* of Noto Sans: what signs and ideographs of other fonts fit into */
#define LINE_DESCENT 293

struct cached {
	uint32_t cp;
	hb_script_t script;
	uint8_t style;
	bool valid;
	const struct font *font;
};

struct fonts {
	struct fontfile files[array_len(families)][SLOTS];
	struct font *made[array_len(families) + CJK_FACES][SLOTS]; /* the other CJK faces come behind */
	unsigned count;
	unsigned cjk;        /* face of the collection: 0 JP 1 KR 2 SC 3 TC 4 HK */
	bool language_known;
	hb_language_t language;
	size_t kana, hangul, bopomofo, han; /* seen by fonts_language_guess */
	char missing[160];
	struct cached cache[CACHED];
};

static void open_family(struct fonts *f, size_t i)
{
	const struct family *family = &families[i];
	char path[128];

	for (size_t s = 0; s < SLOTS; s++)
		if (*family->style[s] &&
			snprintf(path, sizeof(path), "%s%s%s", family->dir, family->stem, family->style[s]) <
				(int)sizeof(path))
			fontfile_map(&f->files[i][s], path);
}

static void name_missing(struct fonts *f)
{
	static const enum family_id face[PACKAGES] = { SANS, MONO, DJV, CJK_SANS, EMOJI, SYMBOLA };

	for (size_t i = 0; i < PACKAGES; i++) {
		size_t n = strlen(f->missing);

		if (!f->files[face[i]][0].data)
			snprintf(f->missing + n, sizeof(f->missing) - n, "%s%s", n ? ", " : "", packages[i]);
	}
}

struct fonts *fonts_open(void)
{
	struct fonts *f = calloc(1, sizeof(*f));

	if (!f)
		arena_out_of_memory();
	f->cjk = 2;
	for (size_t i = 0; i < array_len(families); i++)
		open_family(f, i);
	fontfile_builtin(&f->files[BUILTIN][0]);
	name_missing(f);
	return f;
}

void *fonts_close(struct fonts *f)
{
	if (!f)
		return NULL;
	for (size_t i = 0; i < array_len(f->made); i++)
		for (size_t s = 0; s < SLOTS; s++)
			if (f->made[i][s]) {
				hb_font_destroy(f->made[i][s]->font);
				hb_face_destroy(f->made[i][s]->face);
				free((void *)(uintptr_t)f->made[i][s]->name);
				free(f->made[i][s]);
			}
	for (size_t i = 0; i < array_len(families); i++)
		for (size_t s = 0; s < SLOTS; s++)
			fontfile_unmap(&f->files[i][s]);
	free(f);
	return NULL;
}

const char *fonts_missing(const struct fonts *f)
{
	return f->missing;
}

/* The nearest style that has a file: italics give way before weight. */
static size_t nearest(const struct fonts *f, size_t family, unsigned style)
{
	const struct fontfile *files = f->files[family];
	size_t s = style & (STYLE_BOLD | STYLE_ITALIC);

	if (files[s].data)
		return s;
	return files[s & STYLE_BOLD].data ? s & STYLE_BOLD : 0;
}

static struct font *make(struct fonts *f, size_t family, unsigned style)
{
	size_t had = nearest(f, family, style);
	unsigned want = style & (STYLE_BOLD | STYLE_ITALIC);
	struct font *font = calloc(1, sizeof(*font));

	if (!font)
		arena_out_of_memory();
	fontfile_load(&f->files[family][had], family == CJK_SANS ? f->cjk : 0, font);
	if (!font->name) {
		font->name = calloc(1, 64);
		if (font->name)
			snprintf((char *)(uintptr_t)font->name, 64, "Font%u", f->count);
	}
	font->index = f->count++;
	if (family < SCRIPTS && family != SANS && family != MONO) { /* a sign in a line must not push the lines apart */
		font->ascent = min_of(font->ascent, LINE_ASCENT);
		font->descent = min_of(font->descent, LINE_DESCENT);
	}
	font->mono = family == MONO || family == DJV_MONO;
	font->slanted = !font->color && (want & STYLE_ITALIC) && !(had & STYLE_ITALIC);
	font->emboldened = !font->color && (want & STYLE_BOLD) && !(had & STYLE_BOLD);
	return font;
}

/* Symbols and pictures have one style. */
static unsigned style_of(size_t family, unsigned style)
{
	return family == EMOJI || family == BUILTIN ? 0 : style & (STYLE_BOLD | STYLE_ITALIC);
}

static const struct font *font_of(struct fonts *f, size_t family, unsigned style)
{
	unsigned s = style_of(family, style);
	size_t row = family == CJK_SANS ? array_len(families) + f->cjk : family;

	if (!f->files[family][0].data && family != BUILTIN)
		return NULL;
	if (!f->made[row][s])
		f->made[row][s] = make(f, family, s);
	return f->made[row][s];
}

static bool ignorable(uint32_t cp)
{
	return cp == 0xAD || cp == 0x34F || cp == 0x61C || (cp >= 0x17B4 && cp <= 0x17B5) ||
	       (cp >= 0x180B && cp <= 0x180F) || (cp >= 0x200B && cp <= 0x200F) || (cp >= 0x202A && cp <= 0x202E) ||
	       (cp >= 0x2060 && cp <= 0x206F) || (cp >= 0xFE00 && cp <= 0xFE0F) || cp == 0xFEFF ||
	       (cp >= 0xE0000 && cp <= 0xE0FFF);
}

static bool covers(const struct font *font, const uint32_t *cps, size_t n)
{
	hb_codepoint_t gid;

	for (size_t i = 0; i < n; i++)
		if (!ignorable(cps[i]) && !hb_font_get_nominal_glyph(font->font, cps[i], &gid) &&
			!(cps[i] == 0x2011 && hb_font_get_nominal_glyph(font->font, 0x2010, &gid)) &&
			!(cps[i] == 0xA0 && hb_font_get_nominal_glyph(font->font, ' ', &gid)))
			return false;
	return true;
}

/* A letter and its accent may be one glyph that the font has (NFC). */
static bool covers_composed(const struct font *font, const uint32_t *cps, size_t n)
{
	uint32_t one[2];
	hb_codepoint_t ab;

	if (covers(font, cps, n))
		return true;
	if (n != 2 || !hb_unicode_compose(hb_unicode_funcs_get_default(), cps[0], cps[1], &ab))
		return false;
	one[0] = ab;
	return covers(font, one, 1);
}

static const struct font *try(struct fonts *f, size_t family, unsigned style, const uint32_t *cps, size_t n)
{
	const struct font *font = font_of(f, family, style);

	return font && covers_composed(font, cps, n) ? font : NULL;
}

static bool cjk_script(hb_script_t s)
{
	return s == HB_SCRIPT_HAN || s == HB_SCRIPT_HIRAGANA || s == HB_SCRIPT_KATAKANA || s == HB_SCRIPT_HANGUL ||
	       s == HB_SCRIPT_BOPOMOFO;
}

static size_t family_of(hb_script_t script)
{
	size_t low = SCRIPTS, high = array_len(families);

	if (cjk_script(script))
		return CJK_SANS;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (families[mid].script < (hb_tag_t)script)
			low = mid + 1;
		else
			high = mid;
	}
	return low < array_len(families) && families[low].script == (hb_tag_t)script ? low : SANS;
}

const struct font *fonts_base(struct fonts *f, unsigned style)
{
	const struct font *font = font_of(f, style & STYLE_MONO ? MONO : SANS, style);

	if (!font)
		font = font_of(f, style & STYLE_MONO ? DJV_MONO : DJV, style);
	if (!font)
		font = font_of(f, BUILTIN, 0);
	if (!font)
		arena_out_of_memory();
	return font;
}

static const struct font *walk(struct fonts *f, unsigned style, hb_script_t script, const uint32_t *cps, size_t n)
{
	static const enum family_id rest[] = { SANS, DJV, SYMBOLS2, SYMBOLS, MATH, CJK_SANS, MUSIC, EMOJI, SYMBOLA, MAYAN, SIYAQ,
		BUILTIN };
	const struct font *font = NULL;

	if (style & STYLE_MONO) {
		font = try(f, MONO, style, cps, n);
		if (!font && script != HB_SCRIPT_ARABIC && script != HB_SCRIPT_HEBREW)
			font = try(f, DJV_MONO, style, cps, n);
		if (font)
			return font;
	}
	font = try(f, family_of(script), style, cps, n);
	for (size_t i = 0; !font && i < array_len(rest); i++)
		font = try(f, rest[i], style, cps, n);
	return font;
}

static bool unassigned(uint32_t cp)
{
	switch (hb_unicode_general_category(hb_unicode_funcs_get_default(), cp)) {
	case HB_UNICODE_GENERAL_CATEGORY_UNASSIGNED:
		return cp < 0x1F000 || cp > 0x1FAFF;
	case HB_UNICODE_GENERAL_CATEGORY_PRIVATE_USE:
	case HB_UNICODE_GENERAL_CATEGORY_SURROGATE:
		return true;
	default:
		return false;
	}
}

static const struct font *choose(struct fonts *f, unsigned style, hb_script_t script, const uint32_t *cps, size_t n)
{
	const struct font *font = NULL;

	if (emoji_wanted(cps, n))
		font = try(f, EMOJI, style, cps, n);
	return font || unassigned(cps[0]) ? font : walk(f, style, script, cps, n);
}

const struct font *fonts_pick(struct fonts *f, unsigned style, hb_script_t script, const uint32_t *cps, size_t n)
{
	struct cached *c;

	if (!n)
		return fonts_base(f, style);
	if (n > 1)
		return choose(f, style, script, cps, n);
	c = &f->cache[(cps[0] ^ cps[0] >> 12 ^ (style * 0x2F5) ^ ((uint32_t)script >> 3)) % CACHED];
	if (!c->valid || c->cp != cps[0] || c->script != script || c->style != style)
		*c = (struct cached){ cps[0], script, (uint8_t)style, true, choose(f, style, script, cps, 1) };
	return c->font;
}

/* ---- language ---- */

static void set_cjk(struct fonts *f, unsigned face)
{
	if (f->cjk == face)
		return;
	f->cjk = face;
	memset(f->cache, 0, sizeof(f->cache));
}

static bool starts(const char *lang, const char *with)
{
	size_t n = strlen(with);

	return !strncasecmp(lang, with, n) && (!lang[n] || lang[n] == '-' || lang[n] == '_');
}

static unsigned cjk_face(const char *lang)
{
	if (starts(lang, "ja"))
		return 0;
	if (starts(lang, "ko"))
		return 1;
	if (!starts(lang, "zh") && !starts(lang, "yue"))
		return 2;
	if (strcasestr(lang, "HK") || strcasestr(lang, "MO") || starts(lang, "yue"))
		return 4;
	return strcasestr(lang, "TW") || strcasestr(lang, "Hant") ? 3 : 2;
}

void fonts_language(struct fonts *f, const char *lang)
{
	f->language_known = lang && *lang;
	f->kana = f->hangul = f->bopomofo = f->han = 0;
	f->language = f->language_known ? hb_language_from_string(lang, -1) : HB_LANGUAGE_INVALID;
	set_cjk(f, f->language_known ? cjk_face(lang) : 2);
}

static void tally(struct fonts *f, uint32_t cp)
{
	f->kana += cp >= 0x3041 && cp <= 0x30FA;
	f->hangul += (cp >= 0xAC00 && cp <= 0xD7A3) || (cp >= 0x1100 && cp <= 0x11FF);
	f->bopomofo += cp >= 0x3105 && cp <= 0x312F;
	f->han += cp >= 0x4E00 && cp <= 0x9FFF;
}

/* A Chinese text may quote a word of Japanese. */
void fonts_language_guess(struct fonts *f, const char *utf8, size_t len)
{
	if (f->language_known)
		return;
	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		int r = (utf8[i] & 0x80) ? utf8_decode(utf8 + i, len - i, &cp) : 1;

		i += (size_t)(r < 0 ? -r : max_of(r, 1));
		tally(f, cp);
	}
	if (max_of(f->kana, f->hangul) * 8 > f->han)
		set_cjk(f, f->kana > f->hangul ? 0 : 1);
	else
		set_cjk(f, f->bopomofo ? 3 : 2);
}

hb_language_t fonts_shaping_language(const struct fonts *f)
{
	return f->language;
}

/* ---- the rest ---- */

/* What HarfBuzz makes on the first word in a face: plans, tables, its own statics. */
void fonts_warm(struct fonts *f)
{
	static const unsigned styles[] = { 0, STYLE_BOLD, STYLE_MONO };
	hb_buffer_t *b = hb_buffer_create();

	for (size_t i = 0; i < array_len(styles); i++) {
		hb_buffer_clear_contents(b);
		hb_buffer_add_utf8(b, "fi", 2, 0, 2);
		hb_buffer_set_direction(b, HB_DIRECTION_LTR);
		hb_buffer_set_script(b, HB_SCRIPT_LATIN);
		hb_buffer_set_language(b, hb_language_from_string("en", -1));
		hb_shape(fonts_base(f, styles[i])->font, b, NULL, 0);
	}
	hb_buffer_destroy(b);
}

bool font_png(const struct font *f, uint32_t gid, const uint8_t **png, size_t *len)
{
	hb_blob_t *blob;
	unsigned n = 0;

	if (!f->color)
		return false;
	blob = hb_ot_color_glyph_reference_png(f->font, gid);
	*png = (const uint8_t *)hb_blob_get_data(blob, &n);
	*len = n;
	hb_blob_destroy(blob); /* a part of the map: it outlives the blob */
	return n > 0;
}
