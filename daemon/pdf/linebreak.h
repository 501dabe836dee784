/*
 * Where a line may end: the pair rules of UAX #14 over grapheme clusters, with two additions. Long
 * addresses and paths may end a line at their punctuation, and scripts without spaces (Thai, Lao,
 * Khmer, Myanmar) between clusters that a reader would not miss; both are weak: a real space near the end wins.
 *
 * Own, because Debian's libunibreak asserts on emoji. Pure tables, no memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum linebreak { BREAK_NO, BREAK_WEAK, BREAK_OK, BREAK_HARD };

#define BREAK_PROPERTY 3  /* mask of enum linebreak */
#define BREAK_CLUSTER 4   /* a grapheme cluster starts here */
#define BREAK_KINSOKU 8   /* not at the start of a line, even when a word must be cut */

/*
 * flags[i]: what may happen before code point i. The caller has set BREAK_CLUSTER where clusters start and
 * nothing else; n flags for n code points. A break after a line feed is BREAK_HARD.
 */
void linebreak_find(const uint32_t *cps, size_t n, uint8_t *flags);
bool linebreak_is_hard(uint32_t cp); /* LF, NEL, LS, PS */
