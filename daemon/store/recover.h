/*
 * Turns that a daemon left running: their text is joined from the checkpoints, they end as
 * INTERRUPTED.
 */
#pragma once

#include "daemon/store/db.h"

/* *n: how many. In a transaction of its own, none when there is nothing to do. */
int recover_run(struct db *db, int64_t *n, char **why);
