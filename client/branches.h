/* The branches of a thread: which turn came after which, drawn, and told in JSON. */
#pragma once

#include "common/buf.h"

struct link;

/* A line a turn, the branch that is gone on from marked. STATUS_NOT_FOUND with nothing said: it may be a turn. */
int branches_draw(struct link *l, const char *ref, struct buf *out);
/*
 * The thread with all its turns; of each also `siblings` (ids, its own not among them) and `current`:
 * whether it is on that branch.
 */
int branches_json(struct link *l, const char *ref, struct buf *out);
