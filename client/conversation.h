/* Stored turns: their whole text, one of them, a thread, a branch; what they look like is paper.h's. */
#pragma once

#include <stdbool.h>

#include "client/paper.h"
#include "common/buf.h"
#include "proto/val.h"

struct client;
struct json_out;
struct link;

/*
 * A turn's map has at most 256 KiB of text; what is past that is fetched on a connection of its
 * own, because the map dies with the next message of the one it came by. 0, or a status and said.
 */
int turn_text(const struct client *c, struct val turn, struct buf *out);
int turn_json(const struct client *c, struct val turn,
	struct json_out *w); /* the map with its whole text */

int turn_json_pairs(const struct client *c, struct val turn, struct json_out *w); /* ... into an open object */

/* One turn, or all of a thread, with a title and a final newline. REF is resolved by the daemon. */
int conversation_turn(
	struct link *l, const char *ref, const struct paper *paper, struct buf *out);
/*
 * The branch that is gone on from: its newest `most` turns (0: all), the oldest first. *others: turns
 * that stand on other branches, -1 where the beginning was left out. Errors as below.
 */
int conversation_branch(struct link *l, const char *ref, int64_t most, const struct paper *paper, int64_t *others, struct buf *out);
/* No such thread: STATUS_NOT_FOUND with nothing said, for it may be a turn. */
int conversation_thread(
	struct link *l, const char *ref, const struct paper *paper, struct buf *out);
