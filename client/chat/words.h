/* Arguments as a shell reads them: blanks between, quotes and backslashes keep them, ~ and * name files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct words {
	char **v; /* ends with NULL */
	size_t n, cap;
};

/* 0; -EINVAL: a quote is not closed. files: patterns become the names they fit. */
int words_split(const char *s, bool files, struct words *out);
void words_fini(struct words *w);
/* With a backslash before what the split would take for something else; malloc'd. */
char *words_quote(const char *s);
