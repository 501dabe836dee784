/* Inside stop words: the lists, and what is known of the language of each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define STOP_LISTS_MAX 32

struct stop_list {
	const char *const *words; /* sorted: looked up by halves */
	size_t n;
	bool latin;   /* shares its letters, and some of its words, with other lists */
	int language; /* enum language, or -1: no text is taken for it (language.c) */
	double share; /* see stop_share */
	const char *const *asks; /* more, sorted, which no text's language is told by: that decides how it stands in the index */
	size_t nasks;
};
extern const struct stop_list stop_lists[]; /* English first */
extern const size_t stop_lists_n;
