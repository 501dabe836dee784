/* Counting of what is said. */
#include "client/often.h"

#include <string.h>

#include "client/say.h"
#include "common/mem.h"

#define KINDS 100 /* of words that are counted; any others are said */

bool often_say(struct often *o, const char *words)
{
	size_t i = 0;

	if (!o->most)
		return true;
	while (i < o->n && strcmp(o->v[i].words, words) != 0)
		i++;
	if (i == KINDS)
		return true;
	if (i == o->n) {
		o->v = mem_grow(o->v, &o->cap, o->n, sizeof(*o->v));
		o->v[o->n++] = (struct often_words){ .words = mem_dup(words) };
	}
	return o->v[i].n++ < o->most;
}

void often_sum(struct often *o)
{
	for (size_t i = 0; i < o->n; i++) {
		if (o->v[i].n > o->most)
			say("%zu more: %s (-v names them)", o->v[i].n - o->most, o->v[i].words);
		mem_free(o->v[i].words);
	}
	mem_free(o->v);
	*o = (struct often){ .most = o->most };
}
