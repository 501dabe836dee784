/*
 * Conversations from files of other programs, handed to the daemon turn by turn: many are on their way at once, and the
 * daemon's writer takes those that have come into one commit. A turn comes in once, however often it is sent.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/window.h"
#include "common/json.h"

struct link;

struct import {
	struct link *link;
	const char *file;
	int64_t threads, turns, known, left_out; /* so far: new ones, turns that were there, those that did not fit */
	int64_t bare; /* turns whose citations did not fit beside their text */
	struct window window;
};

void import_begin(struct import *k, struct link *l, const char *file);
int import_end(struct import *k); /* when all is answered: a status, said */

/* Slices of JSON; p NULL: not there. Texts are strings as they stand in the file. */
struct import_turn {
	struct json_slice thread, name, created, turn, question, answer, asked, ended, state, model;
	struct json_slice finish_reason, reasoning;
	struct json_slice rating, comment; /* "up" or "down" */
	struct json_slice tags, usage, found, coverage, sources, marks; /* whole values */
};
/* A status, said. */
int import_send(struct import *k, const struct import_turn *t);

/* One object: a thread as `export --all` writes it, {"thread": {...}, "turns": [...]}. line: for words. */
int import_thread(struct import *k, const char *json, size_t n, unsigned line);
/* What `llm logs list -n 0 --json` prints: an array of answers. */
int import_llm(struct import *k, const char *json, size_t n);
