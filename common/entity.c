/* Character references of HTML. */
#include "common/entity.h"

#include <string.h>

#include "common/attr.h"

/* Without pointers: nothing of it is touched, or relocated, before one is looked up. */
static const struct {
	char name[ENTITY_NAME_MAX + 1];
	uint32_t cp[2];
} entities[] = {
#define E(name, first, second) { #name, { first, second } },
#include "common/entity.def"
};

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static uint32_t number(const char *s, size_t n)
{
	int base = n && (s[0] | 0x20) == 'x' ? 16 : 10;
	uint32_t cp = 0;
	size_t i = base == 16;

	if (i == n)
		return 0;
	for (; i < n; i++) {
		if (digit_of(s[i]) >= base)
			return 0;
		cp = cp * (uint32_t)base + (uint32_t)digit_of(s[i]);
		if (cp > 0x10FFFF)
			return 0;
	}
	return cp;
}

/* By their bytes, a name before those that it begins. */
static int compare(const char *s, size_t n, const char *name)
{
	int r = strncmp(s, name, n);

	return r ? r : name[n] ? -1 : 0;
}

size_t entity_decode(const char *s, size_t n, uint32_t cp[2])
{
	size_t low = 0, high = array_len(entities);

	if (n && s[0] == '#') {
		cp[0] = number(s + 1, n - 1);
		return cp[0] != 0;
	}
	while (n && low < high) {
		size_t middle = (low + high) / 2;
		int r = compare(s, n, entities[middle].name);

		if (!r) {
			memcpy(cp, entities[middle].cp, sizeof(entities[middle].cp));
			return cp[1] ? 2 : 1;
		}
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}
