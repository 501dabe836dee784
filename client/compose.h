/* A question written in the user's editor. */
#pragma once

#include "common/buf.h"

/* The text as it is put before the editor, and as it was left; one final newline goes. A status: said, 2 when it is empty. */
int compose(struct buf *text);
