/*
 * The fonts a document may use: a fixed table of Debian's paths, opened and mapped before the
 * sandbox closes, and the choice of a face for a grapheme cluster. No fontconfig: it reads files when asked.
 *
 * A package that is not installed is a shorter chain and a warning, never a failure. The chain:
 * Noto Sans (regular, bold, italic, bold italic) or Noto Sans Mono, the Noto Sans of the script,
 * DejaVu, symbols, math, CJK (face by language), colour emoji, Symbola; last a visible box. With no
 * font file at all there is still a font: a box and a space made here.
 */
#pragma once

#include <hb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FONTS_MAX 1024 /* of one document: an index is below it */

enum text_style { STYLE_BOLD = 1, STYLE_ITALIC = 2, STYLE_MONO = 4 };

struct font {
	unsigned index;        /* within struct fonts; stable for one document */
	hb_face_t *face;       /* of the mapped file; made when first used (no system call) */
	hb_font_t *font;       /* scaled to 1000 units per em */
	const char *name;      /* PostScript name without a subset prefix, ASCII */
	bool cff;              /* CFF outlines (embedded as CIDFontType0C) */
	bool color;            /* bitmaps: drawn as images, see font_png */
	bool mono;
	bool slanted;          /* has no italic face of its own: draw sheared by 12 degrees */
	bool emboldened;       /* has no bold face of its own: draw with a stroke */
	int ascent, descent;   /* 1/1000 em; descent positive, below the baseline */
	int cap_height, x_height, italic_angle, bbox[4];
};

struct fonts;

struct fonts *fonts_open(void);                       /* maps files; call before the lock; never NULL */
void fonts_warm(struct fonts *f);                     /* faces of a plain document and what is lazy in HarfBuzz; before the lock */
void *fonts_close(struct fonts *f);
/* BCP 47 of the document, "" unknown: which CJK face, which shaping language. */
void fonts_language(struct fonts *f, const char *lang);
/* When the language is not known: kana or hangul in the texts seen so far decide the CJK face. Call before the first text_new. */
void fonts_language_guess(struct fonts *f, const char *utf8, size_t len);
hb_language_t fonts_shaping_language(const struct fonts *f); /* HB_LANGUAGE_INVALID: unknown */
const char *fonts_missing(const struct fonts *f);     /* "fonts-noto-cjk, fonts-symbola" of packages not installed; "" none */

/* The first font of the chain for this style: its metrics set the lines. */
const struct font *fonts_base(struct fonts *f, unsigned style);
/*
 * The font for one grapheme cluster of n code points: the first of the chain that has all of them (default
 * ignorables aside). Emoji presentation and VS16 prefer the colour font, VS15 a text font. NULL: none has it.
 */
const struct font *fonts_pick(struct fonts *f, unsigned style, hb_script_t script, const uint32_t *cps, size_t n);
/* The PNG of a colour glyph, within the mapped file; false: it has none. */
bool font_png(const struct font *f, uint32_t gid, const uint8_t **png, size_t *len);
