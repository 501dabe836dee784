/*
 * The socket's place: a private folder, a lock beside the socket, and the socket itself.
 *
 * Without the lock two daemons that find the same stale socket can both unlink and bind: the
 * first one's clients then reach nobody. The lock file is never removed, because a lock on a
 * removed file protects nothing.
 */
#include "daemon/ipc/listener_bind.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"

#define BACKLOG 512 /* a full one turns clients away: 64 at once are common, a thousand happen */
#define ACTIVATED_FIRST 3

int bound_socket_init(struct bound_socket *b, const char *path, char **why)
{
	size_t n = strlen(path);

	*b = (struct bound_socket){ .lock_fd = -1 };
	if (n > PATH_SOCKET_MAX) {
		*why = mem_printf(
			"the socket's path has %zu bytes and at most %d are possible: choose a "
			"shorter one with -S (%.60s...)",
			n, PATH_SOCKET_MAX, path);
		return LISTENER_E_PATH;
	}
	if (!n || path[n - 1] == '/') {
		*why = mem_printf(
			"'%s' does not name a socket: give a path such as ~/run/sock with -S",
			path);
		return LISTENER_E_PATH;
	}
	b->path = mem_dup(path);
	b->dir = path_dirname(path);
	b->lock_path = mem_printf("%s.lock", path);
	return 0;
}

void bound_socket_fini(struct bound_socket *b)
{
	free(b->path);
	free(b->dir);
	free(b->lock_path);
	*b = (struct bound_socket){ .lock_fd = fd_close(b->lock_fd) };
}

static int check_folder(const char *dir, char **why)
{
	char words[160];
	struct stat st;
	int r = path_make_dirs(dir);

	if (r < 0) {
		*why = mem_printf("cannot make the socket's folder '%s': %s", dir, strerror(-r));
		return LISTENER_E_PATH;
	}
	/* A link is not followed, whoever made it: clients look at the same name and must find the
	 * same folder. */
	if (lstat(dir, &st) == 0 && !S_ISDIR(st.st_mode)) {
		*why = mem_printf("the socket's folder '%s' is a link or a file: remove it", dir);
		return LISTENER_E_PATH;
	}
	if (path_check_private_dir(dir, NULL, words) < 0) {
		*why = mem_printf(
			"the socket's folder is not private: %s, or choose another with -S", words);
		return LISTENER_E_PATH;
	}
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool lock_is_ours(const struct bound_socket *b)
{
	struct stat held, there;

	return b->lock_fd >= 0 && fstat(b->lock_fd, &held) == 0 &&
	       lstat(b->lock_path, &there) == 0 && same_file(&held, &there);
}

/* Who holds the lock wrote its pid there: for the message only. */
static int fail_taken(const struct bound_socket *b, int fd, char **why)
{
	char pid[16];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	*why = mem_printf("another ragchatd%s%s holds '%s': stop it first (ragchat daemon stop)",
		*pid ? " with pid " : "", pid, b->path);
	return LISTENER_E_TAKEN;
}

static void write_pid(int fd)
{
	char pid[16];
	int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, pid, (size_t)n, 0);
}

static int take_lock(struct bound_socket *b, char **why)
{
	int fd = open(b->lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0) {
		*why = mem_printf("cannot open the lock '%s': %s", b->lock_path, strerror(errno));
		return errno == ELOOP ? LISTENER_E_PATH : -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? fail_taken(b, fd, why) : -errno;
		if (r < 0)
			*why = mem_printf("cannot lock '%s': %s", b->lock_path, strerror(-r));
		fd_close(fd);
		return r;
	}
	write_pid(fd);
	fd_close(b->lock_fd);
	b->lock_fd = fd;
	return 0;
}

static int lock(struct bound_socket *b, char **why)
{
	int r = 0;

	/* Somebody may remove the file between our open and our lock: then it is taken anew. */
	for (int tries = 0; r == 0 && !lock_is_ours(b); tries++) {
		if (tries == 10) {
			*why = mem_printf(
				"the lock '%s' is being removed again and again", b->lock_path);
			return LISTENER_E_PATH;
		}
		r = take_lock(b, why);
	}
	return r;
}

static void fill_address(struct sockaddr_un *a, const char *path)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(a->sun_path, path, strlen(path) + 1); /* its length was checked */
}

/* What connect says: 0 somebody answers, else -errno. */
static int probe(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a;
	int r = 0;

	if (fd < 0)
		return -errno;
	fill_address(&a, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 &&
		errno != EAGAIN) /* EAGAIN: alive, and busy */
		r = -errno;
	fd_close(fd);
	return r;
}

