/* Private to the JSON reader: the two tokens that need looking into, strings and numbers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/json.h"

struct json_number {
	const char *digits; /* of the integer part, one or more */
	const char *fraction;
	size_t ndigits, nfraction;
	int64_t exponent; /* clamped to +-JSON_EXPONENT_MAX */
	bool negative;
};

#define JSON_EXPONENT_MAX (INT64_C(1) << 40) /* more than the bytes any input has */

/* *p stands on the opening quote, and past the closing one afterwards. False: no string. */
bool json_scan_string(const char **p, const char *end, struct json_slice *raw);
/* *p stands on a minus or a digit. False: not a number. */
bool json_scan_number(const char **p, const char *end, struct json_number *number);
double json_number_double(const struct json_number *number);
int64_t json_number_int(const struct json_number *number); /* truncated, clamped */
