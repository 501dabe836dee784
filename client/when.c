/* Points in time as people give them. */
#include "client/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/str.h"

static int ago(const char *s, int64_t *us)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 }, { 'y', 365 * 86400 } };
	size_t n = strspn(s, "0123456789");
	char number[16];
	int64_t v;

	if (!n || n >= sizeof(number) || !s[n] || s[n + 1])
		return -EINVAL;
	memcpy(number, s, n);
	number[n] = '\0';
	for (size_t i = 0; i < array_len(units); i++)
		if (units[i].unit == s[n] && str_int(number, 0, INT32_MAX, &v) == 0) {
			*us = clock_wall_us() - v * units[i].seconds * 1000000;
			return 0;
		}
	return -EINVAL;
}

int when_parse(const char *s, int64_t *us)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S" };

	if (ago(s, us) == 0)
		return 0;
	for (size_t i = 0; i < array_len(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(s, forms[i], &tm);

		if (!end || *end)
			continue;
		*us = (int64_t)mktime(&tm) * 1000000;
		return 0;
	}
	return clock_iso_parse(s, strlen(s), us); /* as in results, UTC */
}
