/* One timer for all that wait for another try. */
#include "daemon/store/later.h"

#include "common/attr.h"

void laters_init(struct laters *l, uv_loop_t *loop, uint64_t ms)
{
	l->ms = max_of(ms, (uint64_t)1);
	list_init(&l->waiting);
	uv_timer_init(loop, &l->timer);
	uv_unref((uv_handle_t *)&l->timer); /* a store that waits does not keep the loop alive */
}

static void on_time(uv_timer_t *timer)
{
	struct laters *l = container_of(timer, struct laters, timer);
	struct list due;

	list_init(&due);
	list_splice(&due, &l->waiting); /* who fails at once waits for the next time */
	while (!list_empty(&due)) {
		struct store_later *one = list_first(&due, struct store_later, link);

		list_remove(&one->link);
		one->fn(one);
	}
}

void laters_add(struct laters *l, struct store_later *one)
{
	if (store_waits(one) || uv_is_closing((uv_handle_t *)&l->timer))
		return;
	list_push_back(&l->waiting, &one->link);
	if (!uv_is_active((uv_handle_t *)&l->timer))
		uv_timer_start(&l->timer, on_time, l->ms, 0);
}

void laters_close(struct laters *l, uv_close_cb closed)
{
	uv_close((uv_handle_t *)&l->timer, closed);
}
