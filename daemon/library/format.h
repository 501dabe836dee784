/*
 * What kind of file an upload is, by its content, and text out of it: UTF-8, or UTF-16 with a byte
 * order mark. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Words for a user when the first bytes (512 are enough) and the name belong to a format that is
 * not read, "NAME: " not included; NULL: it may be text. Static.
 */
const char *format_refusal(const void *p, size_t n, const char *name);

/*
 * The bytes as clean UTF-8 without mark, malloc'd. 0, -ENOMEM, -EILSEQ: no text, `why` says what to
 * do.
 */
int format_text(const void *p, size_t n, char **text, size_t *len, char why[256]);
