/*
 * Text in any of the usual encodings made UTF-8: by its byte order mark, else as UTF-8 where it is
 * valid, else by what it declares, where that fits, else by a guess (uchardet alone takes 8 % of English UTF-8
 * with curly quotes for something else).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* iconv finds its tables in files: all that are ever used are opened before the sandbox closes. */
void charset_load(void);
#define CHARSETS_MAX 128
const char *charset_label(size_t i); /* the i-th name that documents use; NULL past the last */
const char *charset_by_width(const uint8_t *p, size_t n); /* UTF-16 or UTF-32 without a mark, in either order; NULL */
const char *charset_iconv(const char *name); /* iconv's name; NULL: not known, or no name */

#define CHARSET_E_BINARY 1 /* not text at all */
/* Appends. declared: a name out of the document, or NULL. 0, CHARSET_E_BINARY, -ENOMEM, -ENOBUFS.
 * The result may hold controls and is clean only after out_text. */
int charset_decode(const uint8_t *p, size_t n, const char *declared, struct buf *out);
