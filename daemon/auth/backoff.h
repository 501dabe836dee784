/*
 * How long whoever failed has to wait. The key is (peer's uid, account's name): a uid cannot be
 * forged, so nobody makes another one wait; and names count whether there is such an account or
 * not. A uid that tries many names is counted as a whole, too, more generously.
 *
 * A wait runs from the last failure that was looked at. What is refused meanwhile does not prolong
 * it, and no wait is longer than max_ms: nobody is ever locked out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct backoff;

struct backoff_policy {
	unsigned free;      /* failures without a wait; of a uid with many names: 4 times as many */
	uint64_t first_ms;  /* the first wait; doubles with each failure */
	uint64_t max_ms;
	uint64_t forget_ms; /* so long without a failure: all is forgotten */
};

struct backoff *backoff_new(void);
void *backoff_free(struct backoff *b);
/* Milliseconds to wait, 0: go on. now_ms: monotonic. */
uint64_t backoff_wait(struct backoff *b, const struct backoff_policy *p, uid_t uid, const char *name, uint64_t now_ms);
void backoff_failed(struct backoff *b, const struct backoff_policy *p, uid_t uid, const char *name, uint64_t now_ms);
void backoff_succeeded(struct backoff *b, uid_t uid, const char *name); /* the uid as a whole stays counted */
size_t backoff_count(const struct backoff *b);
