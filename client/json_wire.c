/* JSON to MessagePack, with nothing made up on the way. */
#include "client/json_wire.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/utf8.h"

#define INT_EXACT INT64_C(9007199254740991) /* 2^53-1: past it other languages round */

struct wire {
	struct pack *p;
	struct json j;
	struct buf text;
	const char *why;
};

static int refuse(struct wire *w, const char *why)
{
	if (!w->why)
		w->why = why;
	return -EINVAL;
}

/* ---- strings ---- */

static unsigned unit_of(const char *p)
{
	unsigned unit = 0;

	for (int i = 2; i < 6; i++) {
		const char c = p[i];

		unit = unit << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return unit;
}

static bool is_unit(const char *p, const char *end)
{
	return end - p >= 6 && p[0] == '\\' && p[1] == 'u';
}

/* The escape at p; the bytes used, or 0: it has no text. The reader has let only whole ones through. */
static size_t check_escape(const char *p, const char *end, const char **why)
{
	unsigned unit, low;

	if (!is_unit(p, end))
		return 2;
	unit = unit_of(p);
	if (!unit) {
		*why = "a text holds \\u0000";
		return 0;
	}
	if (unit < 0xD800 || unit > 0xDFFF)
		return 6;
	low = is_unit(p + 6, end) ? unit_of(p + 6) : 0;
	if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
		*why = "a text holds half a surrogate pair";
		return 0;
	}
	return 12;
}

bool json_wire_string(const struct json_slice *s, const char **why)
{
	const char *p = s->p, *end = s->p + s->n;

	if (!utf8_valid_no_nul(s->p, s->n)) {
		*why = memchr(s->p, '\0', s->n) ? "a text holds a NUL" : "a text is no valid UTF-8";
		return false;
	}
	while (p < end) {
		size_t n = 1;

		if ((unsigned char)*p < ' ') {
			*why = "a text holds a control character that is not escaped";
			return false;
		}
		if (*p == '\\')
			n = check_escape(p, end, why);
		if (!n)
			return false;
		p += n;
	}
	return true;
}

/* The decoded text in w->text. */
static int decode(struct wire *w, const struct json_slice *raw)
{
	const char *why = NULL;

	if (!json_wire_string(raw, &why))
		return refuse(w, why);
	buf_reset(&w->text);
	if (json_unescape(raw, &w->text, NULL) < 0)
		return refuse(w, "out of memory");
	return 0;
}

static int put_string(struct wire *w)
{
	struct json_slice raw;

	if (!json_string(&w->j, &raw))
		return refuse(w, "it is not valid JSON");
	if (decode(w, &raw))
		return -EINVAL;
	pack_str(w->p, buf_cstr(&w->text), w->text.len);
	return 0;
}

/* ---- base64 ---- */

