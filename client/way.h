/* One question's way, from what is stored with it: `ragchat log REF`. */
#pragma once

#include <stdbool.h>

struct client;

int way_print(struct client *c, const char *ref, bool json); /* a status, said */
