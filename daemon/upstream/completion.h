/*
 * One chunk of an answer (chat.completion.chunk and its many relatives) as slices into its JSON:
 * nothing is decoded and nothing copied here, and the whole chunk is read before any of it counts,
 * so that broken JSON never half applies.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/json.h"

#define COMPLETION_DEPTH 128
#define COMPLETION_ANY_INDEX (-1)

/* Slices are absent where p is NULL. "raw": a value of any type, as its bytes. */
struct completion_choice {
	int64_t index;
	struct json_slice content;   /* a string, or with `parts` a raw array */
	struct json_slice reasoning; /* a string, or with `reasoning_parts` a raw array */
	struct json_slice refusal, finish;
	struct json_slice tools;    /* raw */
	struct json_slice cite[3];  /* raw: annotations, context, executed_tools */
	struct json_slice messages; /* raw array of whole or partial messages */
	bool parts, reasoning_parts;
	bool thought; /* the content is reasoning */
	bool whole;   /* from `message`: the text so far, not the next piece */
	bool end_turn;
};

enum { CITE_ANNOTATIONS, CITE_CONTEXT, CITE_TOOLS };

struct completion {
	bool has_choice; /* the one asked for is in `choice` */
	bool has_other; /* a choice of another index, in `choice` only when there was none better */
	bool has_choices; /* the key is there, whatever its value */
	bool done;        /* "done": true */
	struct completion_choice choice;
	struct json_slice model;                  /* a string */
	struct json_slice error, usage;           /* raw; absent when null, false or empty */
	struct json_slice detail, message, event; /* raw */
	struct json_slice text; /* a string: home-made token, text, content, delta, response */
	struct json_slice citations, results, sources, extra; /* raw */
};

/* Reads the object ahead. want: the index of the choice, or COMPLETION_ANY_INDEX for the lowest.
 * false: no JSON object. */
bool completion_read(struct json *j, int64_t want, struct completion *c);
/* One message or delta, on its own. */
bool completion_read_message(struct json *j, struct completion_choice *c);

/* The key is `text`; one memcmp where nothing is escaped. */
#define key_is(key, text) \
	((key)->escaped ? json_slice_is((key), text) \
			: (key)->n == sizeof(text) - 1 && \
				  !memcmp((key)->p, text, sizeof(text) - 1))
