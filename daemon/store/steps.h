/*
 * The rows of `steps` and `threads` that we write, in Chainlit's format (Message.to_dict,
 * Step.to_dict).
 */
#pragma once

#include "daemon/store/db.h"
#include "daemon/store/turns.h"

#define STEP_NOTICE_STOPPED "Task manually stopped."

/*
 * A thread of the account; name and stamp as given, tags (JSON array or NULL) under our key in
 * metadata.
 */
int thread_insert(struct db *db, const char *id, const struct account *who, const char *name,
	const char *tags, int64_t us, char **why);

/*
 * One question takes three: user_message, run "on_message", assistant_message. Stamps must rise in
 * that order.
 */
int step_insert_user(struct db *db, const char *id, const char *thread, const char *author,
	const char *text, size_t n, int64_t us, char **why);
int step_insert_run(struct db *db, const char *id, const char *thread, const char *parent,
	const char *text, size_t n, int64_t us, char **why);
int step_insert_answer(struct db *db, const char *id, const char *thread, const char *parent,
	const char *text, size_t n, int64_t us, char **why);
/*
 * The end of a run and its answer's text. The run of an answer that is not whole is an error to
 * Chainlit.
 */
int step_end_run(struct db *db, const char *run, bool failed, const char *error, int64_t us,
	char **why);
int step_set_output(struct db *db, const char *id, const char *text, size_t n, char **why);
