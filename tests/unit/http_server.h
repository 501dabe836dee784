/*
 * A scripted HTTP/1.1 server in threads of the test: one thread a connection, one call of the script
 * a request. The script writes what it likes on the socket and says whether the connection stays.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/sha256.h"

struct http_request {
	int fd, number;       /* number: of all requests, from 1 */
	char head[16384];     /* request line and headers */
	struct buf body;      /* not kept for uploads */
	size_t size;
	char sha256[SHA256_HEX + 1];
};

typedef bool (*http_script)(struct http_request *r); /* true: keep the connection */

struct http_server {
	int fd;
	char url[128];
	http_script script;
	pthread_t thread;
	pthread_mutex_t lock;
	atomic_int requests, connections, open, at_once, most_at_once, gone;
	atomic_bool stop;
	char last_head[16384];
	char *last_body;
};

static void http_send(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		ssize_t r = send(fd, s, n, MSG_NOSIGNAL);

		if (r <= 0)
			return;
		s += r;
		n -= (size_t)r;
	}
}

__attribute__((format(printf, 2, 3))) static void http_say(int fd, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	http_send(fd, text, (size_t)n);
	free(text);
}

#define HTTP_STREAM                                                                                \
	"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

/* One HTTP chunk. */
static void http_chunk(int fd, const char *data)
{
	http_say(fd, "%zx\r\n%s\r\n", strlen(data), data);
}

static void http_delta(int fd, const char *json_text)
{
	char event[8192];

	snprintf(event, sizeof(event),
		"data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1\",\"choices\":[{\"index\":0,"
		"\"delta\":{\"content\":\"%s\"},\"finish_reason\":null}]}\n\n",
		json_text);
	http_chunk(fd, event);
}

static void http_finish(int fd, const char *reason)
{
	char event[512];

	snprintf(event, sizeof(event), "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n", reason);
	http_chunk(fd, event);
}

static bool http_done(int fd)
{
	http_chunk(fd, "data: [DONE]\n\n");
	http_say(fd, "0\r\n\r\n");
	return true;
}

static bool http_reply(int fd, int status, const char *headers, const char *body)
{
	http_say(fd, "HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body), headers, body);
	return true;
}

/* RST instead of FIN. */
static bool http_reset(int fd)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	return false;
}

/* Waits until the other side has closed, at most so long. */
static bool http_wait_gone(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };
	char c;

	return poll(&p, 1, ms) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR) || recv(fd, &c, 1, MSG_PEEK) <= 0);
}

static const char *http_header(const char *head, const char *name, char *out, size_t size)
{
	for (const char *p = strchr(head, '\n'); p; p = strchr(p + 1, '\n')) {
		size_t n = strlen(name);

		if (strncasecmp(p + 1, name, n) || p[1 + n] != ':')
			continue;
		p += n + 2;
		p += strspn(p, " ");
		snprintf(out, size, "%.*s", (int)strcspn(p, "\r\n"), p);
		return out;
	}
	return NULL;
}

struct http_reader {
	int fd;
	char buf[65536];
	size_t at, len;
};

static bool http_fill(struct http_reader *in)
{
	ssize_t r = recv(in->fd, in->buf, sizeof(in->buf), 0);

	in->at = 0;
	in->len = r > 0 ? (size_t)r : 0;
	return r > 0;
}

static int http_byte(struct http_reader *in)
{
	if (in->at == in->len && !http_fill(in))
		return -1;
	return (unsigned char)in->buf[in->at++];
}

static bool http_line(struct http_reader *in, char *line, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = http_byte(in)) >= 0) {
		if (n + 1 < size)
			line[n++] = (char)c;
		if (c == '\n') {
			line[n] = '\0';
			return true;
		}
	}
	return false;
}

static bool http_take(struct http_reader *in, size_t n, struct http_request *r, struct sha256 *hash)
{
	while (n) {
		size_t k;

		if (in->at == in->len && !http_fill(in))
			return false;
		k = in->len - in->at < n ? in->len - in->at : n;
		sha256_add(hash, in->buf + in->at, k);
		r->size += k;
		if (r->body.len < 1 << 20)
			buf_add(&r->body, in->buf + in->at, k);
		in->at += k;
		n -= k;
	}
	return true;
}

