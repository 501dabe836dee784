/*
 * One message from whoever sits there: by the editor on a terminal, by line elsewhere. Keeps type-ahead
 * for the next one.
 */
#pragma once

#include <stdbool.h>

#include "client/chat/draw.h"
#include "client/chat/edit.h"
#include "client/chat/history.h"
#include "client/chat/tty.h"

/* What may stand in the place of bytes `start` to the cursor. */
struct choices {
	size_t start;
	char **v;
	size_t n, cap;
	const char *after; /* put behind the only one */
};

struct prompt {
	struct tty tty;
	struct history history;
	struct edit edit;
	struct draw draw;
	struct keys keys;
	bool color, utf8, reflows;
	const char *words; /* "> " */
	const char *hint;  /* NULL: none */
	void (*complete)(void *ctx, const char *text, size_t n, struct choices *c);
	void *ctx;
	bool told_to_leave; /* how one leaves has been said */
};

enum prompt_end {
	PROMPT_MESSAGE,
	PROMPT_LEAVE,  /* C-d, the end of stdin */
	PROMPT_GIVEN_UP, /* C-c */
	PROMPT_SIGNAL, /* tty.left_by */
};

int prompt_open(struct prompt *p); /* 0 or -errno */
void prompt_close(struct prompt *p);
/* text: what is written already, or NULL. The message goes to out, which is empty. */
enum prompt_end prompt_read(struct prompt *p, const char *text, struct buf *out);
enum prompt_end prompt_read_line(struct prompt *p, struct buf *out); /* the same where there are no keys */

void choices_add(struct choices *c, const char *s);
void choices_fini(struct choices *c);
