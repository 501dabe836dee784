/*
 * The least a client can do: one connection, raw bytes, one round trip. No library but libc.
 *
 *	bench_rtt SOCKET METHOD        hello and METHOD in one write, ends with the reply
 *	bench_rtt SOCKET METHOD N      N round trips of METHOD on the open connection; prints the us of each
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/scan.h"

static const char hello[] = "\x94\x00\x01\xa5hello\x91\x81\xa8protocol\x92\x01\x01";
static const struct scan_limits limits = { .frame = 1 << 20, .nodes = 16384, .depth = 16 };

struct bare {
	int fd;
	size_t len;
	uint8_t in[1 << 20];
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void bare_connect(struct bare *b, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(a.sun_path))
		errx(2, "%s is too long", path);
	memcpy(a.sun_path, path, strlen(path));
	b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (b->fd < 0 || connect(b->fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		err(1, "%s", path);
}

static size_t request(const char *method, char *out)
{
	size_t n = strlen(method);

	if (n > 31)
		errx(2, "%s is no method", method);
	memcpy(out, "\x94\x00\x02", 3);
	out[3] = (char)(0xa0 | n);
	memcpy(out + 4, method, n);
	memcpy(out + 4 + n, "\x91\x80", 2);
	return n + 6;
}

static void bare_send(struct bare *b, const void *p, size_t n)
{
	if (write(b->fd, p, n) != (ssize_t)n)
		err(1, "write");
}

/* Drops one frame; an error in it (the fourth byte is not nil) ends the measurement. */
static void bare_reply(struct bare *b)
{
	struct scan s;
	ssize_t n;

	scan_init(&s);
	while (scan_feed(&s, b->in, b->len, &limits) == SCAN_MORE) {
		n = read(b->fd, b->in + b->len, sizeof(b->in) - b->len);
		if (n <= 0)
			errx(1, "the daemon has closed the connection");
		b->len += (size_t)n;
	}
	if (s.at < 4 || b->in[3] != 0xc0)
		errx(1, "the daemon answered with an error");
	b->len -= s.at;
	memmove(b->in, b->in + s.at, b->len);
}

int main(int argc, char **argv)
{
	static struct bare b;
	char frame[sizeof(hello) + 40];
	size_t n;
	int times = argc > 3 ? atoi(argv[3]) : 0;

	if (argc < 3)
		errx(2, "usage: bench_rtt SOCKET METHOD [N]");
	bare_connect(&b, argv[1]);
	memcpy(frame, hello, sizeof(hello) - 1);
	n = request(argv[2], frame + sizeof(hello) - 1);
	bare_send(&b, frame, sizeof(hello) - 1 + n);
	bare_reply(&b);
	bare_reply(&b);
	for (int i = 0; i < times; i++) {
		double start = now_us();

		bare_send(&b, frame + sizeof(hello) - 1, n);
		bare_reply(&b);
		printf("%.1f\n", now_us() - start);
	}
	return 0;
}
