/* Waiting until what was deleted is in no file any more. */
#pragma once

struct server;

/* `then` comes once, from the loop or at once, also when the store gives up. */
void settle(struct server *s, void (*then)(void *ctx), void *ctx);
