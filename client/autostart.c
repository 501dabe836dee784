/*
 * One starter of many: the lock, the wait for the socket, and what is said when it does not come.
 *
 * A daemon that is just leaving still holds its database. The new one then ends with 75 (try
 * later), and is started again until the deadline.
 */
#include "client/autostart.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "client/autostart_child.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"

#define LOOK_MS 10  /* between looks at the socket and the lock */
#define AGAIN_MS 50 /* before a daemon that was told to try later is started again */

struct start {
	char *socket, *dir, *program;
	int64_t timeout_ms;
	uint64_t deadline; /* monotonic, ms */
	char *log_path;
	off_t log_from;  /* where the log of this start begins */
	bool told_later; /* a daemon ended with 75, and its log says why */
	bool stopped;    /* whoever wanted it does not any more */
	char **why;
};

enum { DAEMON_READY, DAEMON_TRY_LATER = 1, DAEMON_ENDED, DAEMON_LATE };

bool autostart_listens(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	bool there;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	/* EAGAIN: its queue is full, so somebody is there. */
	there = fd >= 0 && strlen(path) < sizeof(a.sun_path) && (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EAGAIN);
	fd_close(fd);
	return there;
}

static bool (*wants_stop)(void *ctx);
static void *wants_stop_ctx;

void autostart_heed(bool (*stop)(void *ctx), void *ctx)
{
	wants_stop = stop;
	wants_stop_ctx = ctx;
}

static bool is_late(struct start *s)
{
	s->stopped = s->stopped || (wants_stop && wants_stop(wants_stop_ctx));
	return s->stopped || clock_mono_ms() >= s->deadline;
}

static int64_t start_timeout(void)
{
	const char *text = getenv("RAGCHAT_START_TIMEOUT_MS");
	int64_t ms;

	return text && str_int(text, 1, INT_MAX, &ms) == 0 ? ms : AUTOSTART_TIMEOUT_MS;
}

static int check_place(const struct start *s)
{
	char words[160];
	int r;

	if (strlen(s->socket) > PATH_SOCKET_MAX) {
		*s->why = mem_printf("the socket's path has %zu bytes and at most %d are possible",
			strlen(s->socket), PATH_SOCKET_MAX);
		return -ENAMETOOLONG;
	}
	r = path_make_dirs(s->dir);
	if (r < 0) {
		*s->why = mem_printf("cannot make the folder '%s': %s", s->dir, strerror(-r));
		return r;
	}
	r = path_check_private_dir(s->dir, NULL, words);
	if (r < 0)
		*s->why = mem_dup(words);
	return r;
}

static int open_lock(const struct start *s, int *fd)
{
	char *path = mem_printf("%s.start.lock", s->socket);
	int r = 0;

	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0) {
		r = -errno;
		*s->why = mem_printf("cannot open '%s': %s", path, strerror(-r));
	}
	free(path);
	return r;
}

