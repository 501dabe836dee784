/*
 * Many clients in one process: CONNS connections that ask EACH questions each, streamed, until all are
 * done. While all streams run it samples the daemon in WINDOWS windows. SIZE is that of a token of bench_backend.
 * Prints NAME VALUE lines: done, tokens, ns_per_token (median of the windows), backend_ns_per_token,
 * whole_ns_per_token (with asking and ending), p50_us, p99_us (age of a token when it is read here),
 * rss_kib (median of the windows) and rss_before_kib.
 *
 *	bench_fan SOCKET DAEMON_PID BACKEND_PID CONNS EACH SIZE WINDOW_MS
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/fd.h"
#include "proto/msg.h"
#include "proto/pack.h"
#include "proto/scan.h"

#define WINDOWS 30
#define AGES 10000000

static const struct scan_limits limits = { .frame = 1 << 20, .nodes = 16384, .depth = 16 };

struct conn {
	struct buf in;
	int fd;
};

struct sample {
	uint64_t tokens, daemon_ns, backend_ns;
	double rss;
};

struct fan {
	int epoll, conns, each;
	size_t size;
	pid_t daemon, backend;
	struct conn *conn;
	struct msg msg;
	uint64_t begun, done, failed, tokens, nages;
	uint32_t *ages;
	struct sample windows[WINDOWS + 1];
	int nwindows;
};

static uint64_t cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &t) != 0)
		errx(1, "process %d is gone", (int)pid);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double rss_kib(pid_t pid)
{
	struct buf text = { 0 };
	const char *line;
	char path[64];
	double kib;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read(path, &text) != 0 || !(line = strstr(buf_cstr(&text), "VmRSS:")))
		errx(1, "%s cannot be read", path);
	kib = strtod(line + 6, NULL);
	buf_fini(&text);
	return kib;
}

static struct sample sample_now(const struct fan *f)
{
	return (struct sample){
		.tokens = f->tokens,
		.daemon_ns = cpu_ns(f->daemon),
		.backend_ns = cpu_ns(f->backend),
		.rss = rss_kib(f->daemon),
	};
}

static void ask_all(struct fan *f, struct conn *c)
{
	struct buf out = { 0 };
	struct pack p;

	pack_request(&p, &out, 1, "hello");
	pack_key(&p, "protocol");
	pack_array(&p);
	pack_int(&p, 1);
	pack_int(&p, 1);
	(void)pack_end(&p);
	for (int i = 0; i < f->each; i++) {
		pack_request(&p, &out, (uint32_t)i + 2, "ask");
		pack_kv_text(&p, "text", "hi");
		pack_kv_bool(&p, "stream", true);
		(void)pack_end(&p);
	}
	if (fd_write_all(c->fd, out.data, out.len) != 0)
		err(1, "write");
	buf_fini(&out);
}

static void conn_open(struct fan *f, struct conn *c, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	if (strlen(path) >= sizeof(a.sun_path))
		errx(2, "%s is too long", path);
	memcpy(a.sun_path, path, strlen(path));
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		err(1, "socket");
	while (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		if (errno != EAGAIN)
			err(1, "%s", path);
		usleep(10000);
	}
	epoll_ctl(f->epoll, EPOLL_CTL_ADD, c->fd, &e);
	ask_all(f, c);
}

/* Pieces may hold several tokens; each that begins in this one is counted, and aged by its digits. */
static void on_delta(struct fan *f, struct val note)
{
	size_t off = (size_t)val_get_int(note, "off", 0), n;
	const char *text;
	char digits[17] = "";
	uint64_t now = clock_mono_us();

	if (!val_get_str(note, "text", &text, &n))
		return;
	for (size_t i = (f->size - off % f->size) % f->size; i < n; i += f->size) {
		f->begun += off + i == 0;
		f->tokens++;
		if (i + 16 > n || f->nages == AGES)
			continue;
		memcpy(digits, text + i, 16);
		f->ages[f->nages++] = (uint32_t)(now - strtoull(digits, NULL, 16));
	}
}

static void on_frame(struct fan *f, const uint8_t *p, size_t n)
{
	const char *why;
	struct val note;
	bool known;

	if (msg_parse(&f->msg, p, n, &why, &known) != 0)
		errx(1, "the daemon sent what is no message");
	note = f->msg.params;
	if (f->msg.type == MSG_RESPONSE && val_present(f->msg.error))
		errx(1, "the daemon answered with an error: %s", val_get_text(f->msg.error, "message"));
	if (f->msg.type != MSG_NOTIFICATION)
		return;
	if (val_str_is(val_get(note, "kind"), "delta"))
		on_delta(f, note);
	if (val_str_is(val_get(note, "kind"), "done")) {
		f->done++;
		f->failed += !val_str_is(val_get(note, "state"), "done");
	}
}

