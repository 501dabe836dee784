/* Threads kept to some: by tag, by state, by a part of their names. */
#pragma once

#include "daemon/store/db.h"
#include "daemon/store/turns.h"

int thread_by_activity(const void *a, const void *b); /* of struct thread_row, the newest first; for qsort */

/*
 * Up to `limit` rows into op->rows, those behind (at, id). What others share is left out: their tags
 * are theirs, and they are few. Broken off, it goes on where it was.
 */
int threads_filtered(struct db *db, struct op_thread_list *op, size_t limit, int64_t at, const char *id);
