/* Between transfer.c (the life of a transfer) and transfer_easy.c (libcurl's side of it). */
#pragma once

#include "daemon/upstream/transfer.h"

#define TRANSFER_REFUSAL_MAX 65536 /* bytes of an error's body that are looked at */

static inline uint64_t transfer_now(const struct transfer *t)
{
	return uv_now(t->u->loop);
}

static inline bool transfer_is_success(long status)
{
	return status >= 200 && status < 300;
}

bool transfer_open(struct transfer *t); /* starts a try; false: out of memory */
void transfer_drop(struct transfer *t); /* libcurl's part goes, the transfer stays */
void transfer_arm(struct transfer *t);  /* the clock, for whatever is next */
