/* Is it a stop word, and which language's list does a question need? */
#include "daemon/library/stop.h"

#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "daemon/library/stop_in.h"
#include "daemon/library/words.h"

#define LONG 5 /* bytes of a word that no other language has by chance */

struct slice {
	const char *p;
	size_t n;
};

static int compare(const void *key, const void *element)
{
	const struct slice *s = key;
	const char *word = *(const char *const *)element;
	int r = strncmp(s->p, word, s->n);

	return r ? r : -(word[s->n] != '\0');
}

bool stop_word(const struct stop_list *list, const char *plain, size_t n)
{
	struct slice s = { plain, n };

	return bsearch(&s, list->words, list->n, sizeof(*list->words), compare) != NULL;
}

/* ---- which language ---- */

static int count_stops(void *ctx, const struct word *w)
{
	size_t *counts = ctx;

	for (size_t i = 0; i < stop_lists_n; i++)
		if (!w->gram && stop_word(&stop_lists[i], w->plain, w->plain_n))
			counts[i] += w->plain_n < LONG ? 1 : 2;
	return 0;
}

/* One short word says nothing where others have the letters, too: "Vietnam war", "die hard", "iron man". */
const struct stop_list *stop_guess(const char *text, size_t n)
{
	size_t counts[STOP_LISTS_MAX] = { 0 }, best = 0;

	words_each(text, min_of(n, (size_t)2048), counts, count_stops);
	for (size_t i = 1; i < stop_lists_n; i++)
		if (counts[i] > counts[best] && (counts[i] > 1 || !stop_lists[i].latin))
			best = i;
	return &stop_lists[best];
}

enum language stop_language(const struct stop_list *list)
{
	return list->language < 0 ? LANGUAGE_ENGLISH : (enum language)list->language;
}

double stop_share(const struct stop_list *list)
{
	return list->share;
}
