/* Allocation: the kind that aborts, and the kind that says no. */
#define LOG_TAG "mem"
#include "common/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/log.h"

attr_noreturn static void mem_abort(size_t n)
{
	log_error("out of memory, %zu bytes wanted", n);
	abort();
}

void *mem_new(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		mem_abort(n);
	return p;
}

void *mem_try(size_t n)
{
	return malloc(n ? n : 1);
}

char *mem_dup(const char *s)
{
	return s ? mem_ndup(s, strlen(s)) : NULL;
}

char *mem_ndup(const char *s, size_t n)
{
	char *copy;

	if (!s)
		return NULL;
	copy = mem_try_dup(s, n);
	if (!copy)
		mem_abort(n);
	return copy;
}

void *mem_try_dup(const void *p, size_t n)
{
	char *copy = n < SIZE_MAX ? malloc(n + 1) : NULL;

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

void *mem_free(void *p)
{
	free(p);
	return NULL;
}

void *mem_wipe(void *p, size_t n)
{
	if (p)
		explicit_bzero(p, n);
	free(p);
	return NULL;
}

char *mem_printf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (r < 0)
		mem_abort(strlen(fmt));
	return s;
}

void *mem_grow(void *p, size_t *cap, size_t n, size_t size)
{
	size_t want;

	if (n < *cap)
		return p;
	want = *cap < 8 ? 8 : *cap;
	while (want <= n && want <= SIZE_MAX / 2)
		want *= 2;
	p = want > n ? reallocarray(p, want, size) : NULL;
	if (!p)
		mem_abort(n);
	*cap = want;
	return p;
}

bool mem_try_room(void *array, size_t *cap, size_t n, size_t size)
{
	void **v = array, *p;
	size_t more = max_of(n, *cap * 2 + 64);

	if (n <= *cap)
		return true;
	p = realloc(*v, more * size);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}
