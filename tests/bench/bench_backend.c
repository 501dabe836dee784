/*
 * A backend that costs next to nothing: every POST gets an OpenAI stream of TOKENS tokens of SIZE bytes,
 * one each 1/RATE s (0: all at once). A token opens with the us of CLOCK_MONOTONIC in 16 hex digits,
 * so that a reader can tell how old it is. Prints its port, then serves until it is killed.
 *
 *	bench_backend TOKENS RATE SIZE
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"

struct peer {
	TAILQ_ENTRY(peer) link; /* in the order of due: all have the same period */
	uint64_t due;
	struct buf in;
	int fd, sent;
	bool streaming;
};

TAILQ_HEAD(peers, peer);

struct backend {
	int epoll, listener, tokens, size;
	uint64_t period;
	struct peers waiting;
};

static void peer_free(struct backend *b, struct peer *p)
{
	if (p->streaming)
		TAILQ_REMOVE(&b->waiting, p, link);
	close(p->fd);
	buf_fini(&p->in);
	free(p);
}

static bool peer_write(struct peer *p, const void *data, size_t n)
{
	return send(p->fd, data, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void chunk_add(struct buf *out, const char *data)
{
	(void)buf_addf(out, "%zx\r\n%s\r\n", strlen(data), data);
}

static void token_add(const struct backend *b, struct buf *out)
{
	char event[512];

	snprintf(event, sizeof(event),
		"data: {\"id\":\"b\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":"
		"{\"content\":\"%016llx%*s\"},\"finish_reason\":null}]}\n\n",
		(unsigned long long)clock_mono_us(), b->size - 16, "");
	chunk_add(out, event);
}

/* The next token, or all; after the last one the connection waits for another request. */
static bool peer_go_on(struct backend *b, struct peer *p)
{
	struct buf out = { 0 };
	bool ok;

	if (p->sent == 0)
		(void)buf_add_str(&out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			"Transfer-Encoding: chunked\r\n\r\n");
	do
		token_add(b, &out);
	while (++p->sent < b->tokens && b->period == 0);
	if (p->sent >= b->tokens) {
		chunk_add(&out, "data: {\"id\":\"b\",\"choices\":[{\"index\":0,\"delta\":{},"
			"\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
		(void)buf_add_str(&out, "0\r\n\r\n");
	}
	ok = peer_write(p, out.data, out.len);
	buf_fini(&out);
	return ok;
}

static bool peer_turn(struct backend *b, struct peer *p)
{
	if (p->streaming)
		TAILQ_REMOVE(&b->waiting, p, link);
	p->streaming = false;
	if (!peer_go_on(b, p))
		return false;
	if (p->sent < b->tokens) {
		p->due += b->period;
		p->streaming = true;
		TAILQ_INSERT_TAIL(&b->waiting, p, link);
	}
	return true;
}

/* True when a whole request was taken out of p->in. */
static bool request_take(struct peer *p)
{
	const char *text = buf_cstr(&p->in), *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "content-length:");
	size_t need;

	if (!end)
		return false;
	need = (size_t)(end + 4 - text) + (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
	if (p->in.len < need)
		return false;
	buf_consume(&p->in, need);
	return true;
}

static bool peer_read(struct backend *b, struct peer *p)
{
	static const char none[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	bool post;
	ssize_t n;

	if (buf_reserve(&p->in, 16384) != 0)
		return false;
	n = recv(p->fd, p->in.data + p->in.len, 16384, MSG_DONTWAIT);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	p->in.len += (size_t)n;
	post = p->in.data[0] == 'P';
	if (!request_take(p))
		return true;
	buf_shrink(&p->in, 0);
	if (!post)
		return peer_write(p, none, sizeof(none) - 1);
	p->sent = 0;
	p->due = clock_mono_us();
	return peer_turn(b, p);
}

static void peer_accept(struct backend *b)
{
	int fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC), on = 1;
	struct peer *p = fd < 0 ? NULL : calloc(1, sizeof(*p));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };

	if (!p)
		return;
	p->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &e);
}

static void backend_listen(struct backend *b)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN };
	socklen_t n = sizeof(a);

	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (b->listener < 0 || b->epoll < 0 || bind(b->listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
		listen(b->listener, 4096) != 0 || getsockname(b->listener, (struct sockaddr *)&a, &n) != 0 ||
		epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->listener, &e) != 0)
		err(1, "listen");
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
}

static void backend_turn(struct backend *b)
{
	struct epoll_event e[256];
	struct peer *p;
	int n = epoll_wait(b->epoll, e, 256, TAILQ_EMPTY(&b->waiting) ? -1 : 1);

	for (int i = 0; i < n; i++) {
		if (!e[i].data.ptr)
			peer_accept(b);
		else if (!peer_read(b, e[i].data.ptr))
			peer_free(b, e[i].data.ptr);
	}
	while ((p = TAILQ_FIRST(&b->waiting)) && p->due <= clock_mono_us())
		if (!peer_turn(b, p))
			peer_free(b, p);
}

int main(int argc, char **argv)
{
	struct backend b = { .tokens = 20, .size = 16 };
	struct rlimit r;
	int rate;

	if (argc != 4)
		errx(2, "usage: bench_backend TOKENS RATE SIZE");
	b.tokens = atoi(argv[1]);
	rate = atoi(argv[2]);
	b.size = atoi(argv[3]);
	if (b.tokens < 1 || rate < 0 || b.size < 16 || b.size > 256)
		errx(2, "TOKENS from 1, RATE from 0, SIZE 16..256");
	b.period = rate ? 1000000 / (uint64_t)rate : 0;
	TAILQ_INIT(&b.waiting);
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	backend_listen(&b);
	for (;;)
		backend_turn(&b);
}
