/*
 * JSON (RFC 8259): a bounded pull reader over bytes in memory, and a writer into a buf.
 *
 * The reader allocates nothing and copies nothing: strings come as raw slices with their escapes,
 * json_unescape() decodes those that are wanted. It survives what real backends send: lone
 * surrogates, \u0000, invalid UTF-8, raw control bytes within strings, 1e400, 30-digit integers,
 * duplicate keys. It refuses: bad syntax, depth past the bound, truncated input, trailing garbage
 * (only json_end checks that).
 *
 *	struct json j;
 *	json_init(&j, s, n, 64);
 *	if (json_object(&j))
 *		while (json_key(&j, &key))          // key: raw slice
 *			if (json_slice_is(&key, "id")) json_string(&j, &id); else json_skip(&j);
 *	r = json_end(&j);                           // 0 or -EBADMSG
 *
 * Every value is consumed by exactly one of json_object/array/string/number/integer/bool/null/skip/raw.
 * A reader called on a value of another type consumes nothing and returns false without error;
 * json_peek() tells the type. A value that was left unread is skipped by the next json_key or
 * json_item, so a field of an unexpected type costs that field only. After a syntax error
 * everything returns false.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"

enum json_type { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json_slice {
	const char *p; /* into the input: a string's inside without quotes, or any value's bytes */
	size_t n;
	bool escaped;  /* holds a backslash */
};

struct json {
	const char *p, *end;
	unsigned depth, max_depth; /* at most 512 */
	bool failed;
	uint8_t state;             /* private: what may come next */
	uint64_t kinds[8];         /* private: bit per open level: set for an object */
};

void json_init(struct json *j, const char *s, size_t n, unsigned max_depth);
enum json_type json_peek(struct json *j);          /* type of the value ahead; JSON_NONE at the end or after an error */
bool json_object(struct json *j);                  /* enter */
bool json_key(struct json *j, struct json_slice *key); /* next key, or false: the object is left (or failed) */
bool json_array(struct json *j);                   /* enter */
bool json_item(struct json *j);                    /* true: a value follows; false: the array is left (or failed) */
bool json_string(struct json *j, struct json_slice *raw);
bool json_number(struct json *j, double *value);   /* out of range: +-HUGE_VAL */
bool json_integer(struct json *j, int64_t *value); /* a number, truncated and clamped to int64 */
bool json_bool(struct json *j, bool *value);
bool json_null(struct json *j);
bool json_skip(struct json *j);                    /* any value */
bool json_raw(struct json *j, struct json_slice *raw); /* any value, as its bytes */
int json_end(const struct json *j);                /* 0: whole, sane, only white space left; -EBADMSG */

bool json_slice_is_decoded(const struct json_slice *s, const char *text);
/* Compares decoded. Inline, so that the length of a literal is known where it is compared. */
static inline bool json_slice_is(const struct json_slice *s, const char *text)
{
	size_t n = strlen(text);

	if (s->escaped)
		return json_slice_is_decoded(s, text);
	return s->n == n && !memcmp(s->p, text, n);
}
/*
 * Append the decoded string as clean UTF-8: \u0000, invalid bytes and lone surrogates become U+FFFD.
 * `high`, when not NULL, carries a high surrogate that ended the last string: it is joined with a low
 * one that begins this string, and one that ends this string is held back in it instead of U+FFFD.
 * Start with 0; when the stream ends and it is not 0, append U+FFFD.
 */
int json_unescape(const struct json_slice *s, struct buf *out, uint16_t *high);
/* Decoded copy, NUL-terminated, or NULL when longer than max bytes or out of memory. */
char *json_strdup(const struct json_slice *s, size_t max);

/* Writer. Commas and colons are placed by it; python_style writes ", " and ": " as Python's json.dumps does. */
struct json_out {
	struct buf *out;
	bool python_style;
	bool ascii;      /* non-ASCII as \uXXXX */
	bool first;      /* private */
	bool after_key;  /* private */
};
void json_out_init(struct json_out *w, struct buf *out);
void json_out_object(struct json_out *w);
void json_out_object_end(struct json_out *w);
void json_out_array(struct json_out *w);
void json_out_array_end(struct json_out *w);
void json_out_key(struct json_out *w, const char *key);
void json_out_string(struct json_out *w, const char *s, size_t n); /* escapes controls, DEL, C1, U+2028/9, bidi controls, BOM; invalid UTF-8 -> U+FFFD */
void json_out_str(struct json_out *w, const char *s);              /* NULL writes null */
void json_out_int(struct json_out *w, int64_t v);
void json_out_double(struct json_out *w, double v);                /* shortest that reads back the same; not finite: null */
void json_out_bool(struct json_out *w, bool v);
void json_out_null(struct json_out *w);
void json_out_raw(struct json_out *w, const char *json, size_t n); /* a value already written */
