/* Long texts on a terminal. */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

/* stdout is a terminal, the text has more lines than it, and there is a pager (PAGER may be empty: none). */
bool pager_wants(const struct buf *text);
/* Is it one that shows colours? less is, and is told to. */
bool pager_has_color(void);
/* Into $PAGER, else less; through the terminal's filter unless it has been through it. A status. */
int pager_show(const struct buf *text, bool filtered);