/* 0: the lock is ours and nobody listens; DAEMON_TRY_LATER: somebody listens. */
static int wait_turn(struct start *s, int lock)
{
	while (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			*s->why = mem_printf(
				"cannot lock '%s.start.lock': %s", s->socket, strerror(errno));
			return -errno;
		}
		if (autostart_listens(s->socket))
			return DAEMON_TRY_LATER;
		if (is_late(s)) {
			*s->why = mem_printf(
				"another ragchat is starting it, and it is not ready after %g s",
				(double)s->timeout_ms / 1000);
			return -ETIMEDOUT;
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
	return autostart_listens(s->socket) ? DAEMON_TRY_LATER : 0;
}

static void explain_end(const struct start *s, int status)
{
	char *line = autostart_last_line(s->log_path, s->log_from);

	if (line)
		*s->why = line;
	else if (WIFSIGNALED(status))
		*s->why = mem_printf("ragchatd was ended by signal %d; its log is '%s'",
			WTERMSIG(status), s->log_path);
	else
		*s->why = mem_printf(
			"ragchatd ended with status %d and said nothing; its log is '%s'",
			WEXITSTATUS(status), s->log_path);
}

static void explain_late(const struct start *s)
{
	if (s->told_later)
		*s->why = autostart_last_line(s->log_path, s->log_from);
	if (!*s->why)
		*s->why = mem_printf(
			"ragchatd was started and is not ready after %g s; its log is '%s'",
			(double)s->timeout_ms / 1000, s->log_path);
}

/* The daemon's end, if it has ended. Without a watcher nothing is known, and the socket alone
 * tells. */
static bool has_ended(struct autostart_child *c, int wait_ms, int *status)
{
	struct pollfd p = { .fd = c->watch, .events = POLLIN };

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	if (fd_read(c->watch, status, sizeof(*status)) == sizeof(*status))
		return true;
	c->watch = fd_close(c->watch);
	return false;
}

static int wait_ready(struct start *s, struct autostart_child *c)
{
	int status = 0, pause = 1;

	for (;;) {
		bool ended = has_ended(c, pause, &status);

		if (autostart_listens(s->socket))
			return DAEMON_READY;
		if (ended && WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL) {
			s->told_later = true;
			return is_late(s) ? DAEMON_LATE : DAEMON_TRY_LATER;
		}
		if (ended) {
			explain_end(s, status);
			return DAEMON_ENDED;
		}
		if (is_late(s))
			return DAEMON_LATE;
		pause = min_of(2 * pause, LOOK_MS);
	}
}

static int start_once(struct start *s, int log)
{
	char *argv[] = { s->program, (char *)"--autostarted", (char *)"-S", s->socket, NULL };
	char **env = autostart_environment();
	struct autostart_child child;
	int r = autostart_spawn(s->program, argv, env, log, &child);

	if (r < 0) {
		*s->why = mem_printf("cannot start a process: %s", strerror(-r));
	} else {
		r = wait_ready(s, &child);
		autostart_let_go(&child);
	}
	autostart_environment_free(env);
	return r;
}

static int start_until_ready(struct start *s)
{
	int log = autostart_open_log(&s->log_path), r;

	if (log < 0) {
		*s->why = mem_printf(
			"cannot open the daemon's log '%s': %s", s->log_path, strerror(-log));
		return log;
	}
	s->log_from = lseek(log, 0, SEEK_END);
	while ((r = start_once(s, log)) == DAEMON_TRY_LATER)
		(void)poll(NULL, 0, AGAIN_MS);
	fd_close(log);
	if (r == DAEMON_LATE)
		explain_late(s);
	return r == DAEMON_LATE ? -ETIMEDOUT : r == DAEMON_ENDED ? -ECHILD : r;
}

static char *absolute(const char *path)
{
	char cwd[PATH_MAX];

	return *path == '/' || !getcwd(cwd, sizeof(cwd)) ? mem_dup(path) : path_join(cwd, path);
}

int autostart_daemon(const char *socket_path, const char *ragchatd, char **why)
{
	struct start s = {
		.socket = absolute(socket_path), .timeout_ms = start_timeout(), .why = why
	};
	int lock = -1, r;

	*why = NULL;
	s.deadline = clock_mono_ms() + (uint64_t)s.timeout_ms;
	s.dir = path_dirname(s.socket);
	s.program = ragchatd ? mem_dup(ragchatd) : autostart_find_program();
	r = check_place(&s);
	if (r == 0 && !s.program) {
		*why = mem_dup("ragchatd is neither beside ragchat nor in PATH; is it installed?");
		r = -ENOENT;
	}
	if (r == 0)
		r = open_lock(&s, &lock);
	if (r == 0)
		r = wait_turn(&s, lock);
	if (r == 0)
		r = start_until_ready(&s);
	fd_close(lock); /* and so unlocks */
	free(s.socket);
	free(s.dir);
	free(s.program);
	free(s.log_path);
	if (s.stopped && r) {
		*why = mem_free(*why);
		r = -EINTR;
	}
	return r == DAEMON_TRY_LATER ? 0 : r;
}
