/* What `ragchat status` and `ragchat daemon status` both print. */
#pragma once

#include <stdbool.h>

struct client;

int status_print(struct client *c, bool json); /* an exit status */
