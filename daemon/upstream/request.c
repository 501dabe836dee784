/* Requests. A request's own options lie over the configured ones, and both over what is sent
 * anyway. */
#include "daemon/upstream/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/mem.h"

#ifndef RAGCHAT_VERSION
#define RAGCHAT_VERSION "0"
#endif

#define OPTIONS_MAX 64
#define NAME_MAX_BYTES 256
#define DEPTH 64

/* Keys laid over the body. The value is JSON as it will be written. */
struct overlay {
	struct {
		char *name, *value;
	} v[OPTIONS_MAX];
	size_t n;
};

static void overlay_fini(struct overlay *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].name);
		free(o->v[i].value);
	}
}

/* Both are taken. The conversation itself is no option. */
static int overlay_set(struct overlay *o, char *name, char *value)
{
	size_t i = 0;

	while (name && i < o->n && strcmp(o->v[i].name, name))
		i++;
	if (!name || !value || !*name || !strcmp(name, "messages") || i == OPTIONS_MAX) {
		free(name);
		free(value);
		return -EINVAL;
	}
	if (i < o->n) {
		free(o->v[i].name);
		free(o->v[i].value);
	} else {
		o->n++;
	}
	o->v[i].name = name;
	o->v[i].value = value;
	return 0;
}

static const char *overlay_get(const struct overlay *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (!strcmp(o->v[i].name, name))
			return o->v[i].value;
	return NULL;
}

/* "0.2", "true", "[1]" as they are; any other text as a string. */
static char *as_json(const char *text)
{
	struct json j;
	struct buf out = { 0 };
	struct json_out w;

	json_init(&j, text, strlen(text), DEPTH);
	if (*text && json_skip(&j) && json_end(&j) == 0)
		return mem_dup(text);
	json_out_init(&w, &out);
	json_out_string(&w, text, strlen(text));
	return buf_steal(&out, NULL);
}

static int add_configured(struct overlay *o, const struct upstream_config *c)
{
	for (size_t i = 0; i < c->noptions; i++) {
		const char *equal = strchr(c->options[i], '=');

		if (!equal ||
			overlay_set(o, mem_ndup(c->options[i], (size_t)(equal - c->options[i])),
				as_json(equal + 1)) < 0)
			return -EINVAL;
	}
	return 0;
}

static int add_given(struct overlay *o, const char *options)
{
	struct json_slice key, raw;
	struct json j;

	if (!options || !*options)
		return 0;
	json_init(&j, options, strlen(options), DEPTH);
	if (!json_object(&j))
		return -EINVAL;
	while (json_key(&j, &key)) {
		if (!json_raw(&j, &raw))
			return -EINVAL;
		if (overlay_set(o, json_strdup(&key, NAME_MAX_BYTES), mem_ndup(raw.p, raw.n)) < 0)
			return -EINVAL;
	}
	return json_end(&j) < 0 ? -EINVAL : 0;
}

static void write_messages(struct json_out *w, const struct chat_request *req)
{
	json_out_key(w, "messages");
	json_out_array(w);
	for (size_t i = 0; i < req->nmessages; i++) {
		json_out_object(w);
		json_out_key(w, "role");
		json_out_str(w, req->messages[i].role);
		json_out_key(w, "content");
		json_out_string(
			w, req->messages[i].text ? req->messages[i].text : "", req->messages[i].n);
		json_out_object_end(w);
	}
	json_out_array_end(w);
}

static void write_body(struct json_out *w, const struct settings *s, const struct chat_request *req,
	const struct overlay *o)
{
	const char *model = req->model ? req->model : s->config.model,
		   *stream = overlay_get(o, "stream");

	json_out_object(w);
	if (!overlay_get(o, "model")) {
		json_out_key(w, "model");
		json_out_str(w, model && *model ? model : "default");
	}
	write_messages(w, req);
	if (!stream) {
		json_out_key(w, "stream");
		json_out_bool(w, true);
	}
	/* Servers refuse stream_options where nothing is streamed. */
	if (s->config.include_usage && !overlay_get(o, "stream_options") &&
		!(stream && !strcmp(stream, "false"))) {
		json_out_key(w, "stream_options");
		json_out_raw(w, "{\"include_usage\":true}", strlen("{\"include_usage\":true}"));
	}
	for (size_t i = 0; i < o->n; i++) {
		json_out_key(w, o->v[i].name);
		json_out_raw(w, o->v[i].value, strlen(o->v[i].value));
	}
	json_out_object_end(w);
}

