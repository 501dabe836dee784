/* Asking a turn again, as `retry` does and, with other words, `edit`: the options of both, and the way to the answer. */
#pragma once

#include <stdbool.h>

#include "client/option.h"
#include "client/view.h"

struct link;
struct opts;
struct pack;

#define AGAIN_OPTS                             \
	{ 'm', "model", "MODEL" },             \
	{ 'O', "option", "KEY=VALUE" },        \
	{ 'd', "detach", NULL },               \
	VIEW_OPTS

struct again {
	struct view view;
	struct option_list options;
	const char *model; /* RAGCHAT_MODEL until an option says otherwise; NULL: the turn's own */
	bool detach;
};

void again_init(struct again *k);
bool again_option(struct again *k, struct opts *o, int id); /* false: the option is another's */
/* The key, the model and the rest of a request that names its turn already; then it is sent and followed. */
int again_follow(struct link *l, struct again *k, struct pack *p);
void again_fini(struct again *k);
