/*
 * UTF-8 (RFC 3629): check, cut, and the cleaning that every stored or relayed text has passed:
 * NUL and invalid bytes become U+FFFD (one per maximal invalid subpart, as the Unicode Standard
 * 3.9 recommends). Pure; fed byte by byte it says the same as fed at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

bool utf8_valid(const char *s, size_t n);          /* NUL counts as valid here */
bool utf8_valid_no_nul(const char *s, size_t n);
/* Length of the longest prefix that is valid and has no NUL. */
size_t utf8_span(const char *s, size_t n);
/* Largest m <= at with a code point boundary at m; n when at is past it. s is valid UTF-8. */
size_t utf8_floor(const char *s, size_t n, size_t at);
/*
 * Decode one code point: the bytes used (1..4), 0 when n is 0. Invalid or cut off: negative, and that
 * many bytes (-r, 1..3) make up one maximal subpart to skip; *cp is U+FFFD then.
 */
int utf8_decode(const char *s, size_t n, uint32_t *cp);
size_t utf8_encode(uint32_t cp, char out[4]);       /* surrogates and > 10FFFF give U+FFFD */
size_t utf8_count(const char *s, size_t n);         /* code points */
/* What must not reach a terminal or a log as it is: C0, DEL, C1, U+2028/9, bidi controls, the BOM. */
bool utf8_is_control(uint32_t cp);

struct utf8_clean {
	uint8_t held[4]; /* an incomplete sequence at the end of the last piece */
	uint8_t nheld;
};
/* Append the clean form of the piece to out. -ENOBUFS/-ENOMEM of the buf. Held bytes wait for the next piece. */
int utf8_clean_feed(struct utf8_clean *c, const char *s, size_t n, struct buf *out);
int utf8_clean_end(struct utf8_clean *c, struct buf *out); /* what is still held becomes U+FFFD */
