/*
 * The numbers by which an answer cites: [1], [1, 2], [1-3], [^1], and the same in full-width
 * brackets. Pure.
 */
#pragma once

#include <stddef.h>

#define MARKER_NUMBERS 16
#define MARKER_MAX 999 /* [2019] is a year */

struct marker {
	int v[MARKER_NUMBERS]; /* each once, as they come */
	size_t n;
};
/* The marker at s[at]: its bytes; 0: there is none. */
size_t marker_read(const char *s, size_t n, size_t at, struct marker *out);
