/* Characters counted as a model would roughly count them. */
#include "daemon/library/cost.h"

#include <stdint.h>

#include "common/utf8.h"

static unsigned cost_at(const char *s, size_t n, size_t *used)
{
	uint32_t cp;
	int r;

	if (!(*s & 0x80)) {
		*used = 1;
		return 1;
	}
	r = utf8_decode(s, n, &cp);
	*used = (size_t)(r < 0 ? -r : r);
	if ((cp >= 0x2E80 && cp <= 0x9FFF) || (cp >= 0xAC00 && cp <= 0xD7AF) ||
		(cp >= 0xF900 && cp <= 0xFAFF) || (cp >= 0xFF00 && cp <= 0xFFEF) ||
		(cp >= 0x20000 && cp <= 0x3FFFF))
		return COST_TOKEN;
	return 1;
}

size_t cost_of(const char *s, size_t n)
{
	size_t cost = 0, used;

	for (size_t i = 0; i < n; i += used)
		cost += cost_at(s + i, n - i, &used);
	return cost;
}

size_t cost_fits(const char *s, size_t n, size_t cost)
{
	size_t i = 0, used;

	while (i < n) {
		unsigned c = cost_at(s + i, n - i, &used);

		if (c > cost)
			break;
		cost -= c;
		i += used;
	}
	return i;
}
