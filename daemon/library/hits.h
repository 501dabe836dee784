/*
 * The hits of a plain search put together for reading: passages of one page that touch, and rank one
 * behind the other, become one. Measured on long papers, the first 6000 characters hold the answer one
 * time in a hundred more often so. Pure.
 */
#pragma once

#include <stddef.h>

#include "daemon/store/documents.h"

#define HITS_BYTES 2000 /* longest; what a source may quote */
/* How many hits make so many results, as a rule. */
static inline size_t hits_wanted(size_t limit)
{
	return limit * 2 + 20;
}

/* At most `limit` remain, best first; ids of passages are those of the better ones. 0, -ENOMEM. */
int hits_merge(struct hit *hits, size_t *n, size_t limit);
