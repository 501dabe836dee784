/*
 * The language of a text in Latin letters, by the small words that every sentence has: it says by
 * which stemmer the endings of its words are taken off. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Their numbers are bits in library.db: new ones at the end. */
enum language {
	LANGUAGE_ENGLISH, /* and whatever is none of the others */
	LANGUAGE_GERMAN,
	LANGUAGE_FRENCH,
	LANGUAGE_SPANISH,
	LANGUAGE_ITALIAN,
	LANGUAGE_PORTUGUESE,
	LANGUAGE_DUTCH,
	LANGUAGE_TURKISH,
	LANGUAGE_ROMANIAN,
	LANGUAGE_SWEDISH,
	LANGUAGE_VIETNAMESE,
	LANGUAGES,
};

/* English unless another one's words clearly prevail: some lines are enough to tell, a line often is not. */
enum language language_of(const char *text, size_t n);
const char *language_stemmer(enum language l); /* as libstemmer calls it; NULL: words have no endings */
