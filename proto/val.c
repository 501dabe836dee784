/* Views of msgpack-c's objects: all that the rest of the project sees of them. */
#include "proto/val.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <msgpack.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/limits.h"

static const struct val absent;

static const msgpack_object *obj(struct val v)
{
	return v.o;
}

enum val_type val_type(struct val v)
{
	if (!v.o)
		return VAL_NONE;
	switch (obj(v)->type) {
	case MSGPACK_OBJECT_NIL:
		return VAL_NIL;
	case MSGPACK_OBJECT_BOOLEAN:
		return VAL_BOOL;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return VAL_INT;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		return VAL_FLOAT;
	case MSGPACK_OBJECT_STR:
		return VAL_STR;
	case MSGPACK_OBJECT_BIN:
		return VAL_BIN;
	case MSGPACK_OBJECT_ARRAY:
		return VAL_ARRAY;
	case MSGPACK_OBJECT_MAP:
		return VAL_MAP;
	case MSGPACK_OBJECT_EXT: /* the scanner lets none through */
		break;
	}
	return VAL_NONE;
}

struct val val_get(struct val map, const char *key)
{
	if (val_type(map) != VAL_MAP)
		return absent;
	for (uint32_t i = 0; i < obj(map)->via.map.size; i++) {
		const msgpack_object_kv *kv = &obj(map)->via.map.ptr[i];

		if (val_str_is((struct val){ &kv->key }, key))
			return (struct val){ &kv->val };
	}
	return absent;
}

size_t val_count(struct val v)
{
	switch (val_type(v)) {
	case VAL_ARRAY:
		return obj(v)->via.array.size;
	case VAL_MAP:
		return obj(v)->via.map.size;
	default:
		return 0;
	}
}

struct val val_at(struct val v, size_t i)
{
	if (i >= val_count(v))
		return absent;
	if (val_type(v) == VAL_MAP)
		return (struct val){ &obj(v)->via.map.ptr[i].val };
	return (struct val){ &obj(v)->via.array.ptr[i] };
}

struct val val_key_at(struct val map, size_t i)
{
	if (val_type(map) != VAL_MAP || i >= val_count(map))
		return absent;
	return (struct val){ &obj(map)->via.map.ptr[i].key };
}

bool val_str(struct val v, const char **s, size_t *n)
{
	if (val_type(v) != VAL_STR)
		return false;
	*s = obj(v)->via.str.ptr;
	*n = obj(v)->via.str.size;
	return true;
}

bool val_bin(struct val v, const void **p, size_t *n)
{
	if (val_type(v) != VAL_BIN)
		return false;
	*p = obj(v)->via.bin.ptr;
	*n = obj(v)->via.bin.size;
	return true;
}

bool val_int(struct val v, int64_t *i)
{
	if (val_type(v) != VAL_INT)
		return false;
	if (obj(v)->type == MSGPACK_OBJECT_POSITIVE_INTEGER && obj(v)->via.u64 > INT64_MAX)
		return false;
	*i = obj(v)->via.i64;
	return true;
}

