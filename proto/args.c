/* Typed readers of params: each checks one key, the first problem is kept in words. */
#include "proto/args.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/utf8.h"

#define DUP_SMALL 4096

attr_printf(2, 3) static void refuse(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->bad)
		return;
	a->bad = true;
	va_start(ap, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
}

struct args args_of(const struct msg *m)
{
	return (struct args){ .map = m->params };
}

/* The key's value; absent for nil too. */
static struct val find(const struct args *a, const char *key)
{
	const struct val v = val_get(a->map, key), absent = { NULL };

	return val_type(v) == VAL_NIL ? absent : v;
}

struct arg_str args_str(struct args *a, const char *key, enum arg_need need, size_t min, size_t max)
{
	const struct val v = find(a, key);
	struct arg_str got = { 0 };

	if (!val_present(v)) {
		if (need == ARG_NEEDED)
			refuse(a, "%s is missing", key);
	} else if (!val_str(v, &got.s, &got.n)) {
		refuse(a, "%s must be a str", key);
	} else if (got.n < min && min == 1) {
		refuse(a, "%s is empty", key);
	} else if (got.n < min) {
		refuse(a, "%s is shorter than %zu bytes", key, min);
	} else if (got.n > max) {
		refuse(a, "%s is longer than %zu bytes", key, max);
	} else if (!utf8_valid(got.s, got.n)) {
		refuse(a, "%s is not valid UTF-8", key);
	} else if (!utf8_valid_no_nul(got.s, got.n)) {
		refuse(a, "%s contains a NUL character", key);
	} else {
		return got;
	}
	return (struct arg_str){ 0 };
}

static void refuse_range(struct args *a, const char *key, int64_t min, int64_t max)
{
	if (max == INT64_MAX)
		refuse(a, "%s must be %" PRId64 " or more", key, min);
	else
		refuse(a, "%s must be %" PRId64 "..%" PRId64, key, min, max);
}

static int64_t int_of(
	struct args *a, const char *key, struct val v, int64_t min, int64_t max, int64_t dflt)
{
	int64_t i;

	if (val_type(v) != VAL_INT) {
		refuse(a, "%s must be an int", key);
		return dflt;
	}
	if (!val_int(v, &i) || i < min || i > max) {
		refuse_range(a, key, min, max);
		return dflt;
	}
	return i;
}

int64_t args_int(struct args *a, const char *key, int64_t min, int64_t max, int64_t dflt)
{
	const struct val v = find(a, key);

	return val_present(v) ? int_of(a, key, v, min, max, dflt) : dflt;
}

double args_real(struct args *a, const char *key, double min, double max, double dflt)
{
	const struct val v = find(a, key);
	double d = dflt;

	if (!val_present(v))
		return dflt;
	if (!val_float(v, &d))
		refuse(a, "%s must be a number", key);
	else if (!(d >= min && d <= max))
		refuse(a, "%s must be %g..%g", key, min, max);
	return a->bad ? dflt : d;
}

int64_t args_int_needed(struct args *a, const char *key, int64_t min, int64_t max)
{
	const struct val v = find(a, key);

	if (val_present(v))
		return int_of(a, key, v, min, max, min);
	refuse(a, "%s is missing", key);
	return min;
}

bool args_bool(struct args *a, const char *key, bool dflt)
{
	const struct val v = find(a, key);
	bool b = dflt;

	if (val_present(v) && !val_bool(v, &b))
		refuse(a, "%s must be a bool", key);
	return b;
}

bool args_bin(struct args *a, const char *key, size_t max, const void **p, size_t *n)
{
	const struct val v = find(a, key);

	*p = NULL;
	*n = 0;
	if (!val_present(v)) {
		refuse(a, "%s is missing", key);
	} else if (!val_bin(v, p, n)) {
		refuse(a, "%s must be a bin", key);
	} else if (*n > max) {
		refuse(a, "%s is longer than %zu bytes", key, max);
		*p = NULL;
		*n = 0;
	} else {
		return true;
	}
	return false;
}

struct val args_val(struct args *a, const char *key, enum val_type type)
{
	const struct val v = find(a, key);

	if (!val_present(v) || val_type(v) == type)
		return v;
	refuse(a, "%s must be a %s", key, type == VAL_MAP ? "map" : "list");
	return (struct val){ NULL };
}

char *args_dup(struct arg_str s)
{
	if (!s.s)
		return NULL;
	return s.n <= DUP_SMALL ? mem_ndup(s.s, s.n) : mem_try_dup(s.s, s.n);
}

void args_time(struct args *a, const char *key, int64_t *us)
{
	struct arg_str s = args_str(a, key, ARG_OPTIONAL, 1, 64);

	if (a->bad || !s.s || clock_iso_parse(s.s, s.n, us) == 0)
		return;
	a->bad = true;
	(void)snprintf(a->why, sizeof(a->why), "%s must be a time as in results", key);
}
