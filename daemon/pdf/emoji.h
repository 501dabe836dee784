/* Which clusters want to be pictures (UTS #51). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Emoji_Presentation, VS16, keycaps, flags and ZWJ sequences; VS15 says no. */
bool emoji_wanted(const uint32_t *cps, size_t n);
