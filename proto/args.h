/*
 * Typed readers of a request's params. The first problem sticks; ask args_ok() once at the end:
 *	struct args a = args_of(msg);
 *	text = args_str(&a, "text", ARG_NEEDED, 1, LIMIT_PROMPT);
 *	off = args_int(&a, "off", 0, INT64_MAX, 0);
 *	if (!args_ok(&a)) return reply_error(BAD_PARAMS, a.why);
 * Unknown keys are ignored. A str must be valid UTF-8 without NUL. nil counts as absent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/msg.h"

struct arg_str {
	const char *s; /* NULL: absent; not NUL-terminated; lives as long as the msg */
	size_t n;
};

enum arg_need { ARG_OPTIONAL, ARG_NEEDED };

struct args {
	struct val map;
	bool bad;
	char why[160]; /* "text is missing", "limit must be 1..200" */
};

struct args args_of(const struct msg *m);
struct arg_str args_str(struct args *a, const char *key, enum arg_need need, size_t min, size_t max);
int64_t args_int(struct args *a, const char *key, int64_t min, int64_t max, int64_t dflt); /* absent: dflt */
double args_real(struct args *a, const char *key, double min, double max, double dflt);     /* a whole number is one, too */
int64_t args_int_needed(struct args *a, const char *key, int64_t min, int64_t max);
bool args_bool(struct args *a, const char *key, bool dflt);
bool args_bin(struct args *a, const char *key, size_t max, const void **p, size_t *n);     /* needed */
struct val args_val(struct args *a, const char *key, enum val_type type);                   /* optional map or array */
void args_time(struct args *a, const char *key, int64_t *us); /* a stamp as in results; absent: *us stays */
char *args_dup(struct arg_str s);                                                           /* NULL when absent; caller frees; aborts on no memory for <= 4 KiB, else may be NULL */
static inline bool args_ok(const struct args *a)
{
	return !a->bad;
}
