/* One daemon for one database. */
#define LOG_TAG "store"
#include "daemon/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/path.h"
#include "daemon/store/db.h"

#define SOCKET_MS 1000

/* The socket path in the file, or NULL. */
static char *read_socket(int fd)
{
	char text[PATH_SOCKET_MAX + 2];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return NULL;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text[0] == '/' ? mem_dup(text) : NULL;
}

/* One that took the lock this moment has not written its path yet; on a full disk it never will. */
static char *wait_for_socket(int fd)
{
	char *socket = read_socket(fd);

	for (int ms = 0; !socket && ms < SOCKET_MS; ms += 10) {
		(void)poll(NULL, 0, 10);
		socket = read_socket(fd);
	}
	return socket;
}

static int held_by_other(int fd, const char *db_path, char **why)
{
	char *socket = wait_for_socket(fd);
	int r = socket ? db_fail(why, STORE_E_LOCKED,
				 "another ragchatd lives on '%s', its socket is %s", db_path,
				 socket)
		       : db_fail(why, STORE_E_LOCKED, "another ragchatd lives on '%s'", db_path);

	mem_free(socket);
	return r;
}

static int cannot_lock(const char *path, int e, char **why)
{
	if (e == EROFS || e == EACCES)
		return db_fail(why, STORE_E_READ_ONLY, "cannot write '%s': %s", path,
			e == EROFS ? "the file system is read-only" : strerror(e));
	if (e == ENOSPC || e == EDQUOT)
		return db_fail(why, STORE_E_FULL, "no space left for '%s': make room", path);
	if (e == ELOOP)
		return db_fail(why, STORE_E_LOOSE, "'%s' is a symbolic link: remove it", path);
	return db_fail(why, -e, "cannot lock '%s': %s", path, strerror(e));
}

static int open_lock(int *fd, const char *path, char **why)
{
	struct stat st;

	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return cannot_lock(path, errno, why);
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		return 0;
	*fd = fd_close(*fd);
	return db_fail(why, STORE_E_LOOSE, "'%s' is not a file of ours: remove it", path);
}

/* A full disk must not keep the daemon from reading: the path in the file is a courtesy. */
static void write_socket(int fd, const char *socket)
{
	char *line = mem_printf("%s\n", socket ? socket : "");

	if (ftruncate(fd, 0) < 0 || pwrite(fd, line, strlen(line), 0) < 0)
		log_warn("the lock file could not be written: %s", strerror(errno));
	mem_free(line);
}

int lock_take(int *out, const char *path, const char *db_path, const char *socket, char **why)
{
	struct flock mark = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, r = open_lock(&fd, path, why);

	*out = -1;
	if (r == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = errno == EWOULDBLOCK ? held_by_other(fd, db_path, why)
					 : cannot_lock(path, errno, why);
	if (r == 0 && fcntl(fd, F_OFD_SETLK, &mark) < 0)
		r = cannot_lock(path, errno, why);
	if (r != 0) {
		fd_close(fd);
		return r;
	}
	write_socket(fd, socket);
	*out = fd;
	return 0;
}

int lock_drop(int fd)
{
	if (fd >= 0 && ftruncate(fd, 0) < 0)
		log_warn("the lock file could not be emptied: %s", strerror(errno));
	return fd_close(fd);
}

bool store_lock_holder(const char *db_path, char **socket)
{
	struct flock mark = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *dir = path_dirname(db_path), *real = NULL, *path = NULL;
	bool held = false;
	int fd;

	*socket = NULL;
	real = realpath(dir, NULL);
	path = mem_printf("%s/%s.lock", real ? real : dir, path_basename(db_path));
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fcntl(fd, F_OFD_GETLK, &mark) == 0 && mark.l_type != F_UNLCK) {
		held = true;
		*socket = read_socket(fd);
	}
	fd_close(fd);
	mem_free(path);
	mem_free(real);
	mem_free(dir);
	return held;
}
