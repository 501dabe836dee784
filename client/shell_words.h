/* A shell's command line taken apart as bash reads it, and words quoted so that it reads them back. Pure. */
#pragma once

#include <stddef.h>

#include "common/buf.h"

struct shell_words {
	char **v; /* without their quotes; the last one is the one being typed, "" after a blank */
	size_t n;
	char quote;   /* what the last one is within: 0, '"' or '\'' */
	size_t start; /* where the last one begins in the line */
};

/* Of the last simple command in the first n bytes: what stands before ; | & ( is another's. */
void shell_words_split(struct shell_words *w, const char *line, size_t n);
void shell_words_fini(struct shell_words *w);
/* The word as it must be typed, begun with `quote` (0: none, special characters get backslashes). */
void shell_quote(const char *word, char quote, struct buf *out);
