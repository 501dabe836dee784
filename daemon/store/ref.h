/*
 * REFs: how people name threads and turns. In this order, the first that fits:
 *	"last", "@-N"        by activity, or by time for turns
 *	a full id
 *	a thread's name      exactly
 *	THREAD:TURN          TURN: a number (seq), "last", "@-N" or a prefix of an id
 *	a prefix of an id    4 or more hex digits
 */
#pragma once

#include "daemon/store/db.h"
#include "daemon/store/turns.h"

enum ref_scope {
	REF_ANY,
	REF_CREATE, /* a name may be new: no THREAD:TURN, no turn's id; a colon is part of it */
};

/*
 * The one place that decides whose a thread or turn is: what is another's is not found, but for what is
 * shared to be read. To write it is STORE_E_SHARED then.
 */
enum ref_access { REF_OWN, REF_READ };

/* 0 with `id`; STORE_E_NOT_FOUND; STORE_E_SHARED; STORE_E_AMBIGUOUS with candidates. One's own come first. */
int ref_thread(struct db *db, const struct account *who, const char *ref, enum ref_scope scope,
	enum ref_access access, id_str id, struct candidates *c, char **why);
/* A thread's REF means its newest turn. *shared: it is another's; may be NULL. */
int ref_turn(struct db *db, const struct account *who, const char *ref, enum ref_access access,
	id_str id, bool *shared, struct candidates *c, char **why);
/* Threads shared with account ?1, as `s`: by itself, or by a group. */
#define SQL_SHARED \
	"(SELECT thread FROM ragchat_share WHERE account = ?1 UNION SELECT g.thread FROM ragchat_member m " \
	"JOIN ragchat_share g ON g.gid = m.gid WHERE m.account = ?1) s "
/* "last" and "@-N": names nobody can give to a thread. */
bool ref_is_word(const char *ref);
