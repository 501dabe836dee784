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

/* 0 with `id`; STORE_E_NOT_FOUND; STORE_E_AMBIGUOUS with candidates. */
int ref_thread(struct db *db, const struct account *who, const char *ref, enum ref_scope scope,
	id_str id, struct candidates *c, char **why);
/* A thread's REF means its newest turn. */
int ref_turn(struct db *db, const struct account *who, const char *ref, id_str id,
	struct candidates *c, char **why);
/* "last" and "@-N": names nobody can give to a thread. */
bool ref_is_word(const char *ref);