bool val_uint(struct val v, uint64_t *i)
{
	if (val_type(v) != VAL_INT || obj(v)->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
		return false;
	*i = obj(v)->via.u64;
	return true;
}

bool val_bool(struct val v, bool *b)
{
	if (val_type(v) != VAL_BOOL)
		return false;
	*b = obj(v)->via.boolean;
	return true;
}

bool val_float(struct val v, double *d)
{
	switch (val_type(v)) {
	case VAL_FLOAT:
		*d = obj(v)->via.f64;
		return true;
	case VAL_INT:
		*d = obj(v)->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? (double)obj(v)->via.u64
								     : (double)obj(v)->via.i64;
		return true;
	default:
		return false;
	}
}

bool val_str_is(struct val v, const char *s)
{
	const char *have;
	size_t n;

	return val_str(v, &have, &n) && n == strlen(s) && !memcmp(have, s, n);
}

int64_t val_get_int(struct val map, const char *key, int64_t dflt)
{
	int64_t i;

	return val_int(val_get(map, key), &i) ? i : dflt;
}

bool val_get_bool(struct val map, const char *key, bool dflt)
{
	bool b;

	return val_bool(val_get(map, key), &b) ? b : dflt;
}

double val_get_float(struct val map, const char *key, double dflt)
{
	double d;

	return val_float(val_get(map, key), &d) ? d : dflt;
}

bool val_get_str(struct val map, const char *key, const char **s, size_t *n)
{
	return val_str(val_get(map, key), s, n);
}

char *val_get_text(struct val map, const char *key)
{
	const char *s;
	size_t n;

	return val_get_str(map, key, &s, &n) ? mem_try_dup(s, n) : NULL;
}

/* RFC 4648 section 4, as a JSON string. Its alphabet needs no escapes. */
static void bin_to_json(const uint8_t *p, size_t n, struct json_out *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf text;

	buf_init(&text, 0);
	buf_add_byte(&text, '"');
	for (size_t i = 0; i < n; i += 3) {
		const size_t have = n - i < 3 ? n - i : 3;
		const uint32_t three = (uint32_t)p[i] << 16 |
				       (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
				       (have > 2 ? p[i + 2] : 0);
		const char four[4] = { digits[three >> 18], digits[three >> 12 & 63],
			have > 1 ? digits[three >> 6 & 63] : '=',
			have > 2 ? digits[three & 63] : '=' };

		buf_add(&text, four, sizeof(four));
	}
	buf_add_byte(&text, '"');
	if (text.failed)
		out->out->failed = true;
	else
		json_out_raw(out, (const char *)text.data, text.len);
	buf_fini(&text);
}

static void int_to_json(struct val v, struct json_out *out)
{
	char digits[24];
	uint64_t u;
	int64_t i;

	if (val_int(v, &i)) {
		json_out_int(out, i);
	} else if (val_uint(v, &u)) {
		snprintf(digits, sizeof(digits), "%" PRIu64, u);
		json_out_raw(out, digits, strlen(digits));
	}
}

/* A float stays one when it is read again: 1.0 is not written as 1. */
static void float_to_json(double d, struct json_out *out)
{
	const size_t at = out->out->len;

	json_out_double(out, d);
	if (d - d != 0 || out->out->failed) /* not finite was written as null */
		return;
	for (size_t i = at; i < out->out->len; i++)
		if (strchr(".eE", out->out->data[i]))
			return;
	buf_add_str(out->out, ".0");
}

/* False: the pair is left out, its key is no str. */
static bool key_to_json(struct val key, struct json_out *out)
{
	char small[128], *text = small;
	const char *s;
	size_t n;

	if (!val_str(key, &s, &n))
		return false;
	if (n >= sizeof(small)) {
		text = mem_try(n + 1);
		if (!text) {
			out->out->failed = true;
			return false;
		}
	}
	memcpy(text, s, n);
	text[n] = '\0';
	json_out_key(out, text);
	if (text != small)
		mem_free(text);
	return true;
}

static void map_to_json(struct val v, struct json_out *out)
{
	json_out_object(out);
	for (size_t i = 0; i < val_count(v); i++)
		if (key_to_json(val_key_at(v, i), out))
			val_to_json(val_at(v, i), out);
	json_out_object_end(out);
}

void val_to_json(struct val v, struct json_out *out)
{
	const void *p;
	const char *s;
	size_t n;

	switch (val_type(v)) {
	case VAL_NONE:
	case VAL_NIL:
		json_out_null(out);
		break;
	case VAL_BOOL:
		json_out_bool(out, obj(v)->via.boolean);
		break;
	case VAL_INT:
		int_to_json(v, out);
		break;
	case VAL_FLOAT:
		float_to_json(obj(v)->via.f64, out);
		break;
	case VAL_STR:
		if (val_str(v, &s, &n))
			json_out_string(out, s, n);
		break;
	case VAL_BIN:
		if (val_bin(v, &p, &n))
			bin_to_json(p, n, out);
		break;
	case VAL_ARRAY:
		json_out_array(out);
		for (size_t i = 0; i < val_count(v); i++)
			val_to_json(val_at(v, i), out);
		json_out_array_end(out);
		break;
	case VAL_MAP:
		map_to_json(v, out);
		break;
	}
}

char *val_json(struct val v)
{
	struct json_out w;
	struct buf b;

	if (!val_present(v))
		return NULL;
	buf_init(&b, LIMIT_FRAME);
	json_out_init(&w, &b);
	val_to_json(v, &w);
	return buf_steal(&b, NULL);
}
