/* Putting hits together. */
#include "daemon/library/hits.h"

#include <errno.h>
#include <string.h>

#include "common/mem.h"

#define RANKS 2

static bool touches(const struct hit *a, const struct hit *b)
{
	return (a->end == b->start || b->end == a->start) && a->page == b->page &&
	       a->text_len + b->text_len <= HITS_BYTES && !strcmp(a->document, b->document);
}

/* The better one takes the other's text to its own, before or behind it. */
static int join(struct hit *a, struct hit *b)
{
	const struct hit *first = a->start < b->start ? a : b, *last = first == a ? b : a;
	size_t n = first->text_len + last->text_len;
	char *text = mem_try(n + 1);

	if (!text)
		return -ENOMEM;
	memcpy(text, first->text, first->text_len);
	memcpy(text + first->text_len, last->text, last->text_len);
	text[n] = '\0';
	if (first == b) {
		char *heading = a->heading;

		a->heading = b->heading;
		b->heading = heading;
		a->line = b->line;
		a->ordinal = b->ordinal;
		a->start = b->start;
	} else {
		a->end = b->end;
	}
	mem_free(a->text);
	a->text = text;
	a->text_len = n;
	return 0;
}

/*
 * One of the hits kept last that touches; SIZE_MAX: none. One that ranks much higher stays as it is: its
 * neighbour would come before what fits better.
 */
static size_t neighbour(const struct hit *kept, size_t n, size_t but, const struct hit *h)
{
	for (size_t i = n > RANKS ? n - RANKS : 0; i < n; i++)
		if (i != but && kept[i].text && touches(&kept[i], h))
			return i;
	return SIZE_MAX;
}


/* It may have closed the gap to another one. */
static int close_gap(struct hit *kept, size_t n, size_t at)
{
	size_t other = neighbour(kept, n, at, &kept[at]), better = other < at ? other : at;
	int r;

	if (other == SIZE_MAX)
		return 0;
	r = join(&kept[better], &kept[better == at ? other : at]);
	hit_fini(&kept[better == at ? other : at]);
	return r;
}

int hits_merge(struct hit *hits, size_t *n, size_t limit)
{
	size_t kept = 0, left = 0;
	int r = 0;

	for (size_t i = 0; i < *n; i++) {
		size_t at = r == 0 ? neighbour(hits, kept, SIZE_MAX, &hits[i]) : SIZE_MAX;

		if (at == SIZE_MAX) {
			struct hit h = hits[i];

			hits[i] = (struct hit){ 0 };
			hits[kept++] = h;
			continue;
		}
		r = join(&hits[at], &hits[i]);
		hit_fini(&hits[i]);
		if (r == 0)
			r = close_gap(hits, kept, at);
	}
	for (size_t i = 0; i < kept; i++) {
		struct hit h = hits[i];

		hits[i] = (struct hit){ 0 };
		if (h.text && left < limit)
			hits[left++] = h;
		else
			hit_fini(&h);
	}
	*n = left;
	return r;
}
