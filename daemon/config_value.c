/* One option's text becomes its value: numbers with units, words of a choice, paths. */
#include "daemon/config_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"

#define VALUE_TEXT 32

static void size_text(int64_t v, char out[VALUE_TEXT])
{
	static const char units[] = { 0, 'k', 'M', 'G', 0 };
	unsigned u = 0;

	while (v && v % 1024 == 0 && units[u + 1]) {
		v /= 1024;
		u++;
	}
	snprintf(out, VALUE_TEXT, "%" PRId64 "%.1s", v, &units[u]);
}

static void time_text(int64_t ms, char out[VALUE_TEXT])
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" } };

	for (size_t i = 0; ms && i < array_len(units); i++) {
		if (ms % units[i].ms == 0) {
			snprintf(out, VALUE_TEXT, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
			return;
		}
	}
	snprintf(out, VALUE_TEXT, "%" PRId64 "%s", ms, ms ? "ms" : "");
}

static int fail_range(const struct config_reader *r, const struct option *o)
{
	char lo[VALUE_TEXT], hi[VALUE_TEXT];

	if (o->kind == KIND_TIME) {
		time_text(o->lo, lo);
		time_text(o->hi, hi);
	} else if (o->kind == KIND_SIZE) {
		size_text(o->lo, lo);
		size_text(o->hi, hi);
	} else {
		snprintf(lo, sizeof(lo), "%" PRId64, o->lo);
		snprintf(hi, sizeof(hi), "%" PRId64, o->hi);
	}
	return config_fail(r, r->now, "%s goes from %s to %s", o->name, lo, hi);
}

static int set_number(struct config_reader *r, const struct option *o, const char *text)
{
	static const char *const shapes[] = { [KIND_INT] = "a whole number",
		[KIND_SIZE] = "a size in bytes, as 65536, 64k, 16M or 1G",
		[KIND_TIME] = "a time, as 250ms, 30s, 5m or 2h" };
	int64_t v = 0;
	int res;

	if (o->kind == KIND_INT)
		res = str_int(text, o->lo, o->hi, &v);
	else if (o->kind == KIND_SIZE)
		res = str_size(text, o->hi, &v);
	else
		res = str_duration(text, &v);
	if (res == -ERANGE || (!res && (v < o->lo || v > o->hi)))
		return fail_range(r, o);
	if (res)
		return config_fail(
			r, r->now, "%s is %s, not '%.60s'", o->name, shapes[o->kind], text);
	*(int64_t *)config_member(r->c, o) = v;
	return 0;
}

static int set_bool(struct config_reader *r, const struct option *o, const char *text)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < array_len(words); i++) {
		if (str_eq_case(text, words[i])) {
			*(bool *)config_member(r->c, o) = i % 2;
			return 0;
		}
	}
	return config_fail(r, r->now, "%s is yes or no, not '%.60s'", o->name, text);
}

static int set_choice(struct config_reader *r, const struct option *o, const char *text)
{
	size_t n = strlen(text);
	int64_t i = 0;

	for (const char *word = o->type; *word; i++) {
		size_t len = strcspn(word, "|");

		if (len == n && !memcmp(word, text, n)) {
			*(int64_t *)config_member(r->c, o) = i;
			return 0;
		}
		word += len + (word[len] == '|');
	}
	return config_fail(r, r->now, "%s is one of %s, not '%.60s'", o->name, o->type, text);
}

/* "~/" is home; what does not begin with "/" begins in the configuration's folder. */
static char *whole_path(const struct config_reader *r, const char *text)
{
	char *path = path_expand(text), *whole;

	if (!path || *path == '/' || !r->dir)
		return path;
	whole = path_join(r->dir, path);
	free(path);
	return whole;
}

static int set_path(struct config_reader *r, const struct option *o, const char *text)
{
	char **member = config_member(r->c, o);
	char *path = *text ? whole_path(r, text) : NULL;
	size_t n = path ? strlen(path) : 0;

	free(*member);
	*member = path;
	if (o->hi && n > (size_t)o->hi)
		return config_fail(r, r->now,
			"%s has %zu bytes; the path of a Unix socket has at most %" PRId64, o->name,
			n, o->hi);
	return 0;
}

static void add_to_list(struct config_list *l, const char *text)
{
	l->v = reallocarray(l->v, l->n + 1, sizeof(*l->v));
	if (!l->v)
		abort();
	l->v[l->n++] = mem_dup(text);
}

static int set_text(struct config_reader *r, const struct option *o, const char *text)
{
	void *member = config_member(r->c, o);
	const char *bad = *text ? config_shape_complaint(o, text) : NULL;
	bool address = o == &config_table[OPT_backend] || o == &config_table[OPT_proxy];
	char **slot = member;

	if (bad)
		return config_fail(r, r->now, "%s%s %s", o->name, address ? ":" : "", bad);
	if (o->kind == KIND_LIST) {
		if (*text)
			add_to_list(member, text);
		return 0;
	}
	free(*slot);
	*slot = *text ? mem_dup(text) : NULL;
	if (!*slot && *o->dflt)
		*slot = mem_dup(o->dflt);
	return 0;
}

int config_value_set(struct config_reader *r, const struct option *o, const char *text)
{
	switch (o->kind) {
	case KIND_TEXT:
	case KIND_LIST:
		return set_text(r, o, text);
	case KIND_PATH:
		return set_path(r, o, text);
	default:
		break;
	}
	if (!*text)
		return config_fail(
			r, r->now, "%s has no value; the default is %s", o->name, o->dflt);
	if (o->kind == KIND_BOOL)
		return set_bool(r, o, text);
	if (o->kind == KIND_CHOICE)
		return set_choice(r, o, text);
	return set_number(r, o, text);
}
