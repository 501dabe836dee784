/*
 * Words that say how something is asked, not what: they only cost time, blur the ranking, and make
 * a good passage look as if it missed something. Words that may be the subject of a question (time,
 * part, use) are not among them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/library/language.h"

struct stop_list; /* of one language */

/*
 * The list that has most of the words of a text in it; English when none has more. Never NULL. Of languages in Latin letters
 * those that the documents are in (bits), if they are in any but English: letters without accents say too little.
 */
const struct stop_list *stop_guess(const char *text, size_t n, uint32_t languages);
/* English for one that no text is taken for. */
enum language stop_language(const struct stop_list *list);
/*
 * "How does it work?", "What does it mean?": the verb at the end is the question's, and few passages that answer have it.
 * Where it begins; n where there is none, as in "How do I work less?" and in every other language.
 */
size_t stop_verb(const struct stop_list *list, const char *text, size_t n);
bool stop_word(const struct stop_list *list, const char *plain, size_t n); /* folded, not stemmed */
/* The language of a text that has this list: English only for want of stop words, it is another one of the documents. */
const struct stop_list *stop_spoken(const struct stop_list *list, const char *text, size_t n, uint32_t languages);
/*
 * By how much the share of a question that a passage answering it has is smaller than in English:
 * larger where compounds and endings are not undone.
 */
double stop_share(const struct stop_list *list);
