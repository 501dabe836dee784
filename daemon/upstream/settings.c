/* The configured address: checked and taken apart once, here. */
#include "daemon/upstream/settings.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/mem.h"
#include "common/str.h"

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			return true;
	return false;
}

/* Without trailing "/" and one "/v1": both spellings are usual. */
static void trim_base(char *base)
{
	size_t n = strlen(base);

	while (n && base[n - 1] == '/')
		base[--n] = '\0';
	if (n >= 3 && str_ends(base, "/v1"))
		base[n -= 3] = '\0';
	while (n && base[n - 1] == '/')
		base[--n] = '\0';
}

static int set_unix(struct settings *s, const char *url, char **why)
{
	const char *path = url + strlen("unix:");

	if (*path != '/') {
		*why = mem_printf("'%s' must be an absolute path: unix:/path/to/socket", url);
		return -EINVAL;
	}
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		*why = mem_printf("the socket's path is longer than the %zu bytes that a Unix "
				  "socket may have",
			sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
		return -EINVAL;
	}
	s->unix_path = mem_dup(path);
	s->host = mem_dup(path);
	s->base = mem_dup("http://localhost");
	s->query = mem_dup("");
	s->url = mem_dup(url);
	return 0;
}

static char *url_part(CURLU *u, CURLUPart part, unsigned flags)
{
	char *got = NULL, *copy;

	if (curl_url_get(u, part, &got, flags) != CURLUE_OK || !got)
		return NULL;
	copy = mem_dup(got);
	curl_free(got);
	return copy;
}

static void join_url(struct settings *s, CURLU *u)
{
	char *host = url_part(u, CURLUPART_HOST, 0),
	     *port = url_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *query = url_part(u, CURLUPART_QUERY, 0);

	s->host = mem_printf("%s:%s", host ? host : "", port ? port : "");
	s->query = query && *query ? mem_printf("?%s", query) : mem_dup("");
	curl_url_set(u, CURLUPART_QUERY, NULL, 0);
	s->base = url_part(u, CURLUPART_URL, 0);
	trim_base(s->base);
	s->url = mem_printf("%s%s", s->base, s->query);
	free(host);
	free(port);
	free(query);
}

static char *url_fault(CURLU *u, const char *url)
{
	char *user = url_part(u, CURLUPART_USER, 0), *fragment = url_part(u, CURLUPART_FRAGMENT, 0);
	char *fault = NULL;

	if (user)
		fault = mem_dup(
			"the address must not hold a user or password; put a key into api_key");
	else if (fragment)
		fault = mem_printf("the address '%s' must not have a '#' part", url);
	free(user);
	free(fragment);
	return fault;
}

static int set_http(struct settings *s, const char *url, char **why)
{
	CURLU *u = curl_url();
	CURLUcode rc = u ? curl_url_set(u, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;

	if (strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8)) {
		*why = mem_printf(
			"the address '%s' must begin with http://, https:// or unix:/", url);
	} else if (rc != CURLUE_OK) {
		*why = mem_printf(
			"the address '%s' cannot be read: %s", url, curl_url_strerror(rc));
	} else {
		*why = url_fault(u, url);
		if (!*why)
			join_url(s, u);
	}
	curl_url_cleanup(u);
	s->https = !strncasecmp(url, "https:", 6);
	return *why ? -EINVAL : 0;
}

static char **copy_list(const char *const *from, size_t n)
{
	char **to = n ? mem_new(n * sizeof(*to)) : NULL;

	for (size_t i = 0; i < n; i++)
		to[i] = mem_dup(from[i]);
	return to;
}

static int check_words(const struct upstream_config *c, char **why)
{
	if (c->key && has_control(c->key)) {
		*why = mem_dup("the key holds a line break or another control character");
		return -EINVAL;
	}
	for (size_t i = 0; i < c->nheaders; i++) {
		const char *h = c->headers[i], *colon = strchr(h, ':');

		if (has_control(h) || !colon || colon == h ||
			strcspn(h, " \t") < (size_t)(colon - h)) {
			*why = mem_printf("header %zu is not of the form \"Name: value\"", i + 1);
			return -EINVAL;
		}
	}
	return 0;
}

static void copy_config(struct settings *s, const struct upstream_config *c)
{
	s->config = *c;
	s->config.url = s->url;
	s->config.key = c->key && *c->key ? mem_dup(c->key) : NULL;
	s->config.model = mem_dup(c->model);
	s->config.ca_file = mem_dup(c->ca_file);
	s->config.proxy = mem_dup(c->proxy);
	s->config.client_cert = mem_dup(c->client_cert);
	s->config.client_key = mem_dup(c->client_key);
	s->config.headers = (const char *const *)copy_list(c->headers, c->nheaders);
	s->config.options = (const char *const *)copy_list(c->options, c->noptions);
}

int settings_new(struct settings **out, const struct upstream_config *config, char **why)
{
	struct settings *s = mem_new(sizeof(*s));
	const char *url = config->url ? config->url : "";
	int r;

	*why = NULL;
	s->refs = 1;
	r = check_words(config, why);
	if (r == 0)
		r = str_starts(url, "unix:") ? set_unix(s, url, why) : set_http(s, url, why);
	if (r < 0) {
		settings_unref(s);
		return r;
	}
	copy_config(s, config);
	*out = s;
	return 0;
}

struct settings *settings_ref(struct settings *s)
{
	s->refs++;
	return s;
}

/* Headers may be keys under another name: wiped as well. */
static void wipe_list(const char *const *list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		mem_wipe((char *)(uintptr_t)list[i], strlen(list[i]));
	mem_free((void *)(uintptr_t)list);
}

static void free_text(const char *s)
{
	mem_free((char *)(uintptr_t)s);
}

struct settings *settings_unref(struct settings *s)
{
	struct upstream_config *c;

	if (!s || --s->refs)
		return NULL;
	c = &s->config;
	if (c->key)
		mem_wipe((char *)(uintptr_t)c->key, strlen(c->key));
	wipe_list(c->headers, c->nheaders);
	wipe_list(c->options, c->noptions);
	free_text(c->model);
	free_text(c->ca_file);
	free_text(c->proxy);
	free_text(c->client_cert);
	free_text(c->client_key);
	free(s->url);
	free(s->base);
	free(s->query);
	free(s->unix_path);
	free(s->host);
	free(s);
	return NULL;
}

char *settings_request_url(const struct settings *s, const char *path)
{
	return mem_printf("%s%s%s", s->base, path, s->query);
}
