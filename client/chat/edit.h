/*
 * The line editor: a key in, a changed message or a wish out. Pure; what it looks like is draw.h's,
 * where keys come from prompt.h's.
 */
#pragma once

#include <stdbool.h>

#include "client/chat/history.h"
#include "client/chat/key.h"
#include "client/chat/line.h"

enum edit_wish {
	EDIT_NOTHING,   /* nothing is different */
	EDIT_CHANGED,   /* to be drawn */
	EDIT_SEND,      /* e->line is the message */
	EDIT_LEAVE,     /* C-d with nothing written */
	EDIT_INTERRUPT, /* C-c: the line is to be given up */
	EDIT_SUSPEND,
	EDIT_COMPLETE,
	EDIT_CLEAR,  /* the screen */
	EDIT_EDITOR, /* the message is to be written there */
	EDIT_REFUSED, /* e->why */
};

struct edit {
	struct line line;
	const struct history *history;
	size_t entry; /* of the history that is shown; history->n: the message being written */
	char *draft;  /* that message, while an entry is shown */
	bool searching;
	struct buf needle;
	size_t found;       /* the entry */
	char *before;       /* the message when the search began */
	bool failing;       /* nothing older has the needle */
	char why[160];
};

void edit_init(struct edit *e, const struct history *h, size_t max);
void edit_fini(struct edit *e);
void edit_begin(struct edit *e, const char *text); /* a new message; text may be NULL */
enum edit_wish edit_key(struct edit *e, const struct key *k);
