/*
 * Most requests on turns begin the same way: find the row, then the live turn if there is one.
 *
 * turn_call_new copies the call; turn_call_go reads the parameter `turn` and, here or later on the loop, calls `then` once with the row and
 * the live turn or NULL. Where there is no such turn for the account, the call gets its error and `then` is not called.
 */
#pragma once

#include "daemon/ipc/dispatch.h"

struct turn_call {
	struct call call;
	size_t off, roff;
	uint64_t ev;
	bool stream;
	bool own;    /* it is to be changed: what others share does not do */
	bool shared; /* it is another's */
	struct ask_options ask;
	char *key;
	char *text;  /* an edit's question */
	size_t text_len;
	void (*then)(struct turn_call *tc, struct turn_row *row, struct turn *live); /* tc, row: until it returns */
	bool again;  /* read once more, behind what the writer was about */
};

struct turn_call *turn_call_new(struct call *call, void (*then)(struct turn_call *tc, struct turn_row *row, struct turn *live));
void turn_call_go(struct turn_call *tc, struct args *a, uint64_t max_text); /* takes tc; max_text: bytes of question and answer that are wanted */
