/*
 * The text of a ragchat.conf, read and changed line by line: comments, order and what is not understood
 * stay as they are. What a name means and which values are good is ragchatd's to say.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct conf_line {
	const char *at; /* the line, in the text */
	size_t len;     /* with its newline */
	const char *name;
	size_t nname;   /* 0: blank, a comment, or no "name = value" */
	bool comment;   /* "#name = value", as the template has it */
};

/* The line at *p; moves *p on. False: the end. */
bool conf_next(const char **p, const char *end, struct conf_line *line);
/* The values of `name`, each on a line of its own if there are several; false: it is not in the text. */
bool conf_get(const char *text, size_t n, const char *name, struct buf *value);
void conf_add(const char *name, const char *value, size_t n, struct buf *out); /* "name = value\n", quoted where it must be */
/*
 * The text with `name` set to these values (none: taken out): in place of the first line that sets it, else
 * behind its commented line, else at the end.
 */
void conf_set(const char *text, size_t n, const char *name, char *const *values, size_t nvalues, struct buf *out);
