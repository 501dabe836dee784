/* Datagrams to the service manager. The socket is opened once, before the file system is closed to us. */
#define LOG_TAG "notify"
#include "daemon/worker/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/str.h"

/* A path, or "@" and a name that is in no file system. */
static int connect_to(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	int fd;

	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof(a.sun_path))
		return -EINVAL;
	memcpy(a.sun_path, name, n);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
		int r = -errno;

		fd_close(fd);
		return r;
	}
	return fd;
}

/* WATCHDOG_PID names whom it is meant for; without it, us. */
static uint64_t watchdog_of(const char *usec, const char *pid)
{
	int64_t us, who = getpid();

	if (!usec || str_int(usec, 1, INT64_MAX, &us) != 0)
		return 0;
	if (pid && (str_int(pid, 1, INT32_MAX, &who) != 0 || who != getpid()))
		return 0;
	return (uint64_t)us / 1000;
}

void notify_init(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = -1 };
	if (name && *name) {
		n->fd = connect_to(name);
		if (n->fd < 0)
			log_warn("cannot reach the service manager: %s", strerror(-n->fd));
		n->watchdog_ms = n->fd < 0 ? 0 : watchdog_of(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_fini(struct notify *n)
{
	n->fd = fd_close(n->fd);
}

void notify_send(const struct notify *n, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int len;

	if (n->fd < 0)
		return;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(text))
		return;
	if (send(n->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("the service manager was not reached: %s", strerror(errno));
}

void notify_reloading(const struct notify *n)
{
	notify_send(n, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_mono_us());
}
