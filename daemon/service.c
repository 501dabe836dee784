/* Ready, reloading, stopping, alive. */
#define LOG_TAG "service"
#include "daemon/service.h"

#include "common/attr.h"
#include "common/log.h"

void service_init(struct service *v)
{
	*v = (struct service){ 0 };
	notify_init(&v->notify);
}

/* On the writer: its turn having come is all there is to it. */
static int pulse_run(struct db *db attr_unused, struct job *j attr_unused)
{
	return 0;
}

/* A database that refuses writes has said so elsewhere, and reading goes on: the writer is alive. */
static void pulse_done(struct job *j)
{
	struct service *v = j->ctx;

	v->flying = false;
	job_fini(j);
	notify_send(&v->notify, "WATCHDOG=1");
}

static void on_timer(uv_timer_t *t)
{
	struct service *v = t->data;

	if (v->flying)
		return;
	v->pulse = (struct job){ .run = pulse_run, .done = pulse_done, .ctx = v };
	v->flying = store_submit(v->store, STORE_WRITER, &v->pulse) == 0;
}

void service_ready(struct service *v, uv_loop_t *loop, struct store *store)
{
	uint64_t every = v->notify.watchdog_ms / 2 ? v->notify.watchdog_ms / 2 : 1;

	v->store = store;
	notify_send(&v->notify, "READY=1");
	if (!v->notify.watchdog_ms)
		return;
	v->timed = true;
	uv_timer_init(loop, &v->timer);
	v->timer.data = v;
	uv_timer_start(&v->timer, on_timer, 0, every);
	uv_unref((uv_handle_t *)&v->timer);
	log_debug("a sign of life every %llu ms", (unsigned long long)every);
}

void service_reloading(struct service *v)
{
	notify_reloading(&v->notify);
}

void service_reloaded(struct service *v)
{
	notify_send(&v->notify, "READY=1");
}

void service_stopping(struct service *v)
{
	notify_send(&v->notify, "STOPPING=1");
}

void service_stop(struct service *v)
{
	if (v->timed)
		uv_close((uv_handle_t *)&v->timer, NULL);
	v->timed = false;
}

void service_fini(struct service *v)
{
	notify_fini(&v->notify);
}
