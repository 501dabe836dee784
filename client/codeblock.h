/* The first fenced code block of a Markdown text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* [*from, *to): its lines, without the fences. False: there is none. One that is not closed goes to the end. */
bool codeblock_first(const char *s, size_t n, size_t *from, size_t *to);
