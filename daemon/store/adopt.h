/*
 * Taking over what a Chainlit wrote: its threads and questions get rows of ours beside its own.
 * Nothing of Chainlit's is deleted or changed but an answer lost to '' that its session's history
 * still holds. Done at the first opening, and again whenever a Chainlit has added rows since; done
 * twice it changes nothing.
 */
#pragma once

#include "daemon/store/db.h"

struct adoption {
	int64_t threads, turns;     /* newly taken over */
	int64_t answers, questions; /* recovered */
	int64_t strangers;          /* threads without an owner, left alone; the first time only */
	struct adopted_account {    /* whose they are */
		char *name;
		int64_t threads;
	} *accounts;
	size_t naccounts, cap;
};

/* Looks first, cheaply; in the open transaction, else in one of its own. db->columns is loaded. */
int adopt_run(struct db *db, struct adoption *a, char **why);
/*
 * "took over 12 threads, 30 turns of admin from Chainlit; recovered 3 answers; ..." or NULL when
 * nothing happened.
 */
char *adopt_notice(const struct adoption *a, bool tightened, const char *backup);
void adopt_fini(struct adoption *a);