static int sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* In place; the length, or -EINVAL. */
static ssize_t base64_decode(uint8_t *s, size_t n)
{
	size_t pad = 0, out = 0;
	uint32_t bits = 0;

	if (n % 4)
		return -EINVAL;
	while (pad < 2 && n && s[n - 1] == '=') {
		n--;
		pad++;
	}
	for (size_t i = 0; i < n; i++) {
		int v = sextet(s[i]);

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4)
			s[out++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	/* Bits behind the last byte would be lost without a word. */
	if (pad && bits & ((1u << 2 * pad) - 1))
		return -EINVAL;
	return (ssize_t)out;
}

static bool is_bin(const char *method, const struct json_slice *key)
{
	return !strcmp(method, "doc.chunk") && json_slice_is(key, "data");
}

static int put_bin(struct wire *w)
{
	struct json_slice raw;
	ssize_t n;

	if (!json_string(&w->j, &raw))
		return refuse(w, "data must be a text in base64");
	if (decode(w, &raw))
		return -EINVAL;
	n = base64_decode(w->text.data, w->text.len);
	if (n < 0)
		return refuse(w, "data is no base64 (RFC 4648, with its padding)");
	pack_bin(w->p, w->text.data, (size_t)n);
	return 0;
}

/* ---- values ---- */

static bool is_integral(const struct json_slice *raw)
{
	for (size_t i = 0; i < raw->n; i++)
		if (!(raw->p[i] >= '0' && raw->p[i] <= '9') && !(i == 0 && raw->p[i] == '-'))
			return false;
	return raw->n > 0;
}

static int put_number(struct wire *w)
{
	struct json look = w->j;
	struct json_slice raw;
	double d;
	int64_t i;

	if (!json_raw(&look, &raw))
		return refuse(w, "it is not valid JSON");
	if (is_integral(&raw)) {
		(void)json_integer(&w->j, &i);
		if (i > INT_EXACT || i < -INT_EXACT)
			return refuse(w, "an integer is past 2^53-1");
		pack_int(w->p, i);
		return 0;
	}
	if (!json_number(&w->j, &d) || !isfinite(d))
		return refuse(w, "a number is past what a float holds");
	pack_float(w->p, d);
	return 0;
}

static int put_value(struct wire *w);

static int put_object(struct wire *w, const char *method)
{
	struct json_slice key;

	while (json_key(&w->j, &key)) {
		int r;

		if (decode(w, &key))
			return -EINVAL;
		pack_key_n(w->p, buf_cstr(&w->text), w->text.len);
		r = is_bin(method, &key) && json_peek(&w->j) == JSON_STRING ? put_bin(w) : put_value(w);
		if (r)
			return r;
	}
	return w->j.failed ? refuse(w, "it is not valid JSON") : 0;
}

static int put_array(struct wire *w)
{
	while (json_item(&w->j))
		if (put_value(w))
			return -EINVAL;
	return w->j.failed ? refuse(w, "it is not valid JSON") : 0;
}

static int put_nest(struct wire *w, bool object)
{
	int r;

	if (!pack_levels(w->p))
		return refuse(w, "it is nested deeper than a message may be");
	if (!(object ? json_object(&w->j) : json_array(&w->j)))
		return refuse(w, "it is nested deeper than a message may be");
	if (object)
		pack_map(w->p);
	else
		pack_array(w->p);
	r = object ? put_object(w, "") : put_array(w);
	pack_close(w->p);
	return r;
}

static int put_value(struct wire *w)
{
	bool b;

	switch (json_peek(&w->j)) {
	case JSON_OBJECT:
		return put_nest(w, true);
	case JSON_ARRAY:
		return put_nest(w, false);
	case JSON_STRING:
		return put_string(w);
	case JSON_NUMBER:
		return put_number(w);
	case JSON_TRUE:
	case JSON_FALSE:
		if (!json_bool(&w->j, &b))
			break;
		pack_bool(w->p, b);
		return 0;
	case JSON_NULL:
		if (!json_null(&w->j))
			break;
		pack_nil(w->p);
		return 0;
	case JSON_NONE:
		break;
	}
	return refuse(w, "it is not valid JSON");
}

/* The one map, also when it comes in a list, as positional params do. */
static int put_params(struct wire *w, const char *method)
{
	int r;

	if (json_null(&w->j))
		return 0;
	if (json_object(&w->j))
		return put_object(w, method);
	if (!json_array(&w->j))
		return refuse(w, "params must be an object");
	if (!json_item(&w->j))
		return w->j.failed ? refuse(w, "it is not valid JSON") : 0;
	if (!json_object(&w->j))
		return refuse(w, "params must be one object");
	r = put_object(w, method);
	if (!r && json_item(&w->j))
		return refuse(w, "params must be one object");
	return r;
}

int json_wire_params(struct pack *p, const char *method, const char *params, size_t n, const char **why)
{
	struct wire w = { .p = p };
	int r = 0;

	*why = NULL;
	if (n) {
		json_init(&w.j, params, n, 64);
		r = put_params(&w, method);
		if (!r && json_end(&w.j))
			r = refuse(&w, "it is not valid JSON");
	}
	buf_wipe(&w.text); /* a password may have been in it */
	*why = w.why;
	return r;
}
