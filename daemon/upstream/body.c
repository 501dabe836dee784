/* The JSON of a request, its headers, its address. */
#include "daemon/upstream/body.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static const char *const ours[] = { "messages", "stream", "stream_options", "model" };

static bool is_ours(const struct json_slice *key)
{
	for (size_t i = 0; i < array_len(ours) - 1; i++)
		if (json_slice_is(key, ours[i]))
			return true;
	return false;
}

/* The object has the key. */
static bool has_key(const char *object, const char *name)
{
	struct json_slice key;
	bool found = false;
	struct json j;

	if (!object)
		return false;
	json_init(&j, object, strlen(object), 64);
	if (json_object(&j))
		while (json_key(&j, &key)) {
			found |= json_slice_is(&key, name);
			json_skip(&j);
		}
	return found;
}

/* "0.2", "true", "[1]" as they are; anything else is a string. */
static void option_value(struct json_out *w, const char *value)
{
	struct json j;

	json_init(&j, value, strlen(value), 32);
	if (*value && json_skip(&j) && json_end(&j) == 0)
		json_out_raw(w, value, strlen(value));
	else
		json_out_string(w, value, strlen(value));
}

static void options_of_config(struct json_out *w, const struct upstream_config *config, const char *request)
{
	for (size_t i = 0; i < config->noptions; i++) {
		const char *eq = strchr(config->options[i], '=');
		char *name;

		if (!eq)
			continue;
		name = mem_ndup(config->options[i], (size_t)(eq - config->options[i]));
		str_trim(name);
		if (*name && !has_key(request, name)) {
			char *value = mem_dup(eq + 1);

			json_out_key(w, name);
			option_value(w, str_trim(value));
			mem_free(value);
		}
		mem_free(name);
	}
}

static void options_of_request(struct json_out *w, const char *options)
{
	struct json_slice key, value;
	struct json j;

	if (!options)
		return;
	json_init(&j, options, strlen(options), 64);
	if (!json_object(&j))
		return;
	while (json_key(&j, &key)) {
		char *name = json_strdup(&key, 256);

		if (name && !is_ours(&key) && !json_slice_is(&key, "model") && json_raw(&j, &value)) {
			json_out_key(w, name);
			json_out_raw(w, value.p, value.n);
		} else {
			json_skip(&j);
		}
		mem_free(name);
	}
}

void body_chat(struct buf *out, const struct upstream_config *config, const struct chat_request *req)
{
	const char *model = req->model ? req->model : config->model;
	struct json_out w;

	json_out_init(&w, out);
	json_out_object(&w);
	json_out_key(&w, "model");
	json_out_str(&w, model ? model : "default");
	json_out_key(&w, "messages");
	json_out_array(&w);
	for (size_t i = 0; i < req->nmessages; i++) {
		json_out_object(&w);
		json_out_key(&w, "role");
		json_out_str(&w, req->messages[i].role);
		json_out_key(&w, "content");
		json_out_string(&w, req->messages[i].text, req->messages[i].n);
		json_out_object_end(&w);
	}
	json_out_array_end(&w);
	json_out_key(&w, "stream");
	json_out_bool(&w, true);
	if (config->include_usage) {
		json_out_key(&w, "stream_options");
		json_out_object(&w);
		json_out_key(&w, "include_usage");
		json_out_bool(&w, true);
		json_out_object_end(&w);
	}
	options_of_config(&w, config, req->options);
	options_of_request(&w, req->options);
	json_out_object_end(&w);
}

static struct curl_slist *add(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = line ? curl_slist_append(list, line) : NULL;

	return longer ? longer : list;
}

struct curl_slist *body_headers(const struct upstream_config *config, bool json, bool mask)
{
	struct curl_slist *list = NULL;

	if (json) {
		list = add(list, "Content-Type: application/json");
		list = add(list, "Accept: text/event-stream, application/json");
		list = add(list, mask ? NULL : "Expect:"); /* curl would ask leave for bodies over 1 MiB, and some servers never answer */
	}
	if (config->key) {
		char *line = mem_printf("Authorization: Bearer %s", mask ? "****" : config->key);

		list = add(list, line);
		mem_wipe(line, strlen(line));
	}
	for (size_t i = 0; i < config->nheaders; i++)
		list = add(list, config->headers[i]);
	return list;
}

const char *body_unix_socket(const struct upstream_config *config)
{
	return str_starts(config->url, "unix:") ? config->url + 5 : NULL;
}

char *body_url(const struct upstream_config *config, const char *path)
{
	return mem_printf("%s%s", body_unix_socket(config) ? "http://localhost" : config->url, path);
}
