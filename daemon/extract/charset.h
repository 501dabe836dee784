/*
 * Text in any of the usual encodings made UTF-8: by its byte order mark, else as UTF-8 where it is
 * valid, else by what it declares, else by a guess (uchardet alone takes 8 % of English UTF-8
 * with curly quotes for something else).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* iconv finds its tables in files: all that are ever used are opened before the sandbox closes. */
void charset_load(void);

#define CHARSET_E_BINARY 1 /* not text at all */
/* Appends. declared: a name out of the document, or NULL. 0, CHARSET_E_BINARY, -ENOMEM, -ENOBUFS.
 * The result may hold controls and is clean only after out_text. */
int charset_decode(const uint8_t *p, size_t n, const char *declared, struct buf *out);
