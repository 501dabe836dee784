/*
 * What the service manager is told: started, reloading, stopping, alive. The protocol of
 * sd_notify(3), without its library: one datagram to $NOTIFY_SOCKET. Without that variable, and
 * where nobody listens any more, everything here does nothing.
 */
#pragma once

#include <stdint.h>

#include "common/attr.h"

struct notify {
	int fd;               /* -1: nobody wants to know */
	uint64_t watchdog_ms; /* how often the manager wants a sign of life at least; 0: it does not */
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: they are for us, not for helpers. */
void notify_init(struct notify *n);
void notify_fini(struct notify *n);
/* Lines of "NAME=value", "\n" between. Never waits. */
void notify_send(const struct notify *n, const char *fmt, ...) attr_printf(2, 3);
void notify_reloading(const struct notify *n); /* notify_send "READY=1" when it is done */
