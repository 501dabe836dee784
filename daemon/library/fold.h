/*
 * One code point at a time: which kind of writing it is, and how it looks when case, width,
 * ligatures and the accents of Latin and Greek no longer matter. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum script {
	SCRIPT_NONE,   /* white space, punctuation, symbols: between words */
	SCRIPT_JOINED, /* invisible, or a mark: belongs to the word around it, whatever that is */
	SCRIPT_DIGIT,
	SCRIPT_LATIN,
	SCRIPT_GREEK,
	SCRIPT_CYRILLIC,
	SCRIPT_ARMENIAN,
	SCRIPT_ARABIC,
	SCRIPT_DEVANAGARI,
	SCRIPT_TAMIL,
	SCRIPT_OTHER,    /* letters with spaces between words, and no stemmer */
	SCRIPT_UNSPACED, /* Thai, Lao, Khmer, Burmese: words run together */
	SCRIPT_CJK,      /* Han, kana, Hangul */
};

enum script fold_script(uint32_t cp);
bool fold_upper(uint32_t cp); /* an upper or title case letter */
bool fold_lower(uint32_t cp);

#define FOLD_MAX 8
/* The folded form, 0 to FOLD_MAX code points: 0 for what leaves no trace. */
size_t fold_char(uint32_t cp, uint32_t out[FOLD_MAX]);
/*
 * Does `mark`, coming after `base`, make another letter of it (decomposed Hangul, the marks of
 * kana, the Cyrillic short i)? That letter, or 0: drop the mark when fold_drops says so, else keep
 * it.
 */
uint32_t fold_compose(uint32_t base, uint32_t mark);
bool fold_drops(uint32_t mark);
