/*
 * Words of a PDF file into a buf: numbers, strings, references. Without printf: a page has ten thousand
 * numbers, and none of them may depend on a locale. A failure sticks in the buf.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

void put_int(struct buf *b, int64_t v);
void put_fix(struct buf *b, int64_t v, unsigned digits); /* v / 10^digits, at most 6, without trailing zeros */
void put_hex(struct buf *b, unsigned v, unsigned digits);
void put_ref(struct buf *b, uint32_t id);                /* "12 0 R" */
void put_bytes(struct buf *b, const void *p, size_t n);  /* (literal string) */
void put_text(struct buf *b, const char *utf8, size_t n); /* text string: literal when ASCII, else UTF-16BE in hex */
void put_utf16_hex(struct buf *b, const char *utf8, size_t n); /* without mark and brackets */
int put_utf16(struct buf *b, const char *utf8, size_t n); /* a text string's bytes: the ASCII, or mark and UTF-16BE */