static void conn_read(struct fan *f, struct conn *c)
{
	size_t at = 0;
	struct scan s;
	ssize_t n;

	if (buf_reserve(&c->in, 65536) != 0)
		errx(1, "out of memory");
	n = fd_read(c->fd, c->in.data + c->in.len, 65536);
	if (n <= 0)
		errx(1, "the daemon has closed a connection");
	c->in.len += (size_t)n;
	for (scan_init(&s); scan_feed(&s, c->in.data + at, c->in.len - at, &limits) == SCAN_OK; scan_init(&s)) {
		on_frame(f, c->in.data + at, s.at);
		at += s.at;
	}
	buf_consume(&c->in, at);
}

static int by_age(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return n ? v[n / 2] : -1;
}

static void report_windows(struct fan *f)
{
	double daemon[WINDOWS], backend[WINDOWS], rss[WINDOWS];
	int n = f->nwindows - 1;

	for (int i = 0; i < n; i++) {
		struct sample *a = &f->windows[i], *b = a + 1;
		double tokens = b->tokens > a->tokens ? (double)(b->tokens - a->tokens) : 1;

		daemon[i] = (double)(b->daemon_ns - a->daemon_ns) / tokens;
		backend[i] = (double)(b->backend_ns - a->backend_ns) / tokens;
		rss[i] = b->rss;
	}
	printf("windows %d\nns_per_token %.0f\nbackend_ns_per_token %.0f\nrss_kib %.0f\n", n < 0 ? 0 : n,
		median(daemon, n), median(backend, n), median(rss, n));
}

static void report(struct fan *f, const struct sample *start)
{
	struct sample end = sample_now(f);

	qsort(f->ages, f->nages, sizeof(*f->ages), by_age);
	printf("done %llu\nfailed %llu\ntokens %llu\n", (unsigned long long)f->done, (unsigned long long)f->failed,
		(unsigned long long)f->tokens);
	report_windows(f);
	printf("whole_ns_per_token %.0f\nrss_before_kib %.0f\n",
		(double)(end.daemon_ns - start->daemon_ns) / (double)(f->tokens ? f->tokens : 1), start->rss);
	if (f->nages)
		printf("p50_us %u\np99_us %u\n", f->ages[f->nages / 2], f->ages[f->nages * 99 / 100]);
}

static void run(struct fan *f, uint64_t window_ms)
{
	uint64_t all = (uint64_t)f->conns * (uint64_t)f->each, next = 0;
	struct epoll_event e[256];

	while (f->done < all) {
		int n = epoll_wait(f->epoll, e, 256, 5);

		for (int i = 0; i < n; i++)
			conn_read(f, e[i].data.ptr);
		/* Only while every stream runs. */
		if (f->begun < all || f->done > 0 || f->nwindows > WINDOWS || clock_mono_ms() < next)
			continue;
		f->windows[f->nwindows++] = sample_now(f);
		next = clock_mono_ms() + window_ms;
	}
}

int main(int argc, char **argv)
{
	struct fan f = { 0 };
	struct sample start;
	struct rlimit r;

	if (argc != 8)
		errx(2, "usage: bench_fan SOCKET DAEMON_PID BACKEND_PID CONNS EACH SIZE WINDOW_MS");
	f.daemon = atoi(argv[2]);
	f.backend = atoi(argv[3]);
	f.conns = atoi(argv[4]);
	f.each = atoi(argv[5]);
	f.size = (size_t)atoi(argv[6]);
	f.epoll = epoll_create1(EPOLL_CLOEXEC);
	f.conn = calloc((size_t)f.conns, sizeof(*f.conn));
	f.ages = calloc(AGES, sizeof(*f.ages));
	if (f.size < 16 || f.epoll < 0 || !f.conn || !f.ages)
		errx(1, "cannot begin");
	msg_init(&f.msg);
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	start = sample_now(&f);
	for (int i = 0; i < f.conns; i++)
		conn_open(&f, &f.conn[i], argv[1]);
	run(&f, strtoull(argv[7], NULL, 10));
	report(&f, &start);
	for (int i = 0; i < f.conns; i++)
		buf_fini(&f.conn[i].in);
	msg_fini(&f.msg);
	free(f.conn);
	free(f.ages);
	return f.failed != 0;
}
