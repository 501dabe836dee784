/* Inside the index of what was said: its rows, and the verbs that filling and searching share. */
#pragma once

#include <sqlite3.h>

#include "daemon/store/db.h"
#include "daemon/store/searches.h"

#define SEARCH_VERSION 2
#define SAID_BYTES 65536   /* of a message in one row: what a snippet has to be looked for in */
#define SAID_BITS 8
#define PIECE_ANSWER 32     /* pieces from here on are of the answer; a question has at most 16 */
#define PIECES_ANSWER 200   /* of a Chainlit's longer ones the rest is not found */
#define SHARD_ROWS 30000

#define SAID_TABLE 32
void said_table(char out[SAID_TABLE], int64_t shard);
/* Piece k of a text: [from, to), cut between characters. False: there is none. */
bool said_piece(const char *text, size_t n, size_t k, size_t *from, size_t *to);

/* search_index.c, search_turn.c */
struct index_place { /* what is indexed, read from the conversations */
	id_str id, thread, account;
	int64_t created_us;
	char *name;          /* NULL: not the first of its thread, or its question begins so */
	char *question, *answer;
	size_t question_len, answer_len;
};
int search_put(struct db *db, const struct index_place *p, int64_t *rows, char **why);
int search_put_turn(struct db *db, const char *turn, int64_t *rows, char **why); /* *found none: nothing */
/* Up to `most` turns of a thread go out, or this one; *more: some are left. */
int search_take_out(struct db *db, const char *thread, const char *turn, int most, bool *more, int64_t *rows, char **why);
int search_drop_account(struct db *db, const char *account, bool *more, char **why);
int search_scrub(struct db *db, bool *more, char **why); /* a bit of merging; *more: some is left */
