/*
 * Text cut into terms: the one definition of "the same word" for the index, for questions, and for
 * every comparison of a sentence with a passage.
 *
 * - Case, width, ligatures, accents of Latin and Greek, Arabic vowels do not count (fold.h).
 * - Cyrillic, Greek, Armenian, Arabic, Devanagari, Tamil are stemmed by script, Latin by the
 *   language: of a text in the index its own, which language.h finds; of all else the one given.
 * - CJK runs become overlapping pairs, unspaced scripts overlapping triples.
 * - Vietnamese, whose words are of syllables with spaces between, gives each two of them in one besides.
 * - FY2018, fooBar, foo_bar, foo.bar, COVID-19 give their parts, and at the place of the first one
 *   the whole without its joints (fy2018, foobar, covid19): spelled otherwise, it is found as well.
 *   So does a word that a hyphen breaks at the end of its line: its halves and the whole.
 * - A term has at most WORD_MAX bytes; of what is longer the beginning counts.
 * Pure: no state between calls, safe on any thread. Invalid UTF-8 separates words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/library/language.h"
#include "daemon/store/documents.h"

#define WORD_MAX 64

struct word {
	const char *term; /* as indexed; lives during the call */
	size_t n;
	const char *plain; /* folded, not stemmed */
	size_t plain_n;
	size_t start, end; /* bytes of the text */
	size_t group; /* number of the chain (foo_bar) or run (of CJK) it is part of, from 0, rising
		       */
	bool colocated; /* at the place of the term before it */
	bool whole;     /* of several parts that come as terms of their own */
	bool joined;    /* ... with joints between them: foo_bar, not fooBar */
	bool gram;      /* a pair or triple, not a word */
	bool triple;    /* ... of a script without spaces */
	bool pair;      /* two syllables of Vietnamese in one; colocated */
};

/* Every term in order. fn's value != 0 stops and is returned; 0 at the end; -ENOMEM. */
typedef int (*word_fn)(void *ctx, const struct word *w);
int words_each_in(enum language l, const char *text, size_t n, void *ctx, word_fn fn);
/* ... of a text in any language: as English */
int words_each(const char *text, size_t n, void *ctx, word_fn fn);
/* ... of a text that is in the index: by its own */
int words_each_own(const char *text, size_t n, void *ctx, word_fn fn);

/* The same for indexes, a words_split_fn: of documents each passage by its own language, whose bit is that of its number. */
int words_split(const char *text, size_t n, uint32_t *language, void *ctx, words_emit_fn emit);

/* How many places for terms (colocated ones not counted): the length that BM25 means. */
size_t words_count(const char *text, size_t n);
