/* Descriptors: whole reads and writes, flags, files read with a cap. */
#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_PIECE 16384

int fd_close(int fd)
{
	int saved = errno;

	/* Not again after EINTR: on Linux it is closed, and may be another thread's by now. */
	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int fd_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t w = write(fd, at, n);
		int r = 0;

		if (w < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			r = wait_writable(fd);
		else if (w < 0 && errno != EINTR)
			r = -errno;
		else if (w == 0)
			r = -EIO;
		if (r < 0)
			return r;
		if (w > 0) {
			at += w;
			n -= (size_t)w;
		}
	}
	return 0;
}

ssize_t fd_read(int fd, void *p, size_t n)
{
	ssize_t r;

	do {
		r = read(fd, p, n);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

int fd_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int fd_cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno : 0;
}

/* The next piece. At the cap one byte more tells a file that fits from one that does not. */
static ssize_t read_piece(int fd, struct buf *out, size_t want)
{
	size_t left = out->max ? out->max - min_of(out->len, out->max) : SIZE_MAX;
	char beyond;
	ssize_t n;
	int r;

	if (!left) {
		n = fd_read(fd, &beyond, 1);
		if (n > 0)
			out->failed = true;
		return n > 0 ? -ENOBUFS : n;
	}
	want = min_of(want, left);
	r = buf_reserve(out, want);
	if (r < 0)
		return r;
	n = fd_read(fd, out->data + out->len, want);
	if (n > 0)
		out->len += (size_t)n;
	return n;
}

int fd_read_all(int fd, struct buf *out)
{
	size_t len = out->len, want = READ_PIECE;
	struct stat st;
	ssize_t n;

	/* A regular file is read in one piece and, in the same piece, seen to end. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0)
		want = min_of((size_t)st.st_size, SIZE_MAX / 4) + 1;
	while ((n = read_piece(fd, out, want)) > 0)
		want = READ_PIECE;
	if (n < 0)
		out->len = len;
	return (int)n;
}

int file_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_read_all(fd, out);
	fd_close(fd);
	return r;
}
