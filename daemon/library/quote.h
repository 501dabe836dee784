/*
 * An answer without a model: the sentences of the documents that say most about the question, word
 * for word. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/library/query.h"
#include "daemon/library/span.h"

#define QUOTES_MAX 3
#define QUOTES_SPANS 5 /* looked at: the answer is hardly ever further down */

/* A sentence, or lines of source: bytes [start, end) of the text of a span. */
struct quote {
	size_t span;
	size_t start, end;
	bool lines; /* line ends mean something */
	double own; /* the question's coverage by it and what is beside it */
	double score;
};
/* Best first, no two with the same text, none that says next to nothing beside the best.
 * query_weigh has been called. */
size_t quotes_choose(const struct query *q, const struct spans *s, struct quote out[QUOTES_MAX]);
/*
 * Make them readable: a sentence takes its neighbours within the paragraph along as far as there is
 * room, one that is short or begins with a pronoun the one before it in any case, and what then
 * touches within a span becomes one. The number left; still best first.
 */
size_t quotes_widen(const struct spans *s, struct quote *v, size_t n);
