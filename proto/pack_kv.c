/* A key and its value in one call. */
#include "proto/pack.h"

void pack_kv_text(struct pack *p, const char *key, const char *s)
{
	pack_key(p, key);
	pack_text(p, s);
}

void pack_kv_text_opt(struct pack *p, const char *key, const char *s)
{
	if (s)
		pack_kv_text(p, key, s);
}

void pack_kv_str(struct pack *p, const char *key, const char *s, size_t n)
{
	pack_key(p, key);
	pack_str(p, s, n);
}

void pack_kv_int(struct pack *p, const char *key, int64_t v)
{
	pack_key(p, key);
	pack_int(p, v);
}

void pack_kv_int_opt(struct pack *p, const char *key, int64_t v)
{
	if (v >= 0)
		pack_kv_int(p, key, v);
}

void pack_kv_bool(struct pack *p, const char *key, bool v)
{
	pack_key(p, key);
	pack_bool(p, v);
}

void pack_kv_float(struct pack *p, const char *key, double v)
{
	pack_key(p, key);
	pack_float(p, v);
}
