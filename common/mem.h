/*
 * Allocation policy. Objects of a fixed size never fail: out of memory is a log line and an abort.
 * Whatever a peer can size goes through mem_try or a struct buf and costs that peer its request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void *mem_new(size_t n);                         /* zeroed; aborts when there is none */
void *mem_try(size_t n);                         /* not zeroed; NULL when there is none; n = 0 gives a valid pointer */
char *mem_dup(const char *s);                    /* aborts; NULL gives NULL */
char *mem_ndup(const char *s, size_t n);         /* aborts; NUL-terminated copy of n bytes; NULL gives NULL */
void *mem_try_dup(const void *p, size_t n);      /* NULL when there is none; NUL byte appended, not counted */
void *mem_free(void *p);                         /* returns NULL: `t->name = mem_free(t->name);` */
void *mem_wipe(void *p, size_t n);               /* explicit_bzero of n bytes, free; returns NULL; takes NULL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* aborts */

/* Grow an array of `size`-byte elements so that one more than `n` fits; *cap is updated. Aborts. */
void *mem_grow(void *p, size_t *cap, size_t n, size_t size);
/* Room for n elements in the array that *(void **)array points to; false, and nothing changed, when there is none. */
bool mem_try_room(void *array, size_t *cap, size_t n, size_t size);
