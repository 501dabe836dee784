/* The shapes of --json and --jsonl, each with its final newline. Field names: ragchat(1). */
#pragma once

#include "client/answer.h"
#include "common/buf.h"
#include "proto/val.h"

struct json_out;

/* Lines; each begins with "event". */
void json_accepted(struct val reply, struct buf *out);
void json_piece(const char *event, const char *turn, uint64_t off, const char *s, size_t n,
	struct buf *out);
void json_note(struct val note, struct buf *out);         /* any other notification, as it is */
void json_error(const struct answer *a, struct buf *out); /* the answer's error */
/* What an error of the daemon is made of, wherever one is shown: into an object that is open. */
void json_error_members(struct json_out *w, int code, const char *name, const char *message);

/*
 * The object of a whole answer. `turn`, where it could be had, has quotes and which sources are
 * cited.
 */
void json_answer(const struct answer *a, struct val turn, struct buf *out);
