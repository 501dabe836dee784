/*
 * Read-only views of decoded MessagePack values. A val points into a frame's zone and dies with
 * it (proto/msg.h). Every getter is total: a wrong type or a missing key gives the default, and
 * the val_is_* tell. No msgpack type shows here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_out;

struct val {
	const void *o; /* NULL: absent */
};

enum val_type { VAL_NONE, VAL_NIL, VAL_BOOL, VAL_INT, VAL_FLOAT, VAL_STR, VAL_BIN, VAL_ARRAY, VAL_MAP };

enum val_type val_type(struct val v);                    /* VAL_NONE: absent */
static inline bool val_present(struct val v)
{
	return v.o != NULL;
}
struct val val_get(struct val map, const char *key);     /* absent when there is no such str key; the first of duplicates */
size_t val_count(struct val v);                          /* elements of an array, pairs of a map, else 0 */
struct val val_at(struct val v, size_t i);               /* element of an array, value of a map's pair */
struct val val_key_at(struct val map, size_t i);
bool val_str(struct val v, const char **s, size_t *n);   /* str only; a view, no NUL at its end */
bool val_bin(struct val v, const void **p, size_t *n);
bool val_int(struct val v, int64_t *i);                  /* int within int64 */
bool val_uint(struct val v, uint64_t *i);                /* int of 0 and more */
bool val_bool(struct val v, bool *b);
bool val_float(struct val v, double *d);                 /* int or float */
bool val_str_is(struct val v, const char *s);
/* Shorthands on a map's key, with a default. val_text copies (caller frees), NULL when absent. */
int64_t val_get_int(struct val map, const char *key, int64_t dflt);
bool val_get_bool(struct val map, const char *key, bool dflt);
double val_get_float(struct val map, const char *key, double dflt);
bool val_get_str(struct val map, const char *key, const char **s, size_t *n);
char *val_get_text(struct val map, const char *key);
/* The value as JSON. bin becomes base64; depth is bounded by the scan. */
void val_to_json(struct val v, struct json_out *out);
char *val_json(struct val v); /* as a text of its own, of which LIMIT_FRAME is kept; NULL: absent; caller frees */
