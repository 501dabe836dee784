/*
 * Operations on accounts. An account is a row of `users`; what Chainlit does not know of it is in
 * ragchat_account, whose row may be missing.
 */
#pragma once

#include "daemon/store/turns.h"

const char *account_role_name(enum account_role role);          /* "user", "admin" */
int account_role_parse(const char *name, enum account_role *role); /* 0 or -EINVAL */

/*
 * The account of a uid. Without `name` it is looked for (STORE_KEYED): STORE_E_NOT_FOUND when
 * there is none. With one it is made where there is none yet (STORE_WRITER), under that name, or
 * another that shows the uid where the name is somebody else's.
 */
struct op_peer_account {
	struct job job;
	int64_t uid;
	char *name;
	enum account_role role; /* of one that is made */
	struct account account; /* out */
	bool created;
};
struct op_peer_account *op_peer_account_new(void);
int op_peer_account_run(struct db *db, struct job *j);
void op_peer_account_free(struct op_peer_account *op);
