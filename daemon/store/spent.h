/* What an account's answers took of the backend, by day and model, as the backend told it. */
#pragma once

#include "daemon/store/turns.h"

#define SPENT_MAX 2000 /* rows */

/* STORE_SCAN, with a deadline: what it cuts is said. */
struct op_spent {
	struct job job;
	struct account account; /* in */
	int64_t since_us;
	struct spent_row {
		char day[11];   /* UTC */
		char *model;    /* or NULL: none was named */
		int64_t turns, failed, prompt, completion, total; /* tokens; those of answers that told none are missing */
		int64_t told;   /* answers that told how many */
		double cost;    /* < 0: none was told */
	} *rows;                /* out: the newest day first */
	size_t n;
	bool cut;
};
struct op_spent *op_spent_new(void);
int op_spent_run(struct db *db, struct job *j);
void op_spent_free(struct op_spent *op);
