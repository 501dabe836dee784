/*
 * Which columns the five tables have: a file made by an older Chainlit, or by hand, lacks some and
 * keeps its own. Rows are written to the columns that exist.
 */
#pragma once

#include "common/buf.h"
#include "daemon/store/db.h"

enum chat_table {
	TABLE_USERS,
	TABLE_THREADS,
	TABLE_STEPS,
	TABLE_FEEDBACKS,
	TABLE_ELEMENTS,
	CHAT_TABLES,
};

/*
 * Read from the file. STORE_E_NOT_OURS when a table lacks a column without which nothing can be
 * kept.
 */
int columns_load(struct columns **out, sqlite3 *chat, char **why);
struct columns *columns_free(struct columns *c);
bool columns_has(const struct columns *c, enum chat_table table, const char *column);
/* "s.\"showInput\"" when there is such a column, else "NULL"; for SELECTs built at run time. */
void columns_select(const struct columns *c, enum chat_table table, const char *alias,
	const char *column, struct buf *sql);

struct cell {
	const char *column;
	struct db_value value;
};
/*
 * INSERT of the cells whose column exists. A column of the file's own that must not be NULL, has no
 * default and is not among the cells gets 0 or ''.
 */
int db_insert(struct db *db, enum chat_table table, const struct cell *cells, size_t n, char **why);
