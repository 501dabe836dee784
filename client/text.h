/* Text that goes into a question: arguments, files, stdin; checked before it is sent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

/*
 * The question: the words joined by spaces, then each file in a fenced block named after it, then
 * stdin in a <stdin> block, with blank lines between; without words and files stdin is the
 * question.
 */
struct question {
	char *const *words; /* "-" among them stands for stdin */
	size_t nwords;
	const char **files; /* -f */
	size_t nfiles;
	bool no_stdin;
	bool quiet; /* does not say that it waits */
};

/*
 * 0 with the text in out; else a status, said: nothing to ask (2), not UTF-8 or too large (65), a
 * file (66).
 */
int question_read(const struct question *q, struct buf *out);

/* TEXT, or the content of FILE for "@FILE", malloc'd; NULL: *status, said. */
char *text_or_file(const char *arg, const char *what, int *status);
/* Valid UTF-8 without NUL? 0, or STATUS_DATA and said: `what` ("stdin", "'FILE'") at which byte. */
int text_check(const char *what, const void *s, size_t n);