int request_body(const struct settings *s, const struct chat_request *req, struct buf *out)
{
	struct overlay o = { .n = 0 };
	struct json_out w;
	int r = add_configured(&o, &s->config);

	if (r == 0)
		r = add_given(&o, req->options);
	if (r == 0) {
		json_out_init(&w, out);
		write_body(&w, s, req, &o);
		r = out->failed ? -ENOMEM : 0;
	}
	overlay_fini(&o);
	return r;
}

static bool header_named(const char *header, const char *name)
{
	size_t n = strlen(name);

	return !strncasecmp(header, name, n) && header[n] == ':';
}

static bool has_header(const struct upstream_config *c, const char *name)
{
	for (size_t i = 0; i < c->nheaders; i++)
		if (header_named(c->headers[i], name))
			return true;
	return false;
}

static bool add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (!longer)
		return false;
	*list = longer;
	return true;
}

struct curl_slist *request_headers(const struct settings *s, enum request_kind kind)
{
	const struct upstream_config *c = &s->config;
	struct curl_slist *list = NULL;
	bool ok = true;

	if (kind == REQUEST_CHAT || kind == REQUEST_EMBED) {
		ok = has_header(c, "Content-Type") ||
		     add_header(&list, "Content-Type: application/json");
		ok = ok && add_header(&list,
				   "Expect:"); /* the body is not worth a round trip of its own */
	}
	if (ok && !has_header(c, "Accept"))
		ok = add_header(&list, kind == REQUEST_CHAT
					       ? "Accept: text/event-stream, application/json"
					       : "Accept: application/json");
	if (ok && !has_header(c, "User-Agent"))
		ok = add_header(&list, "User-Agent: ragchat/" RAGCHAT_VERSION);
	if (ok && c->key && !has_header(c, "Authorization")) {
		char *bearer = mem_printf("Authorization: Bearer %s", c->key);

		ok = add_header(&list, bearer);
		mem_wipe(bearer, strlen(bearer));
	}
	for (size_t i = 0; ok && i < c->nheaders; i++)
		/* A form has its own Content-Type, with the boundary. */
		if (kind == REQUEST_CHAT || kind == REQUEST_EMBED || !header_named(c->headers[i], "Content-Type"))
			ok = add_header(&list, c->headers[i]);
	if (ok)
		return list;
	request_headers_free(list);
	return NULL;
}

void request_headers_free(struct curl_slist *list)
{
	for (struct curl_slist *it = list; it; it = it->next)
		explicit_bzero(it->data, strlen(it->data));
	curl_slist_free_all(list);
}

/* A header whose value may be a secret. */
static bool is_secret(const char *header)
{
	static const char *const words[] = { "auth", "key", "token", "secret", "cookie", "password",
		"credential" };
	size_t n = strcspn(header, ":");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (size_t at = 0; at + strlen(words[i]) <= n; at++)
			if (!strncasecmp(header + at, words[i], strlen(words[i])))
				return true;
	return false;
}

static void describe_headers(struct json_out *w, const struct settings *s)
{
	struct curl_slist *list = request_headers(s, REQUEST_CHAT);

	json_out_key(w, "headers");
	json_out_array(w);
	for (struct curl_slist *it = list; it; it = it->next) {
		size_t n = strcspn(it->data, ":");

		if (!it->data[n] || !it->data[n + 1])
			continue; /* "Expect:" only takes something away */
		if (is_secret(it->data)) {
			bool bearer = !strncasecmp(it->data + n, ": Bearer ", 9);
			char *masked = mem_printf(
				"%.*s: %s****", (int)n, it->data, bearer ? "Bearer " : "");

			json_out_str(w, masked);
			free(masked);
		} else {
			json_out_str(w, it->data);
		}
	}
	json_out_array_end(w);
	request_headers_free(list);
}

char *request_describe(const struct settings *s, const struct chat_request *req)
{
	struct buf body = { 0 }, out = { 0 };
	struct json_out w;
	char *url;

	if (request_body(s, req, &body) < 0) {
		buf_fini(&body);
		return NULL;
	}
	url = settings_request_url(s, "/v1/chat/completions");
	json_out_init(&w, &out);
	json_out_object(&w);
	json_out_key(&w, "method");
	json_out_str(&w, "POST");
	json_out_key(&w, "url");
	json_out_str(&w, url);
	if (s->unix_path) {
		json_out_key(&w, "unix_socket");
		json_out_str(&w, s->unix_path);
	}
	describe_headers(&w, s);
	json_out_key(&w, "body");
	json_out_raw(&w, buf_cstr(&body), body.len);
	json_out_object_end(&w);
	free(url);
	buf_fini(&body);
	return buf_steal(&out, NULL);
}
