/* Whole values copied into a frame: decoded ones, and JSON. */
#include "proto/pack.h"

#include "common/json.h"

static void copy_nest(struct pack *p, struct val v, bool map)
{
	const char *key;
	size_t n;

	if (!pack_levels(p)) {
		pack_nil(p);
		return;
	}
	if (map)
		pack_map(p);
	else
		pack_array(p);
	for (size_t i = 0; i < val_count(v) && !p->r; i++) {
		if (map && !val_str(val_key_at(v, i), &key, &n))
			continue; /* a key of another type is no key here */
		if (map)
			pack_key_n(p, key, n);
		pack_val(p, val_at(v, i));
	}
	pack_close(p);
}

static void copy_number(struct pack *p, struct val v)
{
	uint64_t u;
	int64_t i;
	double d;

	if (val_int(v, &i))
		pack_int(p, i);
	else if (val_uint(v, &u))
		pack_uint(p, u);
	else if (val_float(v, &d))
		pack_float(p, d);
}

void pack_val(struct pack *p, struct val v)
{
	const void *data;
	const char *s;
	size_t n;
	bool b;

	switch (val_type(v)) {
	case VAL_MAP:
	case VAL_ARRAY:
		copy_nest(p, v, val_type(v) == VAL_MAP);
		break;
	case VAL_STR:
		if (val_str(v, &s, &n))
			pack_str(p, s, n);
		break;
	case VAL_BIN:
		if (val_bin(v, &data, &n))
			pack_bin(p, data, n);
		break;
	case VAL_INT:
	case VAL_FLOAT:
		copy_number(p, v);
		break;
	case VAL_BOOL:
		if (val_bool(v, &b))
			pack_bool(p, b);
		break;
	case VAL_NIL:
	case VAL_NONE:
		pack_nil(p);
		break;
	}
}

/* "12", "-3": digits only, their size in *u. False: "1.5", "1e3", "-0", or past 64 bits. */
static bool integral(const struct json_slice *raw, bool *negative, uint64_t *u)
{
	size_t i;

	*negative = raw->n && raw->p[0] == '-';
	*u = 0;
	for (i = *negative; i < raw->n; i++) {
		const unsigned digit = (unsigned)(raw->p[i] - '0');

		if (digit > 9 || *u > (UINT64_MAX - digit) / 10)
			return false;
		*u = *u * 10 + digit;
	}
	if (*negative)
		return *u && *u <= (uint64_t)1 << 63;
	return raw->n > 0;
}

static void json_number_copy(struct pack *p, struct json *j)
{
	struct json look = *j;
	struct json_slice raw;
	bool negative;
	uint64_t u;
	double d;

	if (json_raw(&look, &raw) && integral(&raw, &negative, &u)) {
		if (negative)
			pack_int(p, (int64_t)(0 - u));
		else
			pack_uint(p, u);
		*j = look;
	} else if (json_number(j, &d)) {
		pack_float(p, d);
	}
}

/* The slice's text in out: valid UTF-8 without NUL. False: no memory; the frame is lost. */
static bool decoded(struct pack *p, const struct json_slice *raw, struct buf *text)
{
	buf_reset(text);
	if (!p->r)
		p->r = json_unescape(raw, text, NULL);
	p->out->failed |= p->r != 0 && text->failed;
	return !p->r;
}

static void json_copy(struct pack *p, struct json *j, struct buf *text);

static void json_object_copy(struct pack *p, struct json *j, struct buf *text)
{
	struct json_slice key;

	if (!json_object(j))
		return;
	pack_map(p);
	while (!p->r && json_key(j, &key)) {
		if (!decoded(p, &key, text))
			return;
		pack_key_n(p, buf_cstr(text), text->len);
		json_copy(p, j, text);
	}
	pack_close(p);
}

static void json_array_copy(struct pack *p, struct json *j, struct buf *text)
{
	if (!json_array(j))
		return;
	pack_array(p);
	while (!p->r && json_item(j))
		json_copy(p, j, text);
	pack_close(p);
}

/* One value of a text that is known to be valid; as deep as pack_levels() allowed. */
static void json_copy(struct pack *p, struct json *j, struct buf *text)
{
	struct json_slice raw;
	bool b;

	switch (json_peek(j)) {
	case JSON_OBJECT:
		json_object_copy(p, j, text);
		break;
	case JSON_ARRAY:
		json_array_copy(p, j, text);
		break;
	case JSON_STRING:
		if (json_string(j, &raw) && decoded(p, &raw, text))
			pack_str(p, buf_cstr(text), text->len);
		break;
	case JSON_NUMBER:
		json_number_copy(p, j);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		if (json_bool(j, &b))
			pack_bool(p, b);
		break;
	case JSON_NULL:
		if (json_null(j))
			pack_nil(p);
		break;
	case JSON_NONE:
		break;
	}
}

void pack_json(struct pack *p, const char *json, size_t n)
{
	const unsigned levels = pack_levels(p);
	struct json j;
	struct buf text;

	/* Read once in vain, so that the copy cannot stop half-way in an open map. */
	json_init(&j, json, n, levels);
	if (!n || !json_skip(&j) || json_end(&j)) {
		pack_nil(p);
		return;
	}
	buf_init(&text, 0);
	json_init(&j, json, n, levels);
	json_copy(p, &j, &text);
	buf_fini(&text);
}
