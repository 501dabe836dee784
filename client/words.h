/* Words: how far one is from another, and how a shell would have to be given them. */
#pragma once

#include <stddef.h>

/*
 * Edits that turn a into b: insert, remove, replace, swap neighbours; more than `most` counts as
 * most + 1.
 */
size_t word_distance(const char *a, const char *b, size_t most);
/* The words quoted for a shell where they need it, joined by spaces; malloc'd. */
char *shell_join(char *const *words, size_t n);
