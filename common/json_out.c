/*
 * JSON writer. It places commas and colons and never fails by itself: the buf remembers a refused
 * append. What a terminal would act on is escaped, so that its output may be shown as it is.
 */
#include "common/json.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

void json_out_init(struct json_out *w, struct buf *out)
{
	*w = (struct json_out){ .out = out, .first = true };
}

/* What belongs before a value: a comma, unless it is the first or stands after its key. */
static void before_value(struct json_out *w)
{
	if (!w->first && !w->after_key)
		buf_add_str(w->out, w->python_style ? ", " : ",");
	w->first = false;
	w->after_key = false;
}

static void open_level(struct json_out *w, char c)
{
	before_value(w);
	buf_add_byte(w->out, (uint8_t)c);
	w->first = true;
}

static void close_level(struct json_out *w, char c)
{
	buf_add_byte(w->out, (uint8_t)c);
	w->first = false;
}

void json_out_object(struct json_out *w)
{
	open_level(w, '{');
}

void json_out_object_end(struct json_out *w)
{
	close_level(w, '}');
}

void json_out_array(struct json_out *w)
{
	open_level(w, '[');
}

void json_out_array_end(struct json_out *w)
{
	close_level(w, ']');
}

static void add_escape_u(struct buf *out, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15],
		digits[unit >> 4 & 15], digits[unit & 15] };

	buf_add(out, text, sizeof(text));
}

static void add_escaped(struct buf *out, uint32_t cp)
{
	static const char values[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *value = cp && cp < 0x80 ? strchr(values, (int)cp) : NULL;

	if (value) {
		char text[2] = { '\\', names[value - values] };

		buf_add(out, text, sizeof(text));
	} else if (cp < 0x10000) {
		add_escape_u(out, cp);
	} else {
		add_escape_u(out, 0xD800 + ((cp - 0x10000) >> 10));
		add_escape_u(out, 0xDC00 + ((cp - 0x10000) & 0x3FF));
	}
}

/* The code point at s: its bytes in *n when it goes out as it is, else *n is 0. */
static int look_at(const struct json_out *w, const char *s, size_t left, uint32_t *cp, size_t *n)
{
	uint8_t c = (uint8_t)*s;
	int r;

	*n = 1;
	*cp = c;
	if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\')
		return 1;
	r = utf8_decode(s, left, cp);
	*n = r > 1 && !w->ascii && !utf8_is_control(*cp) ? (size_t)r : 0;
	return r;
}

static void add_string(struct json_out *w, const char *s, size_t n)
{
	size_t from = 0, at = 0;

	buf_add_byte(w->out, '"');
	while (at < n) {
		uint32_t cp;
		size_t plain;
		int r = look_at(w, s + at, n - at, &cp, &plain);

		if (!plain) {
			buf_add(w->out, s + from, at - from);
			from = at + (size_t)abs(r);
			if (r < 0 && !w->ascii)
				buf_add_str(w->out, "\xEF\xBF\xBD");
			else
				add_escaped(w->out, cp);
		}
		at += (size_t)abs(r);
	}
	buf_add(w->out, s + from, at - from);
	buf_add_byte(w->out, '"');
}

void json_out_key(struct json_out *w, const char *key)
{
	before_value(w);
	add_string(w, key, strlen(key));
	buf_add_str(w->out, w->python_style ? ": " : ":");
	w->after_key = true;
}

void json_out_string(struct json_out *w, const char *s, size_t n)
{
	before_value(w);
	add_string(w, s, n);
}

void json_out_str(struct json_out *w, const char *s)
{
	if (s)
		json_out_string(w, s, strlen(s));
	else
		json_out_null(w);
}

void json_out_raw(struct json_out *w, const char *json, size_t n)
{
	before_value(w);
	buf_add(w->out, json, n);
}

void json_out_int(struct json_out *w, int64_t v)
{
	before_value(w);
	buf_addf(w->out, "%" PRId64, v);
}

void json_out_bool(struct json_out *w, bool v)
{
	json_out_raw(w, v ? "true" : "false", v ? 4 : 5);
}

void json_out_null(struct json_out *w)
{
	json_out_raw(w, "null", 4);
}

/* A locale's decimal point, of however many bytes, becomes the one of JSON. */
static size_t use_point(char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		bool ours = (*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e';

		if (ours)
			text[n++] = *p;
		else if (n && text[n - 1] != '.')
			text[n++] = '.';
	}
	text[n] = '\0';
	return n;
}

void json_out_double(struct json_out *w, double v)
{
	/* 15 digits always survive a double, so no shorter form is missed but among subnormals. */
	int digits = fabs(v) < DBL_MIN ? 1 : DBL_DIG;
	int saved = errno;
	char text[40];

	if (!isfinite(v)) {
		json_out_null(w);
		return;
	}
	do {
		snprintf(text, sizeof(text), "%.*g", digits, v);
	} while (strtod(text, NULL) != v && ++digits <= DBL_DECIMAL_DIG);
	errno = saved;
	json_out_raw(w, text, use_point(text));
}
