/*
 * Operations on sharing: who may read a thread besides its owner. With an account by name, or with
 * the members of a group by its number, as the kernel told them when they last connected.
 */
#pragma once

#include "daemon/store/turns.h"

#define SHARES_MAX 1000 /* of one thread, and members of a peer's groups that are kept */

/* STORE_WRITER: share, or share no more. A share that is there already, or was not, changes nothing. */
struct op_share {
	struct job job;
	struct account account;  /* in: the owner */
	char *ref, *with;        /* a thread; "name", or "@gid" */
	bool remove;
	struct thread_row thread; /* out */
	id_str other;            /* of the account it is with; "" of a group */
	int64_t gid;             /* -1: of an account */
	struct candidates candidates;
};
struct op_share *op_share_new(void);
int op_share_run(struct db *db, struct job *j);
void op_share_free(struct op_share *op);

/* STORE_KEYED: the account's shares, of one thread when ref is set. */
struct share_row {
	id_str thread;
	char *name, *with; /* of the thread; as above */
	int64_t created_us;
};
struct op_share_list {
	struct job job;
	struct account account;
	char *ref;
	struct share_row *rows;
	size_t n;
	struct candidates candidates;
};
struct op_share_list *op_share_list_new(void);
int op_share_list_run(struct db *db, struct job *j);
void op_share_list_free(struct op_share_list *op);

/* STORE_WRITER: the groups of an account's user, as of now. */
struct op_members {
	struct job job;
	id_str account;
	int64_t *gids;
	size_t n;
};
struct op_members *op_members_new(const char *account);
int op_members_run(struct db *db, struct job *j);
void op_members_free(struct op_members *op);
