/* Events of the account, as `idle` and `log` read them: asked for by number, so that none is lost. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "proto/val.h"

struct link;

enum event_kinds { EVENTS_TURN = 1, EVENTS_THREAD = 2, EVENTS_DOC = 4, EVENTS_OTHER = 8, EVENTS_ALL = 15 };

/* "turn,doc": 0, or -1: there is no such kind. */
int events_parse(const char *list, unsigned *kinds);
bool events_wanted(struct val event, unsigned kinds);
/*
 * One page after number `after` (< 0: none, only where it stands), waiting up to wait_ms. A status, said;
 * the page is in l->msg.result, *next and *first are its numbers.
 */
int events_read(struct link *l, int64_t after, int64_t wait_ms, int64_t *next, int64_t *first);
/* "N<TAB>KIND<TAB>ID<TAB>STATE<TAB>NAME\n", filtered. */
void events_fields(struct val event, struct buf *out);
