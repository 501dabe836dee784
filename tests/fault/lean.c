/*
 * A machine with little memory: preloaded, it refuses every allocation of more than LEAN_BYTES once
 * the file LEAN_FLAG exists. What a peer can size must fail for that peer alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static int refused(size_t n)
{
	static size_t limit;
	const char *flag;

	if (n < 65536)
		return 0;
	if (!limit)
		limit = getenv("LEAN_BYTES") ? strtoul(getenv("LEAN_BYTES"), NULL, 10) : (size_t)-1;
	flag = getenv("LEAN_FLAG");
	if (n <= limit || !flag || access(flag, F_OK) != 0)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n)
{
	return refused(n) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return size && refused(n * size) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return refused(n) ? NULL : __libc_realloc(p, n);
}
