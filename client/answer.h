/*
 * One answer as it comes together on the client: cursors, checksum, sources, how it ended. It is
 * fed with the `stream` notifications of its turn; what was seen before a lost connection is
 * recognised by its offset or event number and passed over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/mark.h"
#include "common/sha256.h"
#include "common/str.h"
#include "proto/val.h"

struct answer {
	char turn[UUID_LEN + 1], thread[UUID_LEN + 1];
	uint64_t from;      /* the offset it was attached at; the sum can be checked only from 0 */
	uint64_t off, roff; /* bytes of text and of reasoning taken */
	int64_t ev;         /* number of the last event taken */
	struct sha256 sum;
	bool keep; /* text and reasoning are wanted at the end */
	struct buf text, reasoning;
	struct buf sources;      /* JSON values with commas */
	struct buf source_lines; /* for people: a line each, not filtered */
	struct marks marks;      /* how the text's markers hold */
	struct buf figures;      /* a line for each figure of the text that no source has */
	char *marks_json;        /* ... as they came, or NULL */
	struct buf words;        /* of the question, in what is quoted; a line each */
	char *usage;             /* JSON object or NULL */
	char *passages;          /* what was read for it, a JSON list, or NULL */
	char *state;             /* NULL until done */
	char *finish_reason;
	int found;                /* -1 unknown */
	double coverage, seconds; /* < 0 unknown */
	int64_t tokens;           /* of the answer, else of all; -1 unknown */
	int error_code;
	char *error_name, *error_message;
	bool suspected; /* text that looks like a backend's error message */
	bool gap;       /* a piece was missing: what was printed is not the answer */
	bool differs;   /* done's length or sum is not ours */
};

enum answer_news {
	ANSWER_NOTHING,
	ANSWER_TEXT,      /* new text: *s, *n */
	ANSWER_REASONING, /* new reasoning: *s, *n */
	ANSWER_STATUS,
	ANSWER_NOTICE, /* *s, *n: their text */
	ANSWER_SOURCE,
	ANSWER_WORDS, /* *s, *n: those words */
	ANSWER_USAGE,
	ANSWER_ERROR,
	ANSWER_OTHER, /* an event of a newer server */
	ANSWER_DONE,
};

void answer_init(struct answer *a, bool keep);
void answer_fini(struct answer *a);
void answer_begin(struct answer *a, const char *turn, uint64_t from);
bool answer_is_for(const struct answer *a, struct val note);
enum answer_news answer_take(struct answer *a, struct val note, const char **s, size_t *n);
/* The fields that `done` and a turn's map share, and a turn's error and notices. */
void answer_take_end(struct answer *a, struct val map);
void answer_set_error(struct answer *a, int code, const char *name, const char *message);
bool answer_ended_as(const struct answer *a, const char *state);

/* The exit status of this answer, whatever the way it is printed. */
int answer_status(const struct answer *a);
/*
 * Says on stderr why it is not whole, and what can be done: `again` is how it is asked again, NULL the
 * command. Nothing for a whole one.
 */
void answer_say(const struct answer *a, bool saved, const char *again);

/*
 * "[1] path:12  title  url" of a source map, with what there is to say against it: "[2?] ...  weak
 * support", "...  changed since". marks may be NULL. Not filtered.
 */
void source_line(struct val source, const struct marks *marks, struct buf *out);
void marks_take(struct marks *l, struct val list); /* of the wire */
