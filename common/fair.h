/*
 * Taking turns: places that several owners want are given to the one that holds fewest, and among
 * equals to the one whose last place was given longest ago. So an owner with one thing to do waits
 * for one turn of each other, however much these have queued.
 *
 * An owner is a number: fair_key of an account's id. Who holds nothing is forgotten only when very
 * many have been seen. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fair {
	struct fair_owner *v;
	size_t n, cap;
	size_t held;    /* places, of all owners */
	uint64_t given; /* since the start */
};

uint64_t fair_key(const char *id);                            /* FNV-1a; "" and NULL give an owner too */
void fair_take(struct fair *f, uint64_t owner);               /* a place is given to it */
void fair_give(struct fair *f, uint64_t owner);               /* and comes back */
size_t fair_held(const struct fair *f, uint64_t owner);
bool fair_before(const struct fair *f, uint64_t a, uint64_t b); /* a's turn is strictly before b's */
void fair_fini(struct fair *f);
