/*
 * Words that say how something is asked, not what: they only cost time, blur the ranking, and make
 * a good passage look as if it missed something. Words that may be the subject of a question (time,
 * part, use) are not among them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/library/language.h"

struct stop_list; /* of one language */

/* The list that has most of the words of a text in it; English when none has more. Never NULL. */
const struct stop_list *stop_guess(const char *text, size_t n);
/* English for one that no text is taken for. */
enum language stop_language(const struct stop_list *list);
bool stop_word(const struct stop_list *list, const char *plain, size_t n); /* folded, not stemmed */
/*
 * By how much the share of a question that a passage answering it has is smaller than in English:
 * larger where compounds and endings are not undone, less than 1 where words are made of syllables.
 */
double stop_share(const struct stop_list *list);
