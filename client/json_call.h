/* A request of JSON-RPC 2.0 as a program sent it, read but not yet believed. */
#pragma once

#include <stdbool.h>

#include "common/json.h"
#include "proto/limits.h"

#define CALL_ID 256 /* bytes of an id as JSON */
#define CALL_DEPTH 64

struct call {
	char id[CALL_ID + 1]; /* as JSON; "" when bad_id or none */
	bool has_id, bad_id, bad_version;
	char method[LIMIT_METHOD + 1];
	bool has_method, bad_method;
	bool answers;              /* has a result or an error */
	struct json_slice params;  /* as JSON; n 0: none */
};

/* Of a message that is valid JSON. False: it is no object. */
bool call_read(struct call *c, const char *p, size_t n);
bool call_is_bad(const struct call *c); /* no request at all: -32600 */
/* A key of the params, as JSON with its value ahead; false: it is not there, or null. */
bool call_param(const struct call *c, const char *name, struct json *value);
bool call_param_is_true(const struct call *c, const char *name);
char *call_param_text(const struct call *c, const char *name, size_t max); /* malloc'd, or NULL */
