/*
 * The chat-completions dialect: events of a stream in, the answer's events out. Knows the many
 * relatives of a chat.completion.chunk (completion.h), errors within the stream, reasoning in every
 * place it is put, citations, and when an answer is over. Pure: no I/O, no clock.
 *
 * What it gives out is clean UTF-8 cut at code points; what two events share (a surrogate pair, a
 * multi-byte sequence, a status line, a <think> tag) is joined first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/utf8.h"
#include "daemon/types.h"
#include "common/split.h"
#include "daemon/upstream/think.h"
#include "daemon/upstream/upstream.h"

#define DIALECT_BAD_MAX 16      /* broken events; one more ends the answer */
#define DIALECT_EARLY_EVENTS 16 /* of another index, while index 0 may still come */
#define DIALECT_EARLY_BYTES 65536

struct completion;

/* Text of one kind on its way out: what the last piece ended with and the next one completes. */
struct dialect_text {
	struct utf8_clean bytes;
	uint16_t high;
};

struct dialect {
	const struct upstream_events *ev; /* on_end is not called from here */
	void *ctx;
	struct buf *scratch; /* shared by all, empty between calls */
	size_t max_answer, given, text_given;
	int64_t index, early_index; /* of the choice that is the answer */
	unsigned chunks, bad, early_events;
	bool mute;     /* cancelled: say nothing more */
	bool finished; /* a finish_reason came */
	bool done;     /* [DONE] came: what follows is ignored */
	bool progress; /* text came since this was last set to false */
	bool pieces;   /* content came as deltas */
	bool refused, tools, unnamed, closed;
	bool replay, eof;
	enum upstream_result result;
	char *trouble; /* in words, for result != UPSTREAM_OK */
	char *finish_reason, *model, *usage, *suspect, *first_bad;
	uint64_t whole_n, whole_hash; /* of the text that came in whole messages */
	struct dialect_text content, reasoning;
	struct think think;
	struct split split;
	struct buf early;
	struct source_list sources;
};

struct dialect_options {
	size_t max_answer; /* bytes of answer and reasoning; 0: no bound */
	bool inline_think, raw_text;
};

void dialect_init(struct dialect *d, const struct dialect_options *o,
	const struct upstream_events *ev, void *ctx, struct buf *scratch);
void dialect_fini(struct dialect *d);
/* One event. 0; positive: the answer is over (done or failed), nothing more is wanted; -ENOMEM. */
int dialect_event(struct dialect *d, const char *name, size_t name_len, const char *data, size_t n);
/* The stream ended, for whatever cause: gives out what is held, the sources and the usage. Once. */
void dialect_close(struct dialect *d);
/* What the answer amounts to after dialect_close. *text is malloc'd for what is not UPSTREAM_OK. */
enum upstream_result dialect_verdict(const struct dialect *d, char **text);
