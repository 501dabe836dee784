/* A helper's process, its three pipes, its deadline and its end. */
#define LOG_TAG "worker"
#include "daemon/worker/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"

#define PIECE 65536
#define EOF_MS 1000 /* after its end: for pipes that somebody else may hold */

struct spawn {
	uv_pipe_t in, out, err;
	uv_poll_t watch;         /* the pidfd */
	uv_timer_t timer;
	uv_write_t write;
	struct buf input;
	pid_t pid;
	int pidfd;
	unsigned open;           /* handles */
	bool exited, out_ended, err_ended, closing;
	struct spawn_end end;
	char spill[4096];        /* where bytes go that are not kept */
	spawn_done done;
	spawn_take take;         /* what comes is handed on; NULL: it is kept in end.out */
	size_t taken, max;
	void *ctx;
};

static void on_closed(uv_handle_t *h)
{
	struct spawn *s = h->data;

	if (--s->open)
		return;
	fd_close(s->pidfd);
	s->done(s->ctx, &s->end);
	buf_fini(&s->input);
	buf_fini(&s->end.out);
	buf_fini(&s->end.err);
	mem_free(s);
}

static void close_one(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void close_all(struct spawn *s)
{
	s->closing = true;
	close_one(&s->in);
	close_one(&s->out);
	close_one(&s->err);
	close_one(&s->watch);
	close_one(&s->timer);
}

static void on_late_eof(uv_timer_t *t)
{
	close_all(t->data);
}

/* Whole when it has ended and both its pipes have. */
static void look_whether_over(struct spawn *s)
{
	if (!s->exited || s->closing)
		return;
	if (s->out_ended && s->err_ended)
		close_all(s);
	else
		uv_timer_start(&s->timer, on_late_eof, EOF_MS, 0);
}

static void kill_it(struct spawn *s)
{
	if (!s->exited)
		(void)syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

void spawn_kill(struct spawn *s)
{
	s->end.killed = true;
	kill_it(s);
}

/* ---- what it says ---- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct spawn *s = h->data;
	struct buf *to = h == (uv_handle_t *)&s->out ? &s->end.out : &s->end.err;
	size_t room = to->max - to->len;

	(void)suggested;
	if (s->take && to == &s->end.out)
		room = s->max - s->taken;
	room = min_of(room, (size_t)PIECE);
	if (!room || buf_reserve(to, room) < 0)
		*b = uv_buf_init(s->spill, sizeof(s->spill));
	else
		*b = uv_buf_init((char *)to->data + to->len, (unsigned)room);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct spawn *s = stream->data;
	bool is_out = stream == (uv_stream_t *)&s->out;

	if (n < 0) {
		*(is_out ? &s->out_ended : &s->err_ended) = true;
		uv_read_stop(stream);
		look_whether_over(s);
	} else if (b->base != s->spill && is_out && s->take) {
		s->taken += (size_t)n;
		s->take(s->ctx, b->base, (size_t)n);
	} else if (b->base != s->spill) {
		(is_out ? &s->end.out : &s->end.err)->len += (size_t)n;
	} else if (is_out && n > 0 && !s->end.too_large) {
		s->end.too_large = true;
		kill_it(s);
	}
}

/* ---- its end ---- */

static void on_exit_seen(uv_poll_t *h, int status, int events)
{
	struct spawn *s = h->data;
	siginfo_t info = { 0 };

	(void)status;
	(void)events;
	if (waitid((idtype_t)P_PIDFD, (id_t)s->pidfd, &info, WEXITED | WNOHANG) != 0 || !info.si_pid)
		return;
	s->exited = true;
	uv_poll_stop(&s->watch);
	uv_timer_stop(&s->timer);
	if (info.si_code == CLD_EXITED)
		s->end.status = info.si_status;
	else
		s->end.signal = info.si_status;
	look_whether_over(s);
}

static void on_deadline(uv_timer_t *t)
{
	struct spawn *s = t->data;

	s->end.deadline = true;
	kill_it(s);
}

/* ---- its input ---- */

static void on_written(uv_write_t *w, int status)
{
	struct spawn *s = w->data;

	(void)status; /* one that does not read tells why by its end */
	close_one(&s->in);
}

void spawn_send(struct spawn *s, struct buf *input, uint64_t deadline_ms)
{
	uv_buf_t parts[2] = { uv_buf_init(NULL, 0), uv_buf_init(NULL, 0) };

	s->input = *input;
	buf_init(input, input->max);
	parts[0] = uv_buf_init((char *)s->input.data, (unsigned)s->input.len);
	spawn_send_borrowed(s, parts, deadline_ms);
}

void spawn_stream(struct spawn *s, spawn_take take)
{
	s->take = take;
}

void spawn_send_borrowed(struct spawn *s, const uv_buf_t parts[2], uint64_t deadline_ms)
{
	s->write.data = s;
	if (s->closing)
		return;
	if (!s->exited)
		uv_timer_start(&s->timer, on_deadline, deadline_ms, 0);
	if (uv_is_closing((uv_handle_t *)&s->in) || uv_write(&s->write, (uv_stream_t *)&s->in, parts, 2, on_written) != 0)
		close_one(&s->in);
}

bool spawn_waits(const struct spawn *s)
{
	return !s->exited && !s->end.killed && !s->closing;
}

void spawn_claim(struct spawn *s, spawn_done done, void *ctx)
{
	s->done = done;
	s->ctx = ctx;
}

/* ---- its start ---- */

struct ends {
	int in[2], out[2], err[2];
};

static void close_ends(struct ends *e)
{
	int *all[] = { &e->in[0], &e->in[1], &e->out[0], &e->out[1], &e->err[0], &e->err[1] };

	for (size_t i = 0; i < array_len(all); i++)
		*all[i] = fd_close(*all[i]);
}

static int make_pipes(struct ends *e)
{
	*e = (struct ends){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (pipe2(e->in, O_CLOEXEC) == 0 && pipe2(e->out, O_CLOEXEC) == 0 && pipe2(e->err, O_CLOEXEC) == 0)
		return 0;
	return -errno;
}

static int run_program(pid_t *pid, const char *const *argv, const struct ends *e)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults, none;
	char *const no_environment[] = { NULL };
	int r;

	sigfillset(&defaults); /* SIGPIPE is ignored here */
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, e->in[0], 0);
	posix_spawn_file_actions_adddup2(&files, e->out[1], 1);
	posix_spawn_file_actions_adddup2(&files, e->err[1], 2);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setsigmask(&attr, &none);
	r = posix_spawn(pid, argv[0], &files, &attr, (char *const *)(uintptr_t)argv, no_environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* A process that cannot be watched is ended at once. */
static int watch_process(struct spawn *s)
{
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pidfd >= 0)
		return 0;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	return -EMFILE;
}

static void start_handles(struct spawn *s, uv_loop_t *loop, struct ends *e)
{
	uv_pipe_init(loop, &s->in, 0);
	uv_pipe_init(loop, &s->out, 0);
	uv_pipe_init(loop, &s->err, 0);
	uv_poll_init(loop, &s->watch, s->pidfd);
	uv_timer_init(loop, &s->timer);
	s->in.data = s->out.data = s->err.data = s->watch.data = s->timer.data = s;
	s->open = 5;
	uv_pipe_open(&s->in, e->in[1]);
	uv_pipe_open(&s->out, e->out[0]);
	uv_pipe_open(&s->err, e->err[0]);
	e->in[1] = e->out[0] = e->err[0] = -1;
	uv_read_start((uv_stream_t *)&s->out, on_alloc, on_read);
	uv_read_start((uv_stream_t *)&s->err, on_alloc, on_read);
	uv_poll_start(&s->watch, UV_READABLE, on_exit_seen);
}

int spawn_start(struct spawn **out, uv_loop_t *loop, const char *const *argv, size_t out_max, spawn_done done, void *ctx)
{
	struct spawn *s = mem_new(sizeof(*s));
	struct ends e;
	int r = make_pipes(&e);

	*s = (struct spawn){ .pidfd = -1, .done = done, .ctx = ctx, .max = out_max };
	buf_init(&s->end.out, out_max);
	buf_init(&s->end.err, SPAWN_STDERR_MAX);
	if (r == 0)
		r = run_program(&s->pid, argv, &e);
	if (r == 0)
		r = watch_process(s);
	if (r == 0)
		start_handles(s, loop, &e);
	close_ends(&e);
	if (r == 0)
		log_debug("%s runs as %d", argv[0], (int)s->pid);
	*out = r == 0 ? s : mem_free(s);
	return r;
}
