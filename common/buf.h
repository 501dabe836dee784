/*
 * Growable bytes with a hard cap. `data` is NULL only while cap is 0. Once an append has failed
 * `failed` stays set (until buf_reset) so that a writer may check once at the end.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;  /* bytes; 0 means no cap of its own */
	bool failed; /* an append was refused: -ENOBUFS (past max) or -ENOMEM */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);                 /* frees, leaves an empty buf with the same max */
void buf_wipe(struct buf *b);                 /* as buf_fini after explicit_bzero */
void buf_reset(struct buf *b);                /* len = 0, failed = false, keeps the memory */
void buf_shrink(struct buf *b, size_t keep);  /* gives memory back when cap > keep and len <= keep */

/* All return 0, -ENOBUFS past max, -ENOMEM; the buf is unchanged on error. */
int buf_reserve(struct buf *b, size_t more);  /* room for `more` bytes at data + len */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_add_byte(struct buf *b, uint8_t c);
int buf_add_str(struct buf *b, const char *s); /* without its NUL */
int buf_addf(struct buf *b, const char *fmt, ...) attr_printf(2, 3);
int buf_vaddf(struct buf *b, const char *fmt, va_list ap) attr_printf(2, 0);

void buf_consume(struct buf *b, size_t n);    /* drop n bytes from the front (memmove) */
const char *buf_cstr(struct buf *b);          /* NUL-terminated view; "" when empty or out of memory */
char *buf_steal(struct buf *b, size_t *len);  /* the memory, NUL-terminated, now the caller's; buf is empty; NULL on -ENOMEM */
