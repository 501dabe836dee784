/* The order of terms: that of their bytes, and a shorter one before what begins with it. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "common/attr.h"

/* The first bytes of one as a number: where two differ, it decides. */
static inline uint64_t order_key(const uint8_t *p, size_t n)
{
	uint64_t key = 0;

	for (size_t i = 0; i < sizeof(key); i++)
		key = key << 8 | (i < n ? p[i] : 0);
	return key;
}

static inline int order_compare(const void *a, size_t an, const void *b, size_t bn)
{
	int c = memcmp(a, b, min_of(an, bn));

	return c ? c : an < bn ? -1 : an > bn;
}
