/*
 * The groups of who connects, noted for what is shared with groups: the kernel's word, as it was at
 * connect(2). The newest connection of an account's own user counts.
 */
#pragma once

#include "daemon/ipc/dispatch.h"

/* The call's connection has just been given the account of its uid. `then` comes when the store knows, often at once. */
void members_note(struct call *call, void (*then)(struct call *call));
void members_fini(struct server *s);
