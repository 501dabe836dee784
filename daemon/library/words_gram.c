/* Reads writing without spaces between its words: overlapping pairs or triples of characters. */
#include <string.h>

#include "daemon/library/words_in.h"

/* The last characters read, each with its marks. */
struct ring {
	struct part v[3];
	size_t count; /* read so far: the last is v[(count - 1) % 3] */
};

static int give_gram(struct words *w, const struct ring *ring, size_t size)
{
	size_t first = ring->count > size ? ring->count - size : 0;
	char text[WORD_MAX];
	struct word word = {
		.plain = text, .start = ring->v[first % 3].start, .group = w->group, .gram = true,
		.triple = size == 3
	};

	for (size_t i = first; i < ring->count; i++) {
		const struct part *p = &ring->v[i % 3];

		if (p->n > WORD_MAX - word.plain_n)
			break;
		memcpy(text + word.plain_n, p->text, p->n);
		word.plain_n += p->n;
		word.end = p->end;
	}
	return word.plain_n ? words_give(w, SCRIPT_OTHER, &word) : 0;
}

/* A mark, or a piece of a decomposed letter, belongs to the character before it. */
static bool joins(const struct ring *ring, const struct rune *r)
{
	uint32_t folded[FOLD_MAX];

	if (!ring->count || !r->n || r->script == SCRIPT_JOINED)
		return ring->count && r->n;
	return r->script == SCRIPT_CJK && fold_char(r->cp, folded) == 1 &&
	       (fold_drops(folded[0]) ||
		       fold_compose(ring->v[(ring->count - 1) % 3].last, folded[0]));
}

/* Overlapping grams of `size` characters; a run shorter than that is one term. */
int words_grams(struct words *w, enum script script, size_t size)
{
	struct ring ring = { .count = 0 };
	bool given = false;
	int r = 0;

	for (;;) {
		struct rune u = rune_at(w, w->pos);
		bool joined = joins(&ring, &u), more = joined || (u.n && u.script == script);
		struct part *p;

		/* only now it is sure that no mark follows the last one */
		if (!joined && (ring.count >= size || (!more && !given))) {
			given = true;
			r = give_gram(w, &ring, size);
		}
		if (r || !more)
			break;
		if (!joined)
			ring.v[ring.count++ % 3] = (struct part){ .start = w->pos };
		p = &ring.v[(ring.count - 1) % 3];
		part_add(p, u.cp);
		w->pos += u.n;
		p->end = w->pos;
	}
	w->group++;
	return r;
}
