/* Time: monotonic for deadlines, wall for stamps, and the stamp format of the database. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CLOCK_ISO_LEN 27 /* "2026-01-02T03:04:05.678901Z" */

uint64_t clock_mono_us(void);
uint64_t clock_mono_ms(void);
int64_t clock_wall_us(void); /* microseconds since the epoch, UTC */

/* Always six fractional digits and Z, so that text order is time order. */
void clock_iso(int64_t wall_us, char out[CLOCK_ISO_LEN + 1]);
/* Reads what a Chainlit database may hold: 0, 3 or 6 digits of fraction, "Z", "+00:00" or nothing. -EINVAL otherwise. */
int clock_iso_parse(const char *s, size_t n, int64_t *wall_us);
