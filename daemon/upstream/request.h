/* What goes out: bodies and headers of requests. */
#pragma once

#include <curl/curl.h>

#include "common/buf.h"
#include "daemon/upstream/settings.h"

enum request_kind { REQUEST_CHAT, REQUEST_UPLOAD, REQUEST_MODELS, REQUEST_EMBED };

/* JSON into out. -EINVAL: the options are no JSON object; -ENOMEM, -ENOBUFS of the buf. */
int request_body(const struct settings *s, const struct chat_request *req, struct buf *out);
/* Freed by request_headers_free, which wipes them: one may hold the key. NULL: out of memory. */
struct curl_slist *request_headers(const struct settings *s, enum request_kind kind);
void request_headers_free(struct curl_slist *list);
/* {"method","url","headers","body"} with whatever is secret masked; malloc'd, NULL: the options are
 * no JSON object. */
char *request_describe(const struct settings *s, const struct chat_request *req);
