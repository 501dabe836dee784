/* Long texts on a terminal. */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

/* stdout is a terminal, the text has more lines than it, and there is a pager (PAGER may be empty: none). */
bool pager_wants(const struct buf *text);
/* Through the terminal's filter into $PAGER, else less. A status. */
int pager_show(const struct buf *text);
