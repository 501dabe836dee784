/* What is said again and again: the first few times in full, the rest counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct often {
	size_t most; /* times in full; 0: always */
	struct often_words {
		char *words;
		size_t n;
	} *v;
	size_t n, cap;
};

/* Shall these words be said once more? */
bool often_say(struct often *o, const char *words);
/* "722 more: WORDS", for each; forgets them. */
void often_sum(struct often *o);
