/* Private to the store: what the operations on accounts share. */
#pragma once

#include "daemon/store/accounts.h"
#include "daemon/store/db.h"

/* A row of `users` under a name that is free. */
int account_insert(struct db *db, const char *name, int64_t now_us, id_str id, char **why);
