/*
 * Who reads an upload: text in UTF-8 is cut here, everything else becomes text in a helper. Pure;
 * looks at magic numbers and at the name, and parses nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Words for a user when the first bytes (512 are enough) belong to a format that nobody here
 * reads, "NAME: " not included; NULL: go on. Static.
 */
const char *format_refusal(const void *p, size_t n);

enum format_route {
	ROUTE_TEXT,   /* valid UTF-8 without NUL, of no format: format_text */
	ROUTE_HELPER, /* ragchatd-extract */
	ROUTE_PDF,    /* ... with the profile of pdftotext */
};
/* utf8: all of the bytes are valid UTF-8 without NUL. */
enum format_route format_route(const void *p, size_t n, const char *name, bool utf8);

/*
 * The bytes as clean UTF-8 without mark, malloc'd. 0, -ENOMEM, -EILSEQ: no text, `why` says what to
 * do.
 */
int format_text(const void *p, size_t n, char **text, size_t *len, char why[256]);
