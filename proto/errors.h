/* The wire's error codes as an enum, and what is known of each. */
#pragma once

enum proto_error {
	PROTO_OK = 0,
#define ERROR(code, id, name, exit_status, text) PROTO_E_##id = code,
#include "proto/errors.def"
#undef ERROR
};

const char *proto_error_name(int code); /* "unknown" for a code from a newer server */
const char *proto_error_text(int code);
int proto_error_exit(int code);         /* exit status of the client; 1 when unknown */
