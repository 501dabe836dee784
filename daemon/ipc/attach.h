/* A connection follows a turn: from its first byte, or on from an offset. */
#pragma once

#include "daemon/ipc/dispatch.h"

void reply_accepted(struct call *call, const struct turn_row *row, const struct turn *live, bool duplicate);
void attach_subscribe(struct conn *c, struct turn *t, size_t off, size_t roff, uint64_t ev); /* in place of what it had on this turn */

/* The turn of a row that may be over: its text is taken from the row. As an answer to ask where `accepted`, else to attach. */
void attach_row(struct call *call, struct turn_row *row, size_t off, size_t roff, uint64_t ev, bool accepted, bool shared);