static int clear_path(const struct bound_socket *b, char **why)
{
	struct stat st;
	int r;

	if (lstat(b->path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		*why = mem_printf("'%s' is there and is not a socket: move it away, or choose "
				  "another path with -S",
			b->path);
		return LISTENER_E_PATH;
	}
	r = probe(b->path);
	if (r == 0) {
		*why = mem_printf(
			"another daemon answers on '%s': stop it first (ragchat daemon stop)",
			b->path);
		return LISTENER_E_TAKEN;
	}
	if (r != -ECONNREFUSED && r != -ENOENT) {
		*why = mem_printf(
			"'%s' is a socket of something else (%s): choose another path with -S",
			b->path, strerror(-r));
		return LISTENER_E_PATH;
	}
	return unlink(b->path) < 0 && errno != ENOENT ? -errno : 0;
}

/*
 * The mode is set three times: on the descriptor before bind (the kernel takes it for the new
 * file, less the umask, which other threads share and we therefore leave alone), on the path after
 * it, and both before listen, so that nobody can connect earlier.
 */
static int bind_and_listen(struct bound_socket *b, int fd)
{
	struct sockaddr_un a;
	struct stat st;

	fill_address(&a, b->path);
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	if (chmod(b->path, 0600) < 0 || lstat(b->path, &st) < 0)
		return -errno;
	b->dev = st.st_dev;
	b->ino = st.st_ino;
	b->bound = true;
	return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

int bound_socket_bind(struct bound_socket *b, int *out, char **why)
{
	int fd = -1, r;

	*why = NULL;
	r = check_folder(b->dir, why);
	if (r == 0)
		r = lock(b, why);
	if (r == 0)
		r = clear_path(b, why);
	if (r != 0)
		goto out;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = fd < 0 ? -errno : bind_and_listen(b, fd);
out:
	if (r < 0 && !*why)
		*why = mem_printf("cannot bind '%s': %s", b->path, strerror(-r));
	if (r != 0)
		fd = fd_close(fd);
	*out = fd;
	return r;
}

enum socket_view bound_socket_look(const struct bound_socket *b)
{
	struct stat st;

	if (lstat(b->path, &st) < 0)
		return SOCKET_GONE;
	/* Our socket keeps its inode in use: another file cannot have got the same number. */
	return st.st_dev == b->dev && st.st_ino == b->ino ? SOCKET_OURS : SOCKET_ELSEWHERE;
}

void bound_socket_unlink(const struct bound_socket *b)
{
	if (b->bound && b->lock_fd >= 0 && bound_socket_look(b) == SOCKET_OURS)
		(void)unlink(b->path);
}

static int check_activated(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a), k;
	int accepts = 0, type = 0;
	struct stat st;

	k = sizeof(accepts);
	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if (getsockname(fd, (struct sockaddr *)&a, &n) < 0 || a.ss_family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &k) < 0 || !accepts)
		return -EINVAL;
	k = sizeof(type);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &k) < 0 || type != SOCK_STREAM)
		return -EPROTOTYPE;
	return 0;
}

int activated_socket(int *fd, char **why)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t who = 0, count = 0;
	bool ours = pid && fds && !str_int(pid, 1, INT32_MAX, &who) &&
		    !str_int(fds, 0, 1024, &count) && who == getpid() && count > 0;

	*fd = -1;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!ours)
		return 0;
	if (count > 1) {
		*why = mem_printf(
			"the service manager hands over %d sockets and one is wanted", (int)count);
		return LISTENER_E_PATH;
	}
	if (check_activated(ACTIVATED_FIRST) < 0 || fd_cloexec(ACTIVATED_FIRST) < 0 ||
		fd_nonblock(ACTIVATED_FIRST, true) < 0) {
		*why = mem_dup("descriptor 3 of the service manager is not a listening Unix stream "
			       "socket");
		return LISTENER_E_PATH;
	}
	*fd = ACTIVATED_FIRST;
	return 0;
}

char *socket_name(int fd)
{
	struct sockaddr_un a = { 0 };
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n) < 0 ||
		n <= offsetof(struct sockaddr_un, sun_path))
		return mem_dup("");
	return mem_ndup(a.sun_path, strnlen(a.sun_path, sizeof(a.sun_path)));
}

char *listener_handed_path(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t n;
	char *path;

	if (!pid || !fds || str_int(pid, 1, INT32_MAX, &n) != 0 || n != getpid() ||
		str_int(fds, 1, 16, &n) != 0)
		return NULL;
	path = socket_name(3); /* SD_LISTEN_FDS_START, sd_listen_fds(3) */
	return path && *path ? path : mem_free(path);
}
