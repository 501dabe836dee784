/* What libcurl's results and the reply's headers mean, and whether another try may help. */
#pragma once

#include "daemon/upstream/transfer.h"

/* No reply, or none that can be read: cause and remedy. malloc'd. */
char *transfer_curl_text(struct transfer *t, CURLcode code, enum upstream_result *result);
/* A reply that is no success. malloc'd. */
char *transfer_http_text(struct transfer *t, enum upstream_result *result);
bool transfer_is_connect(CURLcode code); /* nothing was sent: asking again cannot ask twice */
/* By the status, unless x-should-retry says it. */
bool transfer_may_retry(struct transfer *t);
/* What Retry-After or retry-after-ms asks for, in ms; -1: nothing. */
int64_t transfer_retry_after(struct transfer *t);
/* "250 ms", "1.5 s". */
char *transfer_time(uint64_t ms);
