/*
 * Messages on stderr and the exit statuses. A message is one line in one write and begins with who
 * failed: "ragchat:", "daemon:" or "backend:". What it quotes has passed the terminal filter.
 */
#pragma once

#include <stddef.h>

#include "common/attr.h"

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* the answer failed or is truncated */
	STATUS_USAGE = 2,
	STATUS_NOT_FOUND = 3, /* or ambiguous */
	STATUS_DATA = 65,
	STATUS_INPUT = 66,       /* cannot read a file */
	STATUS_UNAVAILABLE = 69, /* the daemon or the backend cannot be reached */
	STATUS_OUTPUT = 73,      /* cannot write the output */
	STATUS_LATER = 75,
	STATUS_PROTOCOL = 76,
	STATUS_DENIED = 77,
	STATUS_CONFIG = 78,
	STATUS_TIMEOUT = 124,
	STATUS_CANCELLED = 130,
	STATUS_PIPE = 141,
};

void say(const char *fmt, ...) attr_printf(1, 2); /* "ragchat: ..." */
void say_as(const char *who, const char *fmt, ...) attr_printf(2, 3);
int say_fail(int status, const char *fmt, ...) attr_printf(2, 3); /* say, then status */
struct buf;
void say_into(struct buf *out, const char *who, const char *s, size_t n); /* the line of a message, to be said later */
/* From now on each message goes through this, to be laid out. */
typedef void say_shape_fn(const char *s, size_t n, struct buf *out);
void say_shaped(say_shape_fn *fn);
/* A line without a prefix, styled or not by the caller; `text` is written as it is. */
void say_plain(const char *text, size_t n);
