/* search.db: opened by its writer, before the reader. */
#pragma once

#include <sqlite3.h>

/* *said NULL before. What does not fit is removed and made anew. */
int search_open(sqlite3 **said, sqlite3 *chat, const char *path, char **why);
struct db;
int search_rank_register(sqlite3 *said, struct db *db); /* the reader's: how well a row fits */
int search_register(sqlite3 *said); /* the tokenizer; for each connection */
