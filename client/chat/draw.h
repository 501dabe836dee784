/*
 * What the line editor looks like: rows of the screen below the text that stands, drawn anew from
 * the first place that differs. Pure: bytes for the terminal come out. No cursor is asked for; all
 * movement is from where the last drawing left it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct edit;

struct look {
	unsigned width, height; /* of the terminal */
	bool color, utf8;
	bool reflows; /* lines that are too long for a narrower window are wrapped by the terminal */
	const char *prompt; /* printable ASCII */
	const char *hint;   /* shown while nothing is written; NULL: none */
};

struct row {
	struct buf bytes;
	unsigned columns;
	bool odd; /* the terminal may see other columns in it */
};

struct draw {
	struct row *rows; /* on the screen */
	size_t nrows;
	size_t row; /* the cursor */
	unsigned column;
	size_t top; /* of all rows, the first that is on the screen */
};

void draw_init(struct draw *d);
void draw_fini(struct draw *d);
void draw_edit(struct draw *d, const struct edit *e, const struct look *look, struct buf *out);
/* All of it, however long, and `mark` behind it; the cursor on a new line below: it stands from now on. */
void draw_end(struct draw *d, const struct edit *e, const struct look *look, const char *mark, struct buf *out);
/* Takes it off the screen, so that something can be printed in its place. */
void draw_erase(struct draw *d, struct buf *out);
/* The window has another size: as draw_erase, knowing that the terminal has moved things. */
void draw_resized(struct draw *d, const struct look *look, struct buf *out);
/* What was drawn is not where it was: somebody else has written. The next drawing begins at the cursor. */
void draw_forget(struct draw *d);
