/*
 * What a removed account owned goes bit by bit, so that nobody waits for it: documents first, then
 * conversations, the account's row last. What a stop cuts off goes on at the next start.
 */
#pragma once

struct server;

void purge_begin(struct server *s); /* also where it is under way */
