/* Where a passage stands, on a line for people. */
#pragma once

#include "common/buf.h"
#include "proto/val.h"

/* " path:line p. page  headings", of a source or of a hit, as far as they are there; not filtered. */
void place_add(struct val at, struct buf *out);
