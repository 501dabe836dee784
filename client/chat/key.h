/*
 * Bytes of a terminal to keys. Pure: no I/O, no clock; fed byte by byte it gives the same keys as fed
 * at once. What lies between the marks of a bracketed paste (xterm's CSI 200~ and 201~) is one key,
 * whatever it holds; sequences that mean nothing here are passed over whole.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum key_code {
	KEY_NONE,
	KEY_CHAR,       /* text, n: one code point of UTF-8, no control */
	KEY_PASTE,      /* text, n: as it was pasted, until the next key is asked for */
	KEY_PASTE_LONG, /* a paste past the bound: dropped */
	KEY_INVALID,    /* bytes that are no UTF-8 */
	KEY_ENTER,
	KEY_NEWLINE, /* Alt-Enter */
	KEY_TAB,
	KEY_ESCAPE, /* by keys_flush only: alone it cannot be told from the start of a sequence */
	KEY_LEFT,
	KEY_RIGHT,
	KEY_UP,
	KEY_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_WORD_LEFT,
	KEY_WORD_RIGHT,
	KEY_BACKSPACE,
	KEY_DELETE,
	KEY_KILL_END,   /* C-k */
	KEY_KILL_START, /* C-u */
	KEY_RUBOUT,     /* C-w: back to white space */
	KEY_KILL_WORD,  /* M-d */
	KEY_KILL_BACK,  /* M-BS */
	KEY_YANK,
	KEY_SWAP,  /* C-t */
	KEY_UNDO,  /* C-_ */
	KEY_CLEAR, /* C-l */
	KEY_SEARCH,
	KEY_ABORT,     /* C-g */
	KEY_INTERRUPT, /* C-c */
	KEY_CTRL_D,
	KEY_SUSPEND,
	KEY_EDITOR, /* C-x C-e */
	KEY_FIRST, /* M-< */
	KEY_LAST,  /* M-> */
};

struct key {
	enum key_code code;
	const char *text;
	size_t n;
};

#define KEY_SEQUENCE_MAX 32

struct keys {
	uint8_t seq[KEY_SEQUENCE_MAX]; /* of a sequence or a character that is not complete */
	size_t nseq;
	bool pasting, too_long;
	struct buf paste; /* with as much of the end mark as has come */
	char text[4];
};

void keys_init(struct keys *k, size_t paste_max);
void keys_fini(struct keys *k);
/* Takes bytes until a key is complete; the bytes taken. KEY_NONE: all were taken and none is. */
size_t keys_feed(struct keys *k, const uint8_t *s, size_t n, struct key *out);
bool keys_waiting(const struct keys *k); /* within a sequence: an ESC that came alone does that too */
void keys_flush(struct keys *k, struct key *out); /* nothing more came of it */
