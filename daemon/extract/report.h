/* How a reader ends: one line on stderr for the daemon or for people, and an exit status. */
#pragma once

#include <stdbool.h>

#include "daemon/extract/extract.h"

/* The last record, all that is left to write, the line; the exit status. level: of the sandbox. */
int report_end(struct extract *x, const char *level);
