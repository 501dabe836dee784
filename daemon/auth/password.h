/*
 * Passwords as hashes of crypt(5), yescrypt only. Every function but password_valid takes tens of
 * milliseconds and megabytes: they are for the auth thread (hasher.h) and the start.
 *
 * What a stored hash would cost is judged by its parameters before it is computed: a row with
 * "$y$jFT$" takes 4 s and 1 GiB, and crypt(3) would do as it is told. Accepted are exactly the
 * parameters that crypt_gensalt(3) gives for the costs up to `max_cost`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_COST_MIN 1
#define PASSWORD_COST_MAX 9
#define PASSWORD_HASH_MAX 384 /* CRYPT_OUTPUT_SIZE, its NUL included */
#define PASSWORD_MAX 511      /* bytes; crypt(3) takes no more */

struct password_policy {
	unsigned cost;     /* of new hashes: 5 is 16 MiB and some 50 ms; each step doubles both */
	unsigned max_cost; /* of stored ones; no less than cost counts */
};

enum password_grade {
	PASSWORD_FINE,
	PASSWORD_WEAK,    /* made anew at the next log-in */
	PASSWORD_REFUSED, /* another method, no hash at all, or past max_cost */
};

/* Pure: reads the parameters, computes nothing. */
enum password_grade password_judge(const char *hash, const struct password_policy *policy);
/* 0, or -EINVAL: empty, too long, NUL or a control character in it. */
int password_valid(const char *password, size_t n);
/* 0 or -errno; out is "" on error. */
int password_hash(const char *password, const struct password_policy *policy, char out[PASSWORD_HASH_MAX]);
/* The hash must have been judged. Compares in constant time. */
bool password_matches(const char *password, const char *hash);
