/* Text helpers: strict numbers, prefixes, constant-time equality, random ids. */
#define LOG_TAG "str"
#include "common/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/attr.h"
#include "common/log.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Digits at *s up to the first other byte; false without any. Too large: stays at UINT64_MAX. */
static bool take_number(const char **s, uint64_t *out)
{
	uint64_t v = 0;
	bool huge = false;

	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); ++*s) {
		huge |= __builtin_mul_overflow(v, UINT64_C(10), &v);
		huge |= __builtin_add_overflow(v, (uint64_t)(**s - '0'), &v);
	}
	*out = huge ? UINT64_MAX : v;
	return true;
}

int str_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	uint64_t v;
	int64_t value;

	s += negative;
	if (!take_number(&s, &v) || *s)
		return -EINVAL;
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	value = negative ? (int64_t)(0 - v) : (int64_t)v;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int str_size(const char *s, int64_t max, int64_t *out)
{
	static const char units[] = "kmg";
	const char *unit;
	uint64_t v, factor = 1;

	if (!take_number(&s, &v))
		return -EINVAL;
	if (*s) {
		unit = strchr(units, to_lower(*s));
		if (!unit || s[1])
			return -EINVAL;
		factor = UINT64_C(1024) << (10 * (unit - units));
	}
	if (max < 0 || v > (uint64_t)max / factor)
		return -ERANGE;
	*out = (int64_t)(v * factor);
	return 0;
}

int str_duration(const char *s, int64_t *ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 },
		{ "h", 3600 * 1000 }, { "d", 24 * 3600 * 1000 } };
	uint64_t v;

	if (!take_number(&s, &v))
		return -EINVAL;
	for (size_t i = 0; i < array_len(units); i++) {
		if (strcmp(s, units[i].unit) != 0)
			continue;
		if (v > (uint64_t)INT64_MAX / units[i].ms)
			return -EINVAL;
		*ms = (int64_t)(v * units[i].ms);
		return 0;
	}
	return -EINVAL;
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && !memcmp(s + n - k, suffix, k);
}

bool str_eq_case(const char *a, const char *b)
{
	while (*a && to_lower(*a) == to_lower(*b)) {
		a++;
		b++;
	}
	return to_lower(*a) == to_lower(*b);
}

char *str_trim(char *s)
{
	size_t from = 0, n = strlen(s);

	while (n && is_space(s[n - 1]))
		n--;
	while (from < n && is_space(s[from]))
		from++;
	memmove(s, s + from, n - from);
	s[n - from] = '\0';
	return s;
}

bool str_equal_ct(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= x[i] ^ y[i];
	return !differ;
}

int rand_bytes(void *p, size_t n)
{
	unsigned char *at = p;

	while (n) {
		ssize_t r = getrandom(at, n, 0);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0) {
			at += r;
			n -= (size_t)r;
		}
	}
	return 0;
}

void hex_encode(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = p;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

void uuid_v4(char out[UUID_LEN + 1])
{
	static const unsigned char group[] = { 4, 2, 2, 2, 6 };
	unsigned char b[16];
	const unsigned char *from = b;

	if (rand_bytes(b, sizeof(b)) < 0) {
		log_error("the kernel gives no random bytes");
		abort();
	}
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < array_len(group); i++) {
		hex_encode(from, group[i], out);
		from += group[i];
		out += 2 * group[i];
		*out++ = i + 1 < array_len(group) ? '-' : '\0';
	}
}

bool uuid_valid(const char *s)
{
	for (int i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = to_lower(s[i]);

		if (dash ? c != '-' : !is_digit(c) && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return !s[UUID_LEN];
}
