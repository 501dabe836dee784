/* Holding back half of a marker. */
#include "client/hold.h"

#include <stdbool.h>
#include <string.h>

#define OPENS "\xe3\x80\x90" /* the full-width brackets */
#define CLOSES "\xe3\x80\x91"

static bool may_open(const char *s, size_t n)
{
	return s[0] == '[' || (n <= 3 && !memcmp(s, OPENS, n)) || (n > 3 && !memcmp(s, OPENS, 3));
}

static bool is_over(const struct hold *h)
{
	size_t n = h->n;

	if (!may_open(h->held, n) || h->held[n - 1] == ']')
		return true;
	return (n >= 6 && !memcmp(h->held + n - 3, CLOSES, 3)) || n >= HOLD_BYTES;
}

static void take(struct hold *h, char c, struct buf *out)
{
	if (h->n && (c == '[' || c == OPENS[0]) && h->held[0] == '[')
		hold_end(h, out); /* what was held is no marker: another one may begin here */
	if (!h->n && c != '[' && c != OPENS[0]) {
		(void)buf_add_byte(out, (uint8_t)c);
		return;
	}
	h->held[h->n++] = c;
	if (is_over(h))
		hold_end(h, out);
}

void hold_feed(struct hold *h, const char *s, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		take(h, s[i], out);
}

void hold_end(struct hold *h, struct buf *out)
{
	(void)buf_add(out, h->held, h->n);
	h->n = 0;
}
