/*
 * A program's JSON as the params of a request, exactly or not at all: what the wire cannot hold (half
 * a surrogate pair, \u0000, bytes that are no UTF-8, an integer past 2^53-1, a number past any float,
 * nesting past the frame's) is refused with words, never replaced. Pieces of files, which are bin on
 * the wire, are base64 (RFC 4648, padded) in JSON.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/json.h"
#include "proto/pack.h"

/*
 * The pairs of `params` into the open map of p: an object, a list of one object, null, or nothing
 * (n 0). 0, or -EINVAL with *why (static): the frame must then be dropped.
 */
int json_wire_params(struct pack *p, const char *method, const char *params, size_t n, const char **why);
/* Text that is valid JSON for an outsider: UTF-8 without NUL, no raw control bytes within strings. */
bool json_wire_string(const struct json_slice *s, const char **why);
