/* Looking into JSON text by a path. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "client/lib/ragchat.h"

#define exported __attribute__((visibility("default")))
#define JSON_DEPTH 64

static bool enter_list(struct json *j, const char *step)
{
	int64_t at;

	if (str_int(step, 0, INT32_MAX, &at) != 0 || !json_array(j))
		return false;
	while (json_item(j))
		if (at-- == 0)
			return true;
	return false;
}

static bool enter_step(struct json *j, const char *step)
{
	struct json_slice key;

	if (json_peek(j) == JSON_ARRAY)
		return enter_list(j, step);
	if (!json_object(j))
		return false;
	while (json_key(j, &key))
		if (json_slice_is(&key, step))
			return true;
	return false;
}

/* True: a value stands ahead. An empty path is the whole. */
static bool go(struct json *j, const char *json, const char *path)
{
	bool found = json != NULL;

	json_init(j, json ? json : "", json ? strlen(json) : 0, JSON_DEPTH);
	while (found && path && *path) {
		size_t n = strcspn(path, ".");
		char *step = mem_ndup(path, n);

		found = enter_step(j, step);
		mem_free(step);
		path += n + (path[n] == '.');
	}
	return found && json_peek(j) != JSON_NONE;
}

exported char *ragchat_text(const char *json, const char *path)
{
	struct json j;
	struct json_slice raw;

	if (!go(&j, json, path) || json_peek(&j) == JSON_NULL)
		return NULL;
	if (json_string(&j, &raw))
		return json_strdup(&raw, SIZE_MAX / 4);
	return json_raw(&j, &raw) ? strndup(raw.p, raw.n) : NULL;
}

exported int64_t ragchat_int(const char *json, const char *path, int64_t otherwise)
{
	struct json j;
	int64_t i;
	bool b;

	if (!go(&j, json, path))
		return otherwise;
	if (json_integer(&j, &i))
		return i;
	return json_bool(&j, &b) ? b : otherwise;
}

exported int64_t ragchat_count(const char *json, const char *path)
{
	struct json j;
	struct json_slice key;
	int64_t n = 0;

	if (!go(&j, json, path))
		return -1;
	if (json_array(&j))
		while (json_item(&j))
			n++;
	else if (json_object(&j))
		while (json_key(&j, &key))
			n++;
	else
		return -1;
	return n;
}
