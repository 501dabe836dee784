/*
 * The files as they came, where the configuration says so: originals/ACCOUNT/SHA256 beside library.db,
 * folders 0700, files 0600. Each account has its own, so that nobody learns that somebody else has the
 * same. They are a convenience: what cannot be written is told in the log, and the document is in all the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/store/db.h"

void original_put(struct db *db, const char *account, const char *sha256, const void *p, size_t n);
bool original_is_there(struct db *db, const char *account, const char *sha256);
char *original_path(struct db *db, const char *account, const char *sha256); /* malloc'd; there or not */
void original_drop(struct db *db, const char *account, const char *sha256);
