/*
 * Who a peer is. The kernel's word counts (SO_PEERCRED, SO_PEERGROUPS): the uid is the host's, also
 * of a peer in a user namespace, and as it was at connect(2).
 *
 *	user mode    the daemon's own uid, and root with allow_root, have the one account
 *	system mode  a member of the group has the account of its uid, made when it first comes;
 *	             root has its own, and is an admin
 *
 * uid 65534 and -1 are nobody in particular, and refused: the kernel gives them where a uid has no
 * mapping. The socket's mode is the first gate of system mode; this is the second.
 */
#pragma once

#include <stdbool.h>

#include "daemon/ipc/listener.h"
#include "daemon/store/accounts.h"

#define NOBODY 65534 /* the kernel's overflow uid */

struct server;

/*
 * Can this daemon tell users apart, and is the group there? Sets s->group. Asks the name service:
 * before the loop runs. 0, or -EINVAL with *why (malloc'd).
 */
int identity_init(struct server *s, char **why);
void identity_fini(struct server *s);
const char *identity_refusal(const struct server *s, const struct peer *peer); /* static words; NULL: it may talk */
bool identity_counts(const struct server *s, const struct peer *peer); /* the policy looks at the uid at all */
/*
 * The account of a peer that was not refused, made if there is none. done comes from the loop, or
 * at once where the uid is known already; `who` is lent. r: 0, STORE_E_*, -errno.
 */
void identity_find(struct server *s, const struct peer *peer, void (*done)(void *ctx, int r, const char *why, const struct account *who), void *ctx);
/* Accounts have changed: ask the store again. */
void identity_forget(struct server *s);
