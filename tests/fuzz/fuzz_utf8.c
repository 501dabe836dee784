/* Cleaning gives valid text without NUL, the same however the bytes were cut, and twice is once. */
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

/* In pieces of lengths that the first byte decides; the whole at once for a step of 0. */
static void clean(const char *s, size_t n, unsigned step, struct buf *out)
{
	struct utf8_clean c = { 0 };

	for (size_t i = 0, k; i < n; i += k) {
		k = step ? 1 + (i * step + step) % 5 : n;
		k = min_of(k, n - i);
		require(utf8_clean_feed(&c, s + i, k, out) == 0);
	}
	require(utf8_clean_end(&c, out) == 0);
}

static void decode(const char *s, size_t n, struct buf *out)
{
	while (n) {
		char utf8[4];
		uint32_t cp;
		int r = utf8_decode(s, n, &cp);

		require(r != 0 && r >= -3 && r <= 4 && (size_t)abs(r) <= n);
		buf_add(out, utf8, utf8_encode(cp ? cp : 0xFFFD, utf8));
		s += abs(r);
		n -= (size_t)abs(r);
	}
}

static void require_same(const struct buf *a, const struct buf *b)
{
	require(a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data + 1;
	struct buf whole, other;

	if (!size)
		return 0;
	size--;
	buf_init(&whole, 0);
	buf_init(&other, 0);
	clean(s, size, 0, &whole);
	require(utf8_valid_no_nul((char *)whole.data, whole.len));
	require(whole.len >= size && whole.len <= 3 * size);
	require(!utf8_valid_no_nul(s, size) ||
		(whole.len == size && (!size || !memcmp(whole.data, s, size))));
	require(utf8_span(s, size) <= size && utf8_valid_no_nul(s, utf8_span(s, size)));

	clean(s, size, data[0] | 1u, &other);
	require_same(&whole, &other);
	buf_reset(&other);
	decode(s, size, &other);
	require_same(&whole, &other);
	buf_reset(&other);
	clean((char *)whole.data, whole.len, 0, &other);
	require_same(&whole, &other);

	for (size_t at = 0; at <= whole.len; at++) {
		size_t m = utf8_floor((char *)whole.data, whole.len, at);

		require(m <= at && at - m < 4 && utf8_valid((char *)whole.data, m));
	}
	buf_fini(&whole);
	buf_fini(&other);
	return 0;
}
