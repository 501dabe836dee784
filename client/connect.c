/* Finding the daemon. */
#include "client/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/autostart.h"
#include "client/cmd.h"
#include "client/say.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"

#define FULL_MS 10000   /* how long a daemon whose queue of connections is full is knocked at */
#define STARTED_MS 5000 /* one that left before it was reached is started again for so long */

const char *connect_told(const struct client *c)
{
	const char *path = c->socket ? c->socket : getenv("RAGCHAT_SOCKET");

	return path && *path ? path : NULL;
}

static bool is_trusted(uid_t uid)
{
	struct passwd pw, *found = NULL;
	char text[4096];

	if (uid == 0 || uid == geteuid())
		return true;
	return getpwnam_r(CONNECT_SYSTEM_USER, &pw, text, sizeof(text), &found) == 0 && found && found->pw_uid == uid;
}

static int check_server(int fd, unsigned *uid)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return -errno;
	*uid = peer.uid;
	return is_trusted(peer.uid) ? 0 : -EPERM;
}

/* EAGAIN: its queue is full. It is alive, so it is asked again, a little later each time. */
static int connect_patiently(int fd, const struct sockaddr_un *address)
{
	uint64_t end = clock_mono_ms() + FULL_MS;
	int pause = 5;

	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if ((errno != EAGAIN && errno != EINTR) || clock_mono_ms() >= end)
			return -errno;
		(void)poll(NULL, 0, pause);
		pause = pause < 200 ? 2 * pause : pause;
	}
	return 0;
}

/*
 * A daemon may live on our database and listen elsewhere: the lock file beside the database has its
 * socket's path, and is locked for as long as it lives.
 */
char *connect_locked_socket(void)
{
	char *dir = path_data_dir(), *path = path_join(dir, "chat_history.db.lock");
	struct flock mark = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buf line = { .max = PATH_SOCKET_MAX + 2 };
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *socket_path = NULL;

	if (fd >= 0 && fcntl(fd, F_OFD_GETLK, &mark) == 0 && mark.l_type != F_UNLCK &&
		fd_read_all(fd, &line) == 0 && line.len && line.data[0] == '/')
		socket_path = str_trim(mem_dup(buf_cstr(&line)));
	fd_close(fd);
	buf_fini(&line);
	mem_free(path);
	mem_free(dir);
	return socket_path;
}

static int open_path(const char *path, unsigned *uid, bool patiently)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd, r;

	if (n > PATH_SOCKET_MAX)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, n);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (patiently)
		r = connect_patiently(fd, &address);
	else
		r = connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	if (!r)
		r = check_server(fd, uid);
	if (r) {
		fd_close(fd);
		return r;
	}
	return fd;
}

int connect_path(const char *path, unsigned *uid)
{
	return open_path(path, uid, true);
}

int connect_path_once(const char *path, unsigned *uid)
{
	return open_path(path, uid, false);
}

static bool is_nobody(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR;
}

/* The status, with the words for it in f->why. */
static int refused(struct connect_found *f, int status, char *why)
{
	mem_free(f->why);
	f->why = why;
	f->status = status;
	return CONNECT_E_STATUS;
}

static int refusal(struct connect_found *f, const char *path, int r, unsigned uid)
{
	if (r == -EPERM)
		return refused(f, STATUS_DENIED,
			mem_printf("the server at '%s' runs as user %u, not as you: nothing was sent to it",
				path, uid));
	if (r == -EACCES)
		return refused(f, STATUS_DENIED, mem_printf("'%s' refuses you: %s", path, strerror(EACCES)));
	if (r == -ENAMETOOLONG)
		return refused(f, STATUS_USAGE,
			mem_printf("'%s' is longer than a socket's path may be (%d bytes)", path,
				PATH_SOCKET_MAX));
	return refused(f, STATUS_UNAVAILABLE, mem_printf("cannot connect to '%s': %s", path, strerror(-r)));
}

/* 0, CONNECT_E_NOBODY, CONNECT_E_STATUS. */
static int connect_user(struct connect_found *f)
{
	unsigned uid = 0;
	int r = connect_path(f->path, &uid);

	if (is_nobody(r))
		return CONNECT_E_NOBODY;
	if (r < 0)
		return refusal(f, f->path, r, uid);
	f->fd = r;
	return 0;
}