static bool http_read_body(struct http_reader *in, struct http_request *r)
{
	struct sha256 hash;
	char value[64], line[256];
	bool ok = true;

	sha256_init(&hash);
	if (http_header(r->head, "Transfer-Encoding", value, sizeof(value))) {
		size_t n;

		while (ok && http_line(in, line, sizeof(line)) && (n = strtoul(line, NULL, 16)) > 0)
			ok = http_take(in, n, r, &hash) && http_line(in, line, sizeof(line));
		ok = ok && http_line(in, line, sizeof(line));
	} else if (http_header(r->head, "Content-Length", value, sizeof(value))) {
		ok = http_take(in, strtoul(value, NULL, 10), r, &hash);
	}
	sha256_end_hex(&hash, r->sha256);
	return ok;
}

static bool http_read_head(struct http_reader *in, struct http_request *r)
{
	size_t n = 0;

	r->head[0] = '\0';
	for (;;) {
		char line[8192];

		if (!http_line(in, line, sizeof(line)))
			return false;
		if (!strcmp(line, "\r\n"))
			return true;
		n += (size_t)snprintf(r->head + n, sizeof(r->head) - n, "%s", line);
	}
}

struct http_link {
	struct http_server *server;
	int fd;
};

/* A script that answers before the body has come says so by its name: see http_early. */
static http_script http_early;
/* What a server says that does not wait to be asked. */
static const char *http_greeting;

static void *http_serve(void *arg)
{
	struct http_link *link = arg;
	struct http_server *s = link->server;
	struct http_reader *in = calloc(1, sizeof(*in));
	struct http_request *r = calloc(1, sizeof(*r));
	bool keep = true;

	in->fd = r->fd = link->fd;
	if (http_greeting)
		http_say(link->fd, "%s", http_greeting);
	keep = !http_greeting;
	while (keep && http_read_head(in, r)) {
		char value[64];
		int now;

		r->number = ++s->requests;
		buf_reset(&r->body);
		r->size = 0;
		if (http_early) {
			keep = http_early(r);
			continue;
		}
		if (http_header(r->head, "Expect", value, sizeof(value)))
			http_say(r->fd, "HTTP/1.1 100 Continue\r\n\r\n");
		if (!http_read_body(in, r))
			break;
		pthread_mutex_lock(&s->lock);
		memcpy(s->last_head, r->head, sizeof(r->head));
		free(s->last_body);
		s->last_body = strdup(buf_cstr(&r->body));
		now = ++s->at_once;
		if (now > s->most_at_once)
			s->most_at_once = now;
		pthread_mutex_unlock(&s->lock);
		keep = s->script(r);
		s->at_once--;
	}
	buf_fini(&r->body);
	free(r);
	free(in);
	close(link->fd);
	s->gone++;
	s->open--;
	free(link);
	return NULL;
}

static void *http_accept(void *arg)
{
	struct http_server *s = arg;

	while (!s->stop) {
		int fd = accept(s->fd, NULL, NULL), one = 1;
		struct http_link *link;
		pthread_attr_t attr;
		pthread_t thread;

		if (fd < 0)
			break;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		link = malloc(sizeof(*link));
		*link = (struct http_link){ s, fd };
		s->connections++;
		s->open++;
		pthread_attr_init(&attr);
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		pthread_attr_setstacksize(&attr, 256 << 10);
		if (pthread_create(&thread, &attr, http_serve, link))
			abort();
		pthread_attr_destroy(&attr);
	}
	return NULL;
}

static struct http_server *http_start(http_script script, const char *unix_path)
{
	struct http_server *s = calloc(1, sizeof(*s));
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(in);

	http_early = NULL;
	http_greeting = NULL;
	s->script = script;
	pthread_mutex_init(&s->lock, NULL);
	s->fd = socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (unix_path) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", unix_path);
		unlink(unix_path);
		if (bind(s->fd, (struct sockaddr *)&un, sizeof(un)))
			abort();
		snprintf(s->url, sizeof(s->url), "unix:%s", unix_path);
	} else {
		if (bind(s->fd, (struct sockaddr *)&in, sizeof(in)) || getsockname(s->fd, (struct sockaddr *)&in, &len))
			abort();
		snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(in.sin_port));
	}
	if (listen(s->fd, 512) || pthread_create(&s->thread, NULL, http_accept, s))
		abort();
	return s;
}

/* Every connection must have ended: the client's side is closed before. */
static void http_stop(struct http_server *s)
{
	s->stop = true;
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (int i = 0; s->open && i < 12000; i++)
		usleep(5000);
	if (s->open) {
		printf("# %d connections were left open\n", (int)s->open);
		abort();
	}
	pthread_mutex_destroy(&s->lock);
	free(s->last_body);
	free(s);
}
