/* Private to the store: what the operations on accounts share. */
#pragma once

#include "daemon/store/accounts.h"
#include "common/mem.h"
#include "daemon/store/db.h"

/* A row of `users` under a name that is free. */
int account_insert(struct db *db, const char *name, int64_t now_us, id_str id, char **why);
/* By name; *uid -1: none; *hash malloc'd or NULL, the caller wipes; each may be NULL. STORE_E_NOT_FOUND. */
int account_by_name(struct db *db, const char *name, struct account *out, int64_t *uid, char **hash, char **why);
/* Makes the row of ragchat_account where it is missing. */
int account_row_ensure(struct db *db, const char *id, enum account_role role, int64_t now_us, char **why);

struct record {
	bool failed;
	const char *kind, *account, *detail;
	const struct actor *actor;
};
/* Also forgets the oldest past what is kept. */
int record_add(struct db *db, const struct record *r, char **why);
int tokens_end(struct db *db, const char *account, int64_t *n, char **why); /* all of them; *n may be NULL */

static inline void actor_fini(struct actor *a)
{
	mem_free(a->name);
}
char *secret_free(char *s); /* wipes; takes NULL; gives NULL */
