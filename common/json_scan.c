/*
 * Strings and numbers of JSON. Numbers are turned into doubles without the locale's idea of a
 * decimal point: the digits go to strtod as an integer with an exponent.
 */
#include "common/json_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* The high bit of each byte that is 0; exact up to and with the lowest such byte. */
static uint64_t zero_bytes(uint64_t w)
{
	return (w - EACH_BYTE(0x01)) & ~w & EACH_BYTE(0x80);
}

/* The next quote or backslash at or after p, or end. */
static const char *string_stop(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	while (end - p >= 8) {
		uint64_t w, hit;

		memcpy(&w, p, sizeof(w));
		hit = zero_bytes(w ^ EACH_BYTE('"')) | zero_bytes(w ^ EACH_BYTE('\\'));
		if (hit)
			return p + __builtin_ctzll(hit) / 8;
		p += 8;
	}
#endif
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Length of the escape at p, which stands on a backslash; 0 when it is none. */
static size_t escape_length(const char *p, const char *end)
{
	if (end - p < 2)
		return 0;
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return 2;
	case 'u':
		if (end - p < 6)
			return 0;
		return is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5]) ? 6 : 0;
	default:
		return 0;
	}
}

/* From the first backslash to the closing quote, or NULL. */
static const char *escaped_end(const char *at, const char *end)
{
	while (at < end && *at == '\\') {
		size_t n = escape_length(at, end);

		if (!n)
			return NULL;
		at = string_stop(at + n, end);
	}
	return at < end ? at : NULL;
}

bool json_scan_string(const char **p, const char *end, struct json_slice *raw)
{
	const char *from = *p + 1, *at = string_stop(from, end);
	bool escaped = at < end && *at == '\\';

	if (escaped)
		at = escaped_end(at, end);
	if (!at || at == end)
		return false;
	*raw = (struct json_slice){ .p = from, .n = (size_t)(at - from), .escaped = escaped };
	*p = at + 1;
	return true;
}

static size_t take_digits(const char **p, const char *end)
{
	const char *from = *p;

	while (*p < end && is_digit(**p))
		++*p;
	return (size_t)(*p - from);
}

static bool take_exponent(const char **p, const char *end, int64_t *exponent)
{
	bool negative = false;
	const char *from;

	if (*p < end && (**p == '+' || **p == '-'))
		negative = *(*p)++ == '-';
	from = *p;
	if (!take_digits(p, end))
		return false;
	*exponent = 0;
	for (; from < *p && *exponent < JSON_EXPONENT_MAX; from++)
		*exponent = *exponent * 10 + (*from - '0');
	*exponent = min_of(*exponent, JSON_EXPONENT_MAX);
	if (negative)
		*exponent = -*exponent;
	return true;
}

bool json_scan_number(const char **p, const char *end, struct json_number *number)
{
	*number = (struct json_number){ .negative = **p == '-' };
	*p += number->negative;
	number->digits = *p;
	number->ndigits = take_digits(p, end);
	if (!number->ndigits || (number->ndigits > 1 && number->digits[0] == '0'))
		return false;
	if (*p < end && **p == '.') {
		number->fraction = ++*p;
		number->nfraction = take_digits(p, end);
		if (!number->nfraction)
			return false;
	}
	if (*p < end && (**p | 0x20) == 'e') {
		++*p;
		return take_exponent(p, end, &number->exponent);
	}
	return true;
}

/*
 * 767 significant digits decide every double. What comes after them can only say "and a bit more",
 * which one more digit that is not 0 says as well.
 */
#define DIGITS_MAX 768

struct decimal {
	char digits[DIGITS_MAX + 1 + 32]; /* and room for the exponent */
	size_t n;
	int64_t dropped; /* digits that did not fit */
	bool more;       /* one of them was not 0 */
};

static void decimal_add(struct decimal *d, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!d->n && p[i] == '0')
			continue;
		if (d->n < DIGITS_MAX) {
			d->digits[d->n++] = p[i];
		} else {
			d->dropped++;
			d->more |= p[i] != '0';
		}
	}
}

static double number_slow(const struct json_number *number)
{
	struct decimal d;
	int64_t exponent;
	int saved = errno;
	double v;

	d.n = 0;
	d.dropped = 0;
	d.more = false;
	decimal_add(&d, number->digits, number->ndigits);
	decimal_add(&d, number->fraction, number->nfraction);
	if (!d.n)
		return 0;
	exponent = number->exponent - (int64_t)number->nfraction + d.dropped;
	if (d.more) {
		d.digits[d.n++] = '1';
		exponent--;
	}
	snprintf(d.digits + d.n, sizeof(d.digits) - d.n, "e%" PRId64, exponent);
	v = strtod(d.digits, NULL);
	errno = saved;
	return v;
}

/* Up to 15 digits and a power of ten that a double holds exactly: one rounding, hence right. */
static bool number_quick(const struct json_number *number, double *value)
{
	static const double power[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	int64_t exponent = number->exponent - (int64_t)number->nfraction;
	uint64_t v = 0;

	if (number->ndigits + number->nfraction > 15 || exponent > 22 || exponent < -22)
		return false;
	for (size_t i = 0; i < number->ndigits; i++)
		v = v * 10 + (uint64_t)(number->digits[i] - '0');
	for (size_t i = 0; i < number->nfraction; i++)
		v = v * 10 + (uint64_t)(number->fraction[i] - '0');
	*value = exponent < 0 ? (double)v / power[-exponent] : (double)v * power[exponent];
	return true;
}

double json_number_double(const struct json_number *number)
{
	double v;

	if (!number_quick(number, &v))
		v = number_slow(number);
	return number->negative ? -v : v;
}

static int64_t clamp_double(double v)
{
	if (v >= 0x1p63)
		return INT64_MAX;
	return v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

int64_t json_number_int(const struct json_number *number)
{
	uint64_t v = 0;

	if (number->exponent)
		return clamp_double(json_number_double(number));
	for (size_t i = 0; i < number->ndigits; i++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
			__builtin_add_overflow(v, (uint64_t)(number->digits[i] - '0'), &v))
			return number->negative ? INT64_MIN : INT64_MAX;
	if (number->negative)
		return v > (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)v;
	return v > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)v;
}
