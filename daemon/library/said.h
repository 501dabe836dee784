/*
 * A search in what was said: from what somebody typed to the words of the index. Nothing of it is
 * syntax but double quotes, between which words follow one another; all others must be there, in any
 * order. The last word may go on, from three letters.
 */
#pragma once

#include "daemon/store/searches.h"

#define SAID_WORDS 16 /* more are left out */

/* false: there is no word in it. *q is filled; search_query_fini frees it. */
bool said_query(const char *text, size_t n, struct search_query *q);
