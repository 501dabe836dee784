/*
 * Memory of a program that renders one document and ends: bump allocation, given back by marks, never
 * piece by piece. What a document can size comes from here; RLIMIT_AS is the bound, and running
 * into it ends the program with words (arena_out_of_memory), never with a half file.
 */
#pragma once

#include <stddef.h>

struct arena;

struct arena_mark {
	void *block;
	size_t used;
};

struct arena *arena_new(void);
void *arena_free(struct arena *a);                             /* all of it; takes and returns NULL */
void *arena_alloc(struct arena *a, size_t n);                  /* zeroed, aligned for anything; never NULL */
void *arena_dup(struct arena *a, const void *p, size_t n);     /* NUL-terminated copy; the NUL is not counted */
/* Grows an array made here: returns room for `want` elements, *cap updated; the old piece is left behind unless it is the newest. */
void *arena_grow(struct arena *a, void *p, size_t *cap, size_t want, size_t size);

struct arena_mark arena_mark(const struct arena *a);
void arena_release(struct arena *a, struct arena_mark m);      /* everything allocated since the mark is gone */

/* Called when there is no more; must not return. Default: the words on stderr, exit 71 (EX_OSERR). */
extern void (*arena_out_of_memory)(void);
