/*
 * How a question was asked, as JSON kept with its turn: what retry and edit start from, and history tells.
 *
 *   {"model": S, "system": S, "options": {}, "collection": S, "retrieval": "local"|"off", "documents": [S]}
 */
#pragma once

#include "daemon/chat/chat.h"

char *ask_meta_json(const struct ask_options *ask);                  /* the caller's; NULL where nothing was said */
void ask_meta_take(struct ask_options *ask, const char *meta);       /* what ask says already stays; meta may be NULL or no JSON */
