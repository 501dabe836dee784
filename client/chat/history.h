/*
 * Lines given before: those of the file $XDG_STATE_HOME/ragchat/chat_lines (0600, the newest 1000),
 * and the questions of the thread at hand. A line that begins with a space, is long, or looks like it
 * holds a key or a token is remembered for this run only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HISTORY_LINES 1000
#define HISTORY_LINE_MAX 4096 /* bytes of one in the file */

struct history {
	char **v; /* oldest first */
	size_t n, cap;
	char *path; /* NULL: nothing is written */
};

/* path NULL: the usual place; "": none. A file that others can read is not read, and said. */
void history_open(struct history *h, const char *path);
void history_fini(struct history *h);
void history_add(struct history *h, const char *s, bool keep); /* keep: in the file too */
/* One line of the file for an entry, and back; malloc'd. */
char *history_escape(const char *s);
char *history_unescape(const char *s, size_t n);
bool history_is_secret(const char *s);
