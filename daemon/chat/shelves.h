/*
 * How far each collection has its vectors. Accounts take turns, a batch each: a small collection
 * waits for one batch of each other account, however large theirs are. Pure.
 */
#pragma once

#include <stdbool.h>

#include "common/fair.h"
#include "daemon/store/vectors.h"

struct shelf {
	struct vectors_shelf is;
	uint64_t owner;
	int64_t after;         /* passage looked at last */
	int64_t have, counted; /* passages with a vector: as far as is known, and in this look through */
	int64_t passed;        /* passages that the server does not take */
	bool end;              /* nothing stands behind `after` */
	bool again;            /* some went: to be counted from the beginning */
};
struct shelves {
	struct shelf *v;
	size_t n, cap;
	struct fair turns;
};
struct shelves_figures {
	int64_t have, passed, passages;
	bool working, any; /* any: at least one may have some */
};

/* What is there now, by rising number. What is known of those that stay is kept, and looked at further. */
void shelves_set(struct shelves *s, const struct vectors_shelf *v, size_t n);
/* All of an account (NULL: of all) is counted once more. */
void shelves_recount(struct shelves *s, const char *account);
struct shelf *shelves_next(struct shelves *s); /* whose turn it is; NULL: all have what they can have */
struct shelf *shelves_find(struct shelves *s, int64_t collection); /* or NULL */
void shelf_count(struct shelf *shelf, int64_t have); /* so many more of this look through have theirs */
void shelf_end(struct shelf *shelf);
struct shelves_figures shelves_figures(const struct shelves *s, const char *account); /* NULL: of all */
void shelves_fini(struct shelves *s);
