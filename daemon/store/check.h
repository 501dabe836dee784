/* Are the files of the store sound? For `ragchat doctor`. */
#pragma once

#include "daemon/store/store.h"

/* STORE_SCAN, with a deadline: what it cuts is said. */
struct op_check {
	struct job job;
	struct check_file {
		char *words; /* of what is wrong; NULL: nothing was found */
		bool cut;    /* the time was over first: what was looked at is sound */
	} chat, library;
};
struct op_check *op_check_new(void);
int op_check_run(struct db *db, struct job *j);
void op_check_free(struct op_check *op);
