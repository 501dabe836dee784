/*
 * The daemon as a service: what the service manager is told of its life, and the sign of life it
 * wants (WatchdogSec= in systemd.service(5)). A sign goes out only when the loop turns and the
 * database's writer has done a job since the last one: a daemon that can no longer keep its promise
 * is to be started anew. Where no manager asked, nothing runs.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "daemon/store/store.h"
#include "daemon/worker/notify.h"

struct service {
	struct store *store;
	struct notify notify;
	uv_timer_t timer;
	struct job pulse;  /* with the writer while `flying` */
	bool timed, flying;
};

void service_init(struct service *v); /* before the daemon is hardened */
/* Serving: "ready", then signs of life. The store outlives them: see service_stop. */
void service_ready(struct service *v, uv_loop_t *loop, struct store *store);
void service_reloading(struct service *v);
void service_reloaded(struct service *v);
void service_stopping(struct service *v);
void service_stop(struct service *v); /* after store_close: no more signs; its handle closes on the loop */
void service_fini(struct service *v);
