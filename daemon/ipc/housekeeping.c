/* One thread after another, one slice after another, each submitted when the one before is done. */
#define LOG_TAG "history"
#include "daemon/ipc/housekeeping.h"

#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/settle.h"
#include "daemon/server.h"
#include "daemon/store/history.h"

static void next(struct housekeeping *h);

static void settled(void *ctx)
{
	(void)ctx;
}

static void rest(struct housekeeping *h, const char *why)
{
	if (h->removed)
		settle(h->server, settled, NULL);
	h->removed = false;
	h->running = false;
	if (why)
		log_warn("old threads are not all deleted: %s", why);
}

/* It may have been asked in meanwhile: then it is refused, and found again when it is old anew. */
static void on_removed(struct job *j)
{
	struct op_thread_remove *op = container_of(j, struct op_thread_remove, job);
	struct housekeeping *h = j->ctx;

	if (j->r == 0 && op->more && h->server->stage == SERVER_RUNNING &&
		store_submit(h->server->store, STORE_WRITER, j) == 0)
		return;
	h->removed |= j->r == 0;
	h->expired += j->r == 0 && op->ref;
	if (j->r == 0)
		next(h);
	else
		rest(h, j->why ? j->why : "the database failed");
	op_thread_remove_free(op);
}

static void remove_one(struct housekeeping *h, const struct op_expired *old)
{
	struct op_thread_remove *op = op_thread_remove_new();

	if (old) {
		op->account = old->account;
		op->account.name = mem_dup(old->account.name);
		op->ref = mem_dup(old->id);
	}
	op->job.done = on_removed;
	op->job.ctx = h;
	if (store_submit(h->server->store, STORE_WRITER, &op->job) == 0)
		return;
	op_thread_remove_free(op);
	rest(h, "busy");
}

static void on_found(struct job *j)
{
	struct op_expired *op = container_of(j, struct op_expired, job);
	struct housekeeping *h = j->ctx;

	if (j->r == 0 && op->id[0])
		remove_one(h, op);
	else
		rest(h, j->r ? "the database failed" : NULL);
	op_expired_free(op);
}

static void next(struct housekeeping *h)
{
	int64_t keep = h->server->config->keep_threads;
	struct op_expired *op;

	if (!keep || h->server->stage != SERVER_RUNNING) {
		rest(h, NULL);
		return;
	}
	op = op_expired_new();
	op->before_us = clock_wall_us() - keep * 1000;
	op->job.done = on_found;
	op->job.ctx = h;
	if (store_submit(h->server->store, STORE_KEYED, &op->job) == 0)
		return;
	op_expired_free(op);
	rest(h, "busy");
}

static void on_timer(uv_timer_t *timer)
{
	struct housekeeping *h = timer->data;

	if (h->running)
		return;
	h->running = true;
	next(h);
}

void housekeeping_start(struct housekeeping *h, struct server *s)
{
	h->server = s;
	uv_timer_init(&s->loop, &h->timer);
	uv_unref((uv_handle_t *)&h->timer);
	h->timer.data = h;
	h->running = true;
	remove_one(h, NULL);
	housekeeping_configure(h);
}

void housekeeping_configure(struct housekeeping *h)
{
	const struct config *c = h->server->config;

	if (!c->keep_threads)
		uv_timer_stop(&h->timer);
	else
		uv_timer_start(&h->timer, on_timer, (uint64_t)min_of(c->keep_check, (int64_t)1000), (uint64_t)c->keep_check);
}

void housekeeping_close(struct housekeeping *h)
{
	uv_close((uv_handle_t *)&h->timer, NULL);
}
