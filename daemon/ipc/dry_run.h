/* What a question would send, and to whom. Nothing is sent or stored. */
#pragma once

#include "daemon/ipc/dispatch.h"

struct dry_question {
	char *text; /* taken over, with what ask holds */
	size_t len;
	struct ask_options ask;
	bool in_thread; /* earlier turns would go along */
};

void dry_run(struct call *call, struct dry_question *q); /* answers the call */
