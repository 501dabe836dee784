/*
 * An answer without a model: the sentences of the documents that say most about the question, word
 * for word. Choosing is pure; so is the text around them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "daemon/library/query.h"
#include "daemon/library/span.h"

#define ANSWER_QUOTES 3
#define ANSWER_SPANS 5 /* looked at: the answer is hardly ever further down */

/* A sentence, or lines of source: bytes [start, end) of the text of a span. */
struct answer_quote {
	size_t span;
	size_t start, end;
	bool lines; /* line ends mean something */
	double score;
};
/* Best first, no two with the same text. */
size_t answer_choose(const struct query *q, const struct spans *s, struct answer_quote out[ANSWER_QUOTES]);
