/* Bump allocation in blocks that double up to a bound; a mark is a block and how full it was. */
#include "daemon/pdf/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attr.h"

#define BLOCK_FIRST ((size_t)64 << 10)
#define BLOCK_MAX ((size_t)4 << 20)
#define ALIGN _Alignof(max_align_t)

struct block {
	struct block *before;
	size_t size, used; /* of data */
	_Alignas(max_align_t) uint8_t data[];
};

struct arena {
	struct block *top;
	struct block *spare; /* the last block given back: the next mark and release need no malloc */
	void *newest;        /* what arena_grow may extend in place */
};

static void die(void)
{
	static const char words[] = "out of memory\n";
	ssize_t unused attr_unused = write(STDERR_FILENO, words, sizeof(words) - 1);

	_exit(71);
}

void (*arena_out_of_memory)(void) = die;

static attr_noreturn void out_of_memory(void)
{
	arena_out_of_memory();
	abort();
}

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		out_of_memory();
	return a;
}

static void add_block(struct arena *a, size_t n)
{
	size_t size = a->top ? min_of(a->top->size * 2, BLOCK_MAX) : BLOCK_FIRST;
	struct block *b = a->spare;

	size = max_of(size, n);
	a->spare = NULL;
	if (b && b->size < n) {
		free(b);
		b = NULL;
	}
	if (!b) {
		if (size > SIZE_MAX - sizeof(*b))
			out_of_memory();
		b = malloc(sizeof(*b) + size);
		if (!b)
			out_of_memory();
		b->size = size;
	}
	b->before = a->top;
	b->used = 0;
	a->top = b;
}

static size_t rounded(size_t n)
{
	if (n > SIZE_MAX - ALIGN)
		out_of_memory();
	return n ? (n + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;
}

/* Not zeroed. */
static void *take(struct arena *a, size_t n)
{
	n = rounded(n);
	if (!a->top || n > a->top->size - a->top->used)
		add_block(a, n);
	a->newest = a->top->data + a->top->used;
	a->top->used += n;
	return a->newest;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return memset(take(a, n), 0, n);
}

void *arena_dup(struct arena *a, const void *p, size_t n)
{
	char *copy = take(a, n + 1);

	if (n)
		memcpy(copy, p, n);
	copy[n] = 0;
	return copy;
}

/* The newest piece grows where it stands when its block has the room. */
static bool extend(struct arena *a, uint8_t *p, size_t n)
{
	struct block *b = a->top;

	n = rounded(n);
	if (!p || p != a->newest || n > b->size - (size_t)(p - b->data))
		return false;
	b->used = (size_t)(p - b->data) + n;
	return true;
}

void *arena_grow(struct arena *a, void *p, size_t *cap, size_t want, size_t size)
{
	size_t room = max_of(*cap, (size_t)8);
	void *q;

	if (want <= *cap)
		return p;
	while (room < want)
		room = room > SIZE_MAX / 2 ? want : room * 2;
	if (room > SIZE_MAX / size)
		out_of_memory();
	if (extend(a, p, room * size)) {
		memset((uint8_t *)p + *cap * size, 0, (room - *cap) * size);
		*cap = room;
		return p;
	}
	q = arena_alloc(a, room * size);
	if (*cap)
		memcpy(q, p, *cap * size);
	*cap = room;
	return q;
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ .block = a->top, .used = a->top ? a->top->used : 0 };
}

void arena_release(struct arena *a, struct arena_mark m)
{
	while (a->top != m.block) {
		struct block *b = a->top;

		a->top = b->before;
		free(a->spare);
		a->spare = b;
	}
	if (a->top)
		a->top->used = m.used;
	a->newest = NULL;
}

void *arena_free(struct arena *a)
{
	if (!a)
		return NULL;
	arena_release(a, (struct arena_mark){ 0 });
	free(a->spare);
	free(a);
	return NULL;
}
