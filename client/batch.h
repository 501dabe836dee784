/*
 * Messages of JSON-RPC 2.0, taken apart: a request, or a list of them whose answers leave as a list,
 * when the last one is there; and written.
 */
#pragma once

#include "client/stdio.h"
#include "common/json.h"

#define BATCH_MAX (4u << 20) /* bytes of the answers to one list */
#define BATCH_TOO_LARGE "the answers to this batch are larger than 4 MiB together"

struct batch {
	size_t left; /* answers to come, and 1 while it is read */
	struct buf out;
};

/* Of one request, valid JSON; batch: NULL where it came alone. */
typedef void batch_take_fn(void *ctx, struct batch *batch, const char *request, size_t n);

/* 0, or what to refuse the message with: RPC_PARSE, RPC_INVALID, and *why. */
int batch_read(struct stdio *io, const char *message, size_t n, batch_take_fn *take, void *ctx, const char **why);
static inline struct batch *batch_ref(struct batch *batch) /* of NULL: NULL */
{
	if (batch)
		batch->left++;
	return batch;
}
void batch_unref(struct batch *batch, struct stdio *io); /* the last one sends what there is */

/* A message in `line`, with its object open. id: JSON, of an answer; NULL: it is none. */
void message_begin(struct json_out *w, struct buf *line, const char *id);
/*
 * Its object closed, it is sent, or waits in its batch (NULL: it has none). False: the answers would be too
 * large together; the caller writes an error in its place, with force.
 */
bool message_end(struct json_out *w, struct batch *batch, struct stdio *io, bool force);
