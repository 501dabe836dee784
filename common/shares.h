/*
 * Shares of time: whose work comes next where pieces of it differ in length. It is the owner's that
 * has had least, so that one with little to do waits for a piece of others' and not for all of it.
 *
 * An owner is a number: fair_key of an account's id. Who comes back after a while begins a little
 * ahead of those who stayed, by SHARES_AHEAD and no more, however long it was away. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARES_AHEAD 50000 /* us */

struct shares {
	struct shares_owner *v;
	size_t n, cap;
	uint64_t now; /* how far the one that was chosen last had come */
};

/* a's turn is strictly before b's */
bool shares_before(const struct shares *s, uint64_t a, uint64_t b);
void shares_choose(struct shares *s, uint64_t owner);
void shares_used(struct shares *s, uint64_t owner, uint64_t us); /* by a piece of its work */
void shares_fini(struct shares *s);
