/* Character references of HTML: those that have a name in HTML 4, and numbers. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What stands between & and ;, as "eacute", "#233", "#xE9". 0: it is none, or no code point. */
uint32_t entity_decode(const char *s, size_t n);
