/* Lines that begin with a slash. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct choices;
struct talk;

struct verb {
	const char *name;
	const char *args;  /* for /help */
	const char *brief;
	void (*run)(struct talk *t, char *args); /* args: trimmed, "" none */
};
extern const struct verb verbs[]; /* ends with a NULL name */

/* Is it one? "//x" and " /x" are text, and so is "/usr/lib": a verb is letters alone. */
bool verbs_are_meant(const char *line);
void verbs_run(struct talk *t, char *line);
/* What the line would be as text: without the first of two slashes, without the space. */
const char *verbs_text(const char *line);
void verbs_complete(void *talk, const char *text, size_t n, struct choices *c);
