/* Character references of HTML: by name or number. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ENTITY_NAME_MAX 31 /* bytes of the longest name */

/* What stands between & and ;, as "eacute", "#233", "#xE9": the code points of it, 1 or 2. 0: it is none. */
size_t entity_decode(const char *s, size_t n, uint32_t cp[2]);
