/* Points in time as people give them: how long ago, or a date. */
#pragma once

#include <stdint.h>

/*
 * "30d", "12h", "90m", "2w": so long before now. "2026-11-28", "2026-11-28T09:30": local time.
 * Microseconds since 1970; 0 or -EINVAL.
 */
int when_parse(const char *s, int64_t *us);
