/*
 * connect_find in a thread of its own, for programs that must not be held up while a daemon is started
 * or has a full queue. Its descriptor gets readable when the result is there. Whoever does not want it
 * any more leaves it: the thread ends when it does, and what it found is closed.
 */
#pragma once

#include "client/connect.h"

struct finder;

struct finder *finder_start(const char *told, bool autostart); /* NULL: no thread can be had */
int finder_fd(const struct finder *f);
/* 0: the result of connect_find is in *r and what it found the caller's, the finder is freed. -EAGAIN: not yet. */
int finder_take(struct finder *f, struct connect_found *found, int *r);
void *finder_leave(struct finder *f); /* takes NULL, gives NULL */
