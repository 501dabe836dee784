/*
 * How many pages a PDF has, as far as that can be seen without inflating anything. Whoever wrote it
 * may have put any number there: it decides nothing but where a second reader begins.
 */
#include <string.h>

#include "common/attr.h"
#include "daemon/extract/pdf.h"

#define HEAD ((size_t)1024)     /* where a file made for the web has its own count */
#define NODE ((size_t)64 << 10) /* bytes of one node of the tree of pages, its list of others included */
#define DICT ((size_t)256)      /* ... of what stands before a page's stream */
#define LOOKS 100000
#define COUNT_MAX 1000000

static const uint8_t *find(const uint8_t *from, const uint8_t *end, const char *what)
{
	return from < end ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

/* The last one before `at`, not further than `far`; else where it was given up. */
static const uint8_t *find_back(const uint8_t *p, const uint8_t *at, size_t far, const char *what)
{
	size_t n = strlen(what);
	const uint8_t *from = (size_t)(at - p) > far ? at - far : p;

	for (const uint8_t *k = at; k >= from + n; k--)
		if (!memcmp(k - n, what, n))
			return k;
	return from;
}

static int number(const uint8_t *p, const uint8_t *end)
{
	int v = 0;

	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r'))
		p++;
	for (; p < end && *p >= '0' && *p <= '9' && v < COUNT_MAX; p++)
		v = v * 10 + (*p - '0');
	return v < COUNT_MAX ? v : 0;
}

static int linearized(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *at = find(p, p + min_of((size_t)(end - p), HEAD), "/Linearized"), *stop, *n;

	if (!at)
		return 0;
	stop = find(at, end, ">>");
	n = find(find_back(p, at, HEAD, "<<"), stop, "/N ");
	return n ? number(n + 3, stop) : 0;
}

/* The root of the tree is the node with most. Outlines have a /Count as well. */
static int tree(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *at = p;
	int most = 0;

	for (int i = 0; i < LOOKS && (at = find(at, end, "/Count")) != NULL; i++) {
		int v = number(at += 6, end);
		const uint8_t *far = at + min_of((size_t)(end - at), NODE), *stop = find(at, far, "endobj");

		if (v > most && find(find_back(p, at, NODE, " obj"), stop ? stop : far, "/Pages"))
			most = v;
	}
	return most;
}

/* A page's drawing is a stream that says nothing of itself but its length and its filter. */
static int streams(const uint8_t *p, const uint8_t *end)
{
	static const char *const others[] = { "/Type", "/Subtype", "/Length1", "/FunctionType", "/N " };
	const uint8_t *at = p;
	int n = 0;

	for (int i = 0; i < LOOKS && (at = find(at, end, "stream")) != NULL; i++, at += 6) {
		const uint8_t *from = find_back(p, at, DICT, "obj");
		bool other = at - p < 3 || !memcmp(at - 3, "end", 3);

		for (size_t k = 0; !other && k < array_len(others); k++)
			other = find(from, at, others[k]) != NULL;
		n += !other;
	}
	return n;
}

int pdf_count(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	int v = linearized(p, end);

	v = v ? v : tree(p, end);
	return v ? v : streams(p, end);
}
