/* What an account takes up: bytes it keeps, uploads of a day. */
#pragma once

#include "daemon/store/turns.h"

/* STORE_KEYED */
struct op_kept {
	struct job job;
	id_str account;    /* in */
	uint64_t bytes;    /* of its questions and answers, and of its documents as they came */
};
struct op_kept *op_kept_new(const char *account);
int op_kept_run(struct db *db, struct job *j);
void op_kept_free(struct op_kept *op);

/* STORE_WRITER: one more upload, unless there were `most` on this day already. */
struct op_upload_count {
	struct job job;
	id_str account;
	int64_t day, most; /* day: since 1970, UTC */
	bool refused;      /* out */
};
struct op_upload_count *op_upload_count_new(const char *account);
int op_upload_count_run(struct db *db, struct job *j);
void op_upload_count_free(struct op_upload_count *op);
