/* Texts with a shape of their own: headers, sampling options, keys, log levels, addresses. */
#include "daemon/config_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_token_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool has_control(const char *s)
{
	for (; *s; s++) {
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	}
	return false;
}

static const char *header_complaint(const char *text)
{
	static const char *const ours[] = { "content-length", "transfer-encoding", "content-type",
		"connection", "host", "expect" };
	size_t n = 0;

	while (is_token_byte(text[n]))
		n++;
	if (!n || text[n] != ':')
		return "is not 'Name: value'";
	if (has_control(text + n))
		return "holds a control character";
	for (size_t i = 0; i < array_len(ours); i++) {
		if (n == strlen(ours[i]) && !strncasecmp(text, ours[i], n))
			return "sets a field that ragchatd sets itself; leave it out";
	}
	return NULL;
}

static const char *sampling_complaint(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == '-' ||
		text[n] == '.')
		n++;
	if (!n || text[n] != '=' || !text[n + 1])
		return "is not 'name=value', as in temperature=0.2";
	if ((n == 8 && !memcmp(text, "messages", 8)) || (n == 6 && !memcmp(text, "stream", 6)))
		return "sets a field that ragchatd sets itself; leave it out";
	return NULL;
}

static bool is_log_level(const char *s, size_t n)
{
	static const char *const levels[] = { "error", "warn", "info", "debug", "trace" };

	for (size_t i = 0; i < array_len(levels); i++) {
		if (strlen(levels[i]) == n && !memcmp(levels[i], s, n))
			return true;
	}
	return false;
}

static const char *log_complaint(const char *text)
{
	for (const char *s = text;; s++) {
		size_t n = strcspn(s, ","), tag = strcspn(s, "=,");

		if (tag < n ? !tag || !is_log_level(s + tag + 1, n - tag - 1) : !is_log_level(s, n))
			return "is a level (error, warn, info, debug, trace), then module=level "
			       "with commas "
			       "between, as in info,turn=debug";
		s += n;
		if (!*s)
			return NULL;
	}
}

const char *config_key_complaint(const char *key)
{
	if (!strncasecmp(key, "bearer ", 7))
		return "begins with 'Bearer'; give the key alone";
	for (const char *s = key; *s; s++) {
		if (*s <= ' ' || *s >= 0x7f)
			return "holds a blank or a character that no key has";
	}
	return NULL;
}

bool config_header_is_secret(const char *header)
{
	static const char *const words[] = { "authorization", "cookie", "key", "token", "secret" };
	char name[64];
	size_t n = strcspn(header, ":");

	n = min_of(n, sizeof(name) - 1);
	for (size_t i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)header[i]);
	name[n] = '\0';
	for (size_t i = 0; i < array_len(words); i++) {
		if (strstr(name, words[i]))
			return true;
	}
	return false;
}

static const char *proxy_complaint(const char *text)
{
	return strcmp(text, "none") ? proxy_url_complaint(text) : NULL;
}

static const char *backend_complaint(const char *text)
{
	char *url = NULL;
	const char *bad = strcmp(text, "default") && strcmp(text, "none")
				  ? backend_url_parse(text, &url)
				  : NULL;

	free(url);
	return bad;
}

const char *config_shape_complaint(const struct option *o, const char *text)
{
	switch ((enum option_id)(o - config_table)) {
	case OPT_api_key:
	case OPT_embeddings_key:
		return config_key_complaint(text);
	case OPT_backend:
		return backend_complaint(text);
	case OPT_embeddings:
		return *text ? backend_complaint(text) : NULL;
	case OPT_proxy:
		return proxy_complaint(text);
	case OPT_header:
		return header_complaint(text);
	case OPT_option:
		return sampling_complaint(text);
	case OPT_log:
		return log_complaint(text);
	case OPT_model:
	case OPT_embedding_model:
	case OPT_account:
		return has_control(text) ? "holds a control character" : NULL;
	default:
		return NULL;
	}
}
