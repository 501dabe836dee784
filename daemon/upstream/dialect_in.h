/* Between the parts of the dialect: events, chunks, choices, text. */
#pragma once

#include "daemon/upstream/completion.h"
#include "daemon/upstream/dialect.h"

enum { DIALECT_STOP = 1 };

void dialect_notice(struct dialect *d, const char *name, const char *text);
/* The first failure stands. text is taken. Returns DIALECT_STOP. */
int dialect_fail(struct dialect *d, enum upstream_result result, char *text);
void dialect_no_memory(struct dialect *d);

/* Strings and lists of parts, raw, as the answer or the reasoning. */
void dialect_content(struct dialect *d, const struct json_slice *s);
void dialect_reasoning(struct dialect *d, const struct json_slice *s);
void dialect_parts(struct dialect *d, const struct json_slice *raw, bool reasoning);
void dialect_whole(struct dialect *d, const struct json_slice *s);
void dialect_end_text(struct dialect *d); /* what is held back of it comes out */

void dialect_message(struct dialect *d, const struct completion_choice *c);
void dialect_choice(struct dialect *d, const struct completion_choice *c);
void dialect_finish(struct dialect *d, const char *reason);

/* One chunk, read whole before; data is its JSON. 0, or DIALECT_STOP. */
int dialect_chunk(struct dialect *d, struct completion *c, const char *data, size_t n);
/* The choice that is the answer is known: what was kept of it counts now. */
void dialect_settle_index(struct dialect *d, int64_t index);
/* One or more JSON values: an event may hold several where a backend forgets the blank line. */
int dialect_value(struct dialect *d, const char *data, size_t n);