static void take_path(struct connect_found *f, char *path)
{
	mem_free(f->path);
	f->path = path;
}

/* A system daemon that will not have us is named, and we go on to our own. */
static int connect_system(struct connect_found *f)
{
	unsigned uid = 0;
	int r = connect_path(PATH_SYSTEM_SOCKET, &uid);

	if (r >= 0) {
		f->fd = r;
		take_path(f, mem_dup(PATH_SYSTEM_SOCKET));
		return 0;
	}
	if (!is_nobody(r)) {
		(void)refusal(f, PATH_SYSTEM_SOCKET, r, uid);
		mem_free(f->aside);
		f->aside = f->why;
		f->why = NULL;
	}
	return CONNECT_E_NOBODY;
}

static int connect_locked(struct connect_found *f)
{
	char *path = connect_locked_socket();
	unsigned uid;
	int r = path ? connect_path(path, &uid) : -ENOENT;

	if (r < 0) {
		mem_free(path);
		return CONNECT_E_NOBODY;
	}
	f->fd = r;
	take_path(f, path);
	return 0;
}

static int start_and_connect(struct connect_found *f, bool autostart)
{
	uint64_t end = clock_mono_ms() + STARTED_MS;
	char *why = NULL;
	int r;

	if (!autostart)
		return refused(f, STATUS_UNAVAILABLE,
			mem_printf("no daemon listens at '%s'; start one with `ragchat daemon start` or ragchatd",
				f->path));
	/*
	 * Somebody listened: the one that was started, which waits for its first client, or one that was there already
	 * and about to leave. Where nobody does now it was that: once more.
	 */
	do {
		r = autostart_daemon(f->path, NULL, &why);
		if (r == -EINTR)
			return refused(f, STATUS_CANCELLED, mem_dup("stopped waiting for the daemon to start"));
		if (r) {
			r = refused(f, STATUS_UNAVAILABLE,
				mem_printf("cannot start the daemon: %s", why ? why : strerror(r < 0 ? -r : EIO)));
			mem_free(why);
			return r;
		}
		why = mem_free(why);
		r = connect_user(f);
	} while (r == CONNECT_E_NOBODY && clock_mono_ms() < end);
	if (r == CONNECT_E_NOBODY)
		return refused(f, STATUS_UNAVAILABLE,
			mem_printf("the daemon was started and left again at once; its socket was '%s'", f->path));
	return r;
}

/* A path that was told is the only one: a daemon started there would open another database. */
static int connect_there(struct connect_found *f)
{
	int r = connect_user(f);

	if (r == CONNECT_E_NOBODY)
		return refused(f, STATUS_UNAVAILABLE,
			mem_printf("no daemon listens at '%s'; start one with `ragchatd -S %s`", f->path, f->path));
	return r;
}

/* The user's socket, wherever the user's daemon is; then the system's; then one is started. */
static int connect_usual(struct connect_found *f, bool autostart)
{
	int r = connect_user(f);

	if (r == CONNECT_E_NOBODY)
		r = connect_locked(f);
	if (r == CONNECT_E_NOBODY)
		r = connect_system(f);
	return r == CONNECT_E_NOBODY ? start_and_connect(f, autostart) : r;
}

int connect_find(const char *told, bool autostart, struct connect_found *f)
{
	int r;

	*f = (struct connect_found){ .fd = -1, .status = STATUS_UNAVAILABLE };
	f->path = told ? mem_dup(told) : path_user_socket();
	r = told ? connect_there(f) : connect_usual(f, autostart);
	if (r)
		f->path = mem_free(f->path);
	return r;
}

void connect_found_fini(struct connect_found *f)
{
	f->fd = fd_close(f->fd);
	f->path = mem_free(f->path);
	f->why = mem_free(f->why);
	f->aside = mem_free(f->aside);
}

int connect_daemon(const struct client *c, int *fd, char **path, int *status)
{
	struct connect_found f;
	int r = connect_find(connect_told(c), c->autostart, &f);

	if (f.aside)
		say("%s", f.aside);
	if (r)
		*status = say_fail(f.status, "%s", f.why ? f.why : "no daemon can be reached");
	*fd = f.fd;
	*path = f.path;
	f.fd = -1;
	f.path = NULL;
	connect_found_fini(&f);
	return r;
}
