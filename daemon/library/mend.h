/*
 * Words of a question that are in no document, tried another way: with one letter changed, or cut in
 * two. The documents decide which is meant: what they have most often.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/library/query.h"

#define MEND_WORDS 3      /* of a question */
#define MEND_TRIES 240    /* terms looked up at once */
#define MEND_BYTES 8192

/* Ways to read one word. */
struct mend_tries {
	size_t unit;
	enum language language; /* as which a try loses its ending */
	struct term_weight terms[MEND_TRIES]; /* lie in `bytes` */
	size_t n;
	char bytes[MEND_BYTES];
	size_t nbytes;
	struct {
		size_t first, second; /* of terms; second SIZE_MAX: the first stands for the whole word */
	} ways[MEND_TRIES];
	size_t nways, nsplits; /* those that cut come first */
};

/* Is this one of the words, and are they few enough beside the others to be slips? */
bool mend_wanted(const struct query *q, size_t unit);
/* `round` 0, 1, ...: false when there are no more. */
bool mend_tries(struct mend_tries *t, const struct query *q, size_t unit, unsigned round);
/* The best way by the number of passages that have its terms; SIZE_MAX: none is in any. */
size_t mend_choose(const struct mend_tries *t, const int64_t *df);
/* The question asks for that instead. */
void mend_apply(struct query *q, const struct mend_tries *t, size_t way);
