/*
 * Conversations from elsewhere, turn by turn. Their ids are made of the account and of the key that they had
 * there, so that the same file read twice, or again after a break, changes nothing; what still has its own
 * id here (an export that comes home) is known by it.
 */
#pragma once

#include "daemon/store/turns.h"

/* STORE_WRITER */
struct op_import {
	struct job job;
	struct account account;       /* in */
	char *thread_key, *name, *tags; /* tags: JSON array or NULL */
	int64_t created_us;           /* of the thread; 0: now */
	char *turn_key;               /* NULL: the thread alone */
	char *question, *answer, *model, *usage;
	size_t question_len, answer_len;
	char *finish_reason, *reasoning;
	char *sources, *marks;        /* JSON arrays as they came, or NULL */
	int found;                    /* -1: not told */
	double coverage;
	int64_t asked_us, ended_us;   /* 0: as its place says */
	enum turn_state state;        /* an ended one */
	bool thread_new, turn_new;    /* out */
	id_str turn;                  /* out: what it is called here; "": none */
};
struct op_import *op_import_new(void);
int op_import_run(struct db *db, struct job *j);
void op_import_free(struct op_import *op);
