/* The rows of a hidden thread, for those who delete it and for those who gave up making it. */
#pragma once

#include "daemon/store/db.h"

/* A slice; *more: some are left. With the last the thread itself is gone. */
int thread_drop_rows(struct db *db, const char *id, bool *more, char **why);
