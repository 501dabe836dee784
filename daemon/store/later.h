/*
 * Another try for what goes on behind everybody's back and could not, on a full disk say: after a while,
 * whether or not anybody asks for anything meanwhile. On the loop.
 */
#pragma once

#include <uv.h>

#include "common/list.h"
#include "daemon/store/store.h"

struct laters {
	uv_timer_t timer;
	struct list waiting; /* of struct store_later */
	uint64_t ms;
};
void laters_init(struct laters *l, uv_loop_t *loop, uint64_t ms);
void laters_add(struct laters *l, struct store_later *one); /* harmless on one that waits */
void laters_close(struct laters *l, uv_close_cb closed);    /* who waits is not called any more */
