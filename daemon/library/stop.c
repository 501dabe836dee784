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

static bool is_in(const char *const *words, size_t n, const char *plain, size_t plain_n)
{
	struct slice s = { plain, plain_n };

	return n && bsearch(&s, words, n, sizeof(*words), compare);
}

bool stop_word(const struct stop_list *list, const char *plain, size_t n)
{
	return is_in(list->words, list->n, plain, n) || is_in(list->asks, list->nasks, plain, n);
}

/* ---- which language ---- */

static int count_stops(void *ctx, const struct word *w)
{
	size_t *counts = ctx;

	for (size_t i = 0; i < stop_lists_n; i++)
		if (!w->gram && is_in(stop_lists[i].words, stop_lists[i].n, w->plain, w->plain_n))
			counts[i] += w->plain_n < LONG ? 1 : 2;
	return 0;
}

static void count(const char *text, size_t n, size_t counts[STOP_LISTS_MAX])
{
	memset(counts, 0, STOP_LISTS_MAX * sizeof(*counts));
	words_each(text, min_of(n, (size_t)2048), counts, count_stops);
}

static bool is_spoken(const struct stop_list *list, uint32_t languages)
{
	return !list->latin || !(languages & ~1u) || (list->language >= 0 && languages >> list->language & 1);
}

/* One short word says nothing where others have the letters, too: "Vietnam war", "die hard", "iron man". */
const struct stop_list *stop_guess(const char *text, size_t n, uint32_t languages)
{
	size_t counts[STOP_LISTS_MAX], best = 0;

	count(text, n, counts);
	for (size_t i = 1; i < stop_lists_n; i++)
		if (counts[i] > counts[best] && (counts[i] > 1 || !stop_lists[i].latin) && is_spoken(&stop_lists[i], languages))
			best = i;
	return &stop_lists[best];
}

enum language stop_language(const struct stop_list *list)
{
	return list->language < 0 ? LANGUAGE_ENGLISH : (enum language)list->language;
}

/* With no stop word at all it can be told only where the documents have one other language. */
const struct stop_list *stop_spoken(const struct stop_list *list, const char *text, size_t n, uint32_t languages)
{
	bool one = __builtin_popcount(languages & ~1u) == 1;
	size_t counts[STOP_LISTS_MAX], most = 0;

	count(text, n, counts);
	if (list != &stop_lists[0] || counts[0])
		return list;
	for (size_t i = 1; i < stop_lists_n; i++) {
		const struct stop_list *l = &stop_lists[i];

		if (l->language <= 0 || !(languages >> l->language & 1) || counts[i] + one <= most)
			continue;
		list = l;
		most = counts[i] + one;
	}
	return list;
}

double stop_share(const struct stop_list *list)
{
	return list->share;
}

/* ---- the question's verb ---- */

struct verb {
	size_t words, last;        /* read so far; where the last of them begins */
	bool asks, does, is_verb;  /* how or what; do or does or did behind it; the last word */
};

static bool is_one_of(const struct word *w, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == w->plain_n && !memcmp(*words, w->plain, w->plain_n))
			return true;
	return false;
}

static int read_verb(void *ctx, const struct word *w)
{
	static const char *const asks[] = { "how", "what", "why", NULL }, *const does[] = { "do", "does", "did", NULL },
		*const verbs[] = { "mean", "work", "look", "matter", NULL };
	struct verb *v = ctx;

	if (w->colocated)
		return 0;
	v->words++;
	v->asks = v->words == 1 ? is_one_of(w, asks) : v->asks;
	v->does = v->words == 2 ? is_one_of(w, does) : v->does;
	v->is_verb = is_one_of(w, verbs);
	v->last = w->start;
	return v->words == 2 && !(v->asks && v->does);
}

size_t stop_verb(const struct stop_list *list, const char *text, size_t n)
{
	struct verb v = { 0 };

	if (list != &stop_lists[0] || words_each(text, n, &v, read_verb))
		return n;
	return v.words > 3 && v.asks && v.does && v.is_verb ? v.last : n;
}
