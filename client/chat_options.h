/* The options of `ragchat chat`, read by it and by the program that it becomes. */
#pragma once

#include <stdbool.h>

#include "client/view.h"

struct client;

struct chat_options {
	bool follow_on;     /* -c */
	const char *thread; /* -t */
	const char *model, *system;
	enum view_citations citations;
};

/* 0; -1: the line ends here, with *status. */
int chat_options_read(struct client *c, int argc, char **argv, struct chat_options *o, int *status);
