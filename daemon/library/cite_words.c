/* Words as hashes, and figures: what an answer and its sources have in common. */
#include "daemon/library/cite_words.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/library/stop.h"
#include "daemon/library/words.h"

static int hash_add(void *ctx, const struct word *w)
{
	struct hashes *h = ctx;
	uint64_t hash = 0xcbf29ce484222325u;

	if (w->colocated || (h->stops && !w->gram && stop_word(h->stops, w->plain, w->plain_n)))
		return 0;
	for (size_t i = 0; i < w->n; i++)
		hash = (hash ^ (uint8_t)w->term[i]) * 0x100000001b3u;
	h->v = mem_grow(h->v, &h->cap, h->n, sizeof(*h->v));
	h->v[h->n++] = hash;
	return 0;
}

void hashes_read(struct hashes *h, const char *s, size_t n)
{
	words_each(s, n, h, hash_add);
}

void hashes_add(struct hashes *h, const char *s)
{
	if (s)
		hashes_read(h, s, strlen(s));
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void hashes_sort(struct hashes *h)
{
	size_t n = 0;

	if (h->n)
		qsort(h->v, h->n, sizeof(*h->v), by_value);
	for (size_t i = 0; i < h->n; i++)
		if (!n || h->v[n - 1] != h->v[i])
			h->v[n++] = h->v[i];
	h->n = n;
}

bool hashes_have(const struct hashes *h, uint64_t hash)
{
	return h->n && bsearch(&hash, h->v, h->n, sizeof(hash), by_value);
}

/* ---- figures ---- */

size_t figure_read(const char *s, size_t n, char out[32])
{
	size_t len = 0, used = 0;

	while (len < n) {
		bool digit = s[len] >= '0' && s[len] <= '9';
		bool joint = len && (s[len] == ',' || s[len] == '.') && len + 1 < n &&
			     s[len + 1] >= '0' && s[len + 1] <= '9';

		if (!digit && !joint)
			break;
		if (used < 31 && s[len] != ',')
			out[used++] = s[len];
		len++;
	}
	out[used] = '\0';
	return len;
}

bool figure_in(const char *s, const char *figure)
{
	size_t n = strlen(s), len;
	char other[32];

	for (size_t i = 0; i < n; i += len) {
		len = 1;
		if (s[i] < '0' || s[i] > '9')
			continue;
		len = figure_read(s + i, n - i, other);
		if (!strcmp(figure, other))
			return true;
	}
	return false;
}
