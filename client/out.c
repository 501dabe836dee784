/* Output that never blocks for long. */
#include "client/out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/filter.h"
#include "client/say.h"
#include "client/term.h"
#include "common/fd.h"
#include "common/mem.h"

static int open_file(struct out *o, const char *path)
{
	struct stat st;
	/* A device or a pipe has no .part beside it. */
	bool plain = stat(path, &st) != 0 || S_ISREG(st.st_mode);
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY;

	o->path = path;
	if (plain)
		o->part = mem_printf("%s.part", path);
	o->fd = open(plain ? o->part : path, plain ? flags | O_NOFOLLOW : flags, 0666);
	if (o->fd < 0)
		return say_fail(STATUS_OUTPUT, "cannot write '%s': %s", plain ? o->part : path,
			strerror(errno));
	return 0;
}

int out_open(struct out *o, const char *path)
{
	struct stat st;
	int r = 0;

	*o = (struct out){ .fd = STDOUT_FILENO };
	if (path && strcmp(path, "-") != 0)
		r = open_file(o, path);
	if (!r) {
		o->always = fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode);
		o->tty = !o->path && isatty(o->fd);
	}
	if (r)
		o->part = mem_free(o->part);
	return r;
}

void out_add(struct out *o, const void *p, size_t n)
{
	o->total += n;
	if (o->error)
		return;
	if (o->at == o->queue.len || o->at > OUT_BACKLOG) {
		buf_consume(&o->queue, o->at);
		o->at = 0;
	}
	if (buf_add(&o->queue, p, n) < 0)
		o->error = -ENOMEM;
}

/*
 * A pipe that polls writable takes PIPE_BUF bytes without blocking (pipe(7)); a terminal may take
 * fewer and block, but then a signal ends the write, and signals are what we listen for.
 */
static int write_some(struct out *o)
{
	size_t n = out_left(o);
	ssize_t w;

	if (!o->always && n > PIPE_BUF)
		n = PIPE_BUF;
	w = write(o->fd, o->queue.data + o->at, n);
	if (w > 0)
		o->at += (size_t)w;
	else if (w < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

int out_drain(struct out *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	while (!o->error && out_left(o)) {
		int r;

		if (!o->always && poll(&p, 1, 0) <= 0)
			break;
		r = write_some(o);
		if (r == -EINTR)
			break;
		o->error = r;
	}
	return o->error;
}

int out_flush(struct out *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	while (out_drain(o) == 0 && out_left(o))
		(void)poll(&p, 1, -1);
	return o->error;
}

int out_status(const struct out *o)
{
	if (o->error == -EPIPE)
		return STATUS_PIPE;
	return say_fail(STATUS_OUTPUT, "cannot write %s%s%s: %s", o->path ? "'" : "",
		o->path ? o->path : "the output", o->path ? "'" : "", strerror(-o->error));
}

static int name_file(struct out *o, bool whole)
{
	if (whole && rename(o->part, o->path) < 0)
		return say_fail(STATUS_OUTPUT, "cannot rename '%s': %s; the answer is in it",
			o->part, strerror(errno));
	if (whole)
		return 0;
	if (!o->total)
		(void)unlink(o->part);
	else
		say("what came is in '%s'", o->part);
	return 0;
}

int out_close(struct out *o, bool whole)
{
	int r = 0;

	if (o->path && o->fd >= 0 && close(o->fd) < 0 && !o->error)
		o->error = -errno;
	if (o->error)
		r = out_status(o);
	else if (o->part)
		r = name_file(o, whole);
	o->part = mem_free(o->part);
	buf_fini(&o->queue);
	o->fd = -1;
	return r;
}

int out_text(const struct buf *text, bool raw)
{
	struct out o;
	struct buf clean = { 0 };
	int r;

	(void)out_open(&o, NULL);
	filter_text(raw ? FILTER_NONE : o.tty ? term_filter() : FILTER_PIPE, (const char *)text->data, text->len, &clean);
	out_add(&o, clean.data, clean.len);
	if (clean.failed && !o.error)
		o.error = -ENOMEM;
	(void)out_flush(&o);
	r = out_close(&o, true);
	buf_fini(&clean);
	return r;
}
