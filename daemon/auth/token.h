/*
 * Access tokens: "rct_" and 256 random bits in base64url (RFC 4648). Of one only its SHA-256 is
 * stored: so many random bits need no slow hash, and what is looked up by it tells nothing by time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/sha256.h"

#define TOKEN_PREFIX "rct_"
#define TOKEN_LEN 47 /* the prefix and 43 characters */

int token_make(char out[TOKEN_LEN + 1]); /* 0 or -errno; the caller wipes */
/* False: it does not have a token's shape. */
bool token_digest(const char *token, size_t n, uint8_t out[SHA256_LEN]);
