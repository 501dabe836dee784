/* Text helpers: strict numbers, prefixes, constant-time equality, random ids. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_LEN 36

int str_int(const char *s, int64_t min, int64_t max, int64_t *out); /* whole string, decimal; -EINVAL, -ERANGE */
int str_size(const char *s, int64_t max, int64_t *out);  /* "4k", "16M", "1G" (powers of 1024), plain bytes; -EINVAL, -ERANGE */
int str_duration(const char *s, int64_t *ms);            /* "250ms" "30s" "5m" "2h" "30d"; a plain number is ms; -EINVAL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_eq_case(const char *a, const char *b);          /* ASCII, case ignored */
char *str_trim(char *s);                                 /* in place, white space at both ends */
bool str_equal_ct(const void *a, const void *b, size_t n); /* time does not depend on the content */
int rand_bytes(void *p, size_t n);                       /* getrandom(2); 0 or -errno */
void uuid_v4(char out[UUID_LEN + 1]);                    /* RFC 9562, lower case; aborts when the kernel has no randomness */
bool uuid_valid(const char *s);                          /* 8-4-4-4-12 hex, any version */
void hex_encode(const void *p, size_t n, char *out);     /* 2 n + 1 bytes */
