/* Words of options that may be given again, and -O KEY=VALUE on its way to the backend. */
#pragma once

#include <stddef.h>

struct pack;

struct option_list {
	const char **v;
	size_t n, cap;
};

void option_words(struct option_list *l, const char *word);
int option_add(struct option_list *l, const char *option); /* KEY=VALUE; -EINVAL */
void option_fini(struct option_list *l);
/*
 * The key "options" with a map, when there are any. What JSON takes for a value is one, else it is
 * a string.
 */
void option_pack(struct pack *p, const struct option_list *l);
