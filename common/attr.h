/* Compiler words and the three macros everybody needs. */
#pragma once

#include <stddef.h>

#include "common/banned.h"

#define attr_printf(f, a) __attribute__((format(printf, f, a)))
#define attr_must_check __attribute__((warn_unused_result))
#define attr_noreturn __attribute__((noreturn))
#define attr_unused __attribute__((unused))
#define attr_used __attribute__((used)) /* kept, though nobody reads it */

#define array_len(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define min_of(a, b) ((a) < (b) ? (a) : (b))
#define max_of(a, b) ((a) > (b) ? (a) : (b))
