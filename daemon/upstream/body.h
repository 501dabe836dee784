/* What goes out: the JSON body of a chat request, the headers, and both as --dry-run shows them. */
#pragma once

#include <curl/curl.h>

#include "common/buf.h"
#include "daemon/upstream/upstream.h"

/* {"model", "messages", "stream": true, options}: options of the request win over those of the configuration. */
void body_chat(struct buf *out, const struct upstream_config *config, const struct chat_request *req);
/* Header lines of a request with (json) or without a JSON body; mask hides the key. NULL when out of memory. */
struct curl_slist *body_headers(const struct upstream_config *config, bool json, bool mask);
char *body_url(const struct upstream_config *config, const char *path); /* malloc'd */
const char *body_unix_socket(const struct upstream_config *config);     /* NULL: TCP */
