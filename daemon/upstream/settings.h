/*
 * The configuration of the backend as transfers hold on to it: copied, checked, counted. A reload
 * makes new settings; what is running keeps the old ones.
 */
#pragma once

#include "daemon/upstream/upstream.h"

struct settings {
	unsigned refs;
	struct upstream_config config; /* its strings are the copies below */
	char *url;                     /* as it is shown: cleaned, without secrets */
	char *base;      /* scheme, host and path for requests, without a trailing "/" */
	char *query;     /* "?api-version=..." or "" */
	char *unix_path; /* NULL: TCP */
	char *host;      /* as connection errors name it: "host:port" or the socket's path */
	bool https;
};

/* -EINVAL: *why says what is wrong with the address, the key or a header; malloc'd. */
int settings_new(struct settings **out, const struct upstream_config *config, char **why);
struct settings *settings_ref(struct settings *s);
/* Wipes the key with the last one; returns NULL. */
struct settings *settings_unref(struct settings *s);
char *settings_request_url(const struct settings *s, const char *path); /* malloc'd */
