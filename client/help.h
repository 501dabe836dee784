/* The help of a command, laid out for a screen of 80 columns. */
#pragma once

#include "common/buf.h"

/* Prose is filled; usage and options are broken where they are too long and go on below their words. */
void help_fill(const char *help, struct buf *out);
int help_print(const char *help); /* to stdout: a status */
int help_first(void); /* for `ragchat` and nothing else: what one begins with; STATUS_USAGE */
