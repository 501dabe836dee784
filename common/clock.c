/* Time: the two clocks, and stamps made and read without the C library's calendar and its locks. */
#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/attr.h"

#define US_PER_S INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)
#define DAYS_MIN INT64_C(-719528) /* 0000-01-01 */
#define DAYS_MAX INT64_C(2932896) /* 9999-12-31 */

static struct timespec clock_read(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts); /* these two clocks cannot fail */
	return ts;
}

uint64_t clock_mono_us(void)
{
	struct timespec ts = clock_read(CLOCK_MONOTONIC);

	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t clock_wall_us(void)
{
	struct timespec ts = clock_read(CLOCK_REALTIME);

	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

/*
 * Days since 1970 and back in the proleptic Gregorian calendar, with years that begin in March so
 * that the leap day is the last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
static int64_t days_from_date(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_from_days(int64_t days, int *y, int *m, int *d)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

static void put_digits(char *out, int64_t value, int digits)
{
	while (digits-- > 0) {
		out[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* A year has four digits: what lies outside becomes the first or the last moment that has. */
void clock_iso(int64_t wall_us, char out[CLOCK_ISO_LEN + 1])
{
	int64_t days = wall_us / US_PER_DAY, us = wall_us % US_PER_DAY;
	int y, m, d;

	if (us < 0) {
		us += US_PER_DAY;
		days--;
	}
	if (days < DAYS_MIN) {
		days = DAYS_MIN;
		us = 0;
	} else if (days > DAYS_MAX) {
		days = DAYS_MAX;
		us = US_PER_DAY - 1;
	}
	date_from_days(days, &y, &m, &d);
	snprintf(out, CLOCK_ISO_LEN + 1, "0000-00-00T00:00:00.000000Z");
	put_digits(out, y, 4);
	put_digits(out + 5, m, 2);
	put_digits(out + 8, d, 2);
	put_digits(out + 11, us / US_PER_S / 3600, 2);
	put_digits(out + 14, us / US_PER_S / 60 % 60, 2);
	put_digits(out + 17, us / US_PER_S % 60, 2);
	put_digits(out + 20, us % US_PER_S, 6);
}

/* Exactly `digits` digits, then the byte `after` (0: nothing); moves on. */
static bool take_digits(const char **p, const char *end, int digits, char after, int *out)
{
	int v = 0;

	if (end - *p < digits + (after != 0))
		return false;
	for (int i = 0; i < digits; i++) {
		unsigned c = (unsigned char)(*p)[i] - '0';

		if (c > 9)
			return false;
		v = v * 10 + (int)c;
	}
	if (after && (*p)[digits] != after)
		return false;
	*p += digits + (after != 0);
	*out = v;
	return true;
}

static bool date_valid(int y, int m, int d)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

/* ".123", ".123456" or nothing. */
static bool take_fraction(const char **p, const char *end, int *us)
{
	*us = 0;
	if (*p == end || **p != '.')
		return true;
	++*p;
	if (take_digits(p, end, 6, 0, us))
		return true;
	if (!take_digits(p, end, 3, 0, us))
		return false;
	*us *= 1000;
	return true;
}

static bool at_zone(const char *p, const char *end)
{
	static const char zero[] = "+00:00";

	if (p == end || (end - p == 1 && *p == 'Z'))
		return true;
	return (size_t)(end - p) == sizeof(zero) - 1 && !memcmp(p, zero, sizeof(zero) - 1);
}

int clock_iso_parse(const char *s, size_t n, int64_t *wall_us)
{
	const char *p = s, *end = s + n;
	int y, mon, d, h, min, sec, us;
	int64_t t;

	if (!take_digits(&p, end, 4, '-', &y) || !take_digits(&p, end, 2, '-', &mon) ||
		!take_digits(&p, end, 2, 'T', &d) || !take_digits(&p, end, 2, ':', &h) ||
		!take_digits(&p, end, 2, ':', &min) || !take_digits(&p, end, 2, 0, &sec) ||
		!take_fraction(&p, end, &us) || !at_zone(p, end))
		return -EINVAL;
	if (!date_valid(y, mon, d) || h > 23 || min > 59 || sec > 59)
		return -EINVAL;
	t = days_from_date(y, mon, d) * 86400 + h * 3600 + min * 60 + sec;
	*wall_us = t * US_PER_S + us;
	return 0;
}
