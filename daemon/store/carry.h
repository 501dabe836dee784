/*
 * Events of documents: written into library.db with what they tell, then carried over to the account's
 * numbered events in chat_history.db. Each step may be the last before a crash; none is lost or doubled:
 * a row leaves the library only when it is committed there, and what was committed is known by its id.
 */
#pragma once

#include "daemon/store/db.h"
#include "daemon/store/store.h"

int carry_prepare(sqlite3 *lib, char **why); /* makes the table where it is missing */
/* On the library's writer, within its transaction. kind: "document.added", ... */
int carry_add(struct db *db, const char *account, const char *kind, const char *document, const char *name, char **why);

/* On the loop: carries what is there, one batch after another; one at a time. */
struct carrier {
	struct store *store;
	bool wanted, running;
	bool told; /* that they wait */
	struct store_later later;
};
void carry_init(struct carrier *c, struct store *store);
void carry_go(struct carrier *c);
