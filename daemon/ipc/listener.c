/*
 * The listening socket on the loop. It polls and calls accept4(2) itself: so the descriptor is
 * close-on-exec from birth, and running out of descriptors is ours to handle.
 *
 * Out of descriptors a level-triggered poll would spin on a connection that cannot be taken. One
 * descriptor is kept in reserve: it is given up for the moment of accepting that connection and
 * closing it, so the peer is told at once and the queue drains.
 */
#define LOG_TAG "listener"
#include "daemon/ipc/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/listener_bind.h"

#define ACCEPT_BATCH 64   /* then the loop turns: answers are relayed too */
#define PAUSE_MS 100      /* when not even the reserve helps */
#define SHED_LOG_MS 10000 /* between log lines about it */

struct acceptor {
	uv_poll_t poll;
	struct listener *listener;
	int fd;
};

struct listener {
	uv_loop_t *loop;
	struct listener_config config;
	struct bound_socket place; /* unused when activated */
	struct acceptor *acceptor;
	char *path;
	int pending; /* accepted, not yet taken by on_connection */
	int reserve;
	uv_timer_t check, pause;
	unsigned handles; /* not yet closed */
	bool activated, stopped, closing;
	bool lost;   /* the path is not ours and was said so */
	bool paused; /* accepting failed and was said so */
	uint64_t shed, shed_logged_ms;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void finish_close(struct listener *l)
{
	void (*closed)(void *ctx) = l->closed;
	void *ctx = l->closed_ctx;

	if (!l->closing || l->handles)
		return;
	fd_close(l->reserve);
	bound_socket_fini(&l->place); /* the lock goes here, last */
	free(l->path);
	free(l);
	if (closed)
		closed(ctx);
}

static void acceptor_closed(uv_handle_t *h)
{
	struct acceptor *a = h->data;
	struct listener *l = a->listener;

	fd_close(a->fd);
	free(a);
	l->handles--;
	finish_close(l);
}

static void timer_closed(uv_handle_t *h)
{
	struct listener *l = h->data;

	l->handles--;
	finish_close(l);
}

static void acceptor_close(struct acceptor *a)
{
	if (a)
		uv_close((uv_handle_t *)&a->poll, acceptor_closed);
}

/* Takes fd. */
static int acceptor_new(struct listener *l, int fd)
{
	struct acceptor *a = mem_new(sizeof(*a));
	int r;

	*a = (struct acceptor){ .listener = l, .fd = fd };
	r = uv_poll_init(l->loop, &a->poll, fd);
	if (r < 0) {
		fd_close(fd);
		free(a);
		return r;
	}
	a->poll.data = a;
	l->handles++;
	r = uv_poll_start(&a->poll, UV_READABLE, on_readable);
	if (r < 0) {
		acceptor_close(a);
		return r;
	}
	l->acceptor = a;
	return 0;
}

static void resume(uv_timer_t *t)
{
	struct listener *l = t->data;

	if (l->reserve < 0)
		l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (l->acceptor)
		(void)uv_poll_start(&l->acceptor->poll, UV_READABLE, on_readable);
}

static void pause_accepting(struct listener *l, int error)
{
	if (!l->paused)
		log_warn("cannot accept connections: %s; trying every %d ms", strerror(error),
			PAUSE_MS);
	l->paused = true;
	uv_poll_stop(&l->acceptor->poll);
	uv_timer_start(&l->pause, resume, PAUSE_MS, 0);
}

static void log_shed(struct listener *l)
{
	uint64_t now = clock_mono_ms();

	l->shed++;
	if (l->shed_logged_ms && now - l->shed_logged_ms < SHED_LOG_MS)
		return;
	log_warn("out of descriptors: %llu connections turned away so far; raise LimitNOFILE or "
		 "ulimit -n",
		(unsigned long long)l->shed);
	l->shed_logged_ms = now;
}

/* False: nothing could be done now. */
static bool shed_one(struct listener *l, int fd)
{
	int victim;

	if (l->reserve < 0)
		return false;
	l->reserve = fd_close(l->reserve);
	victim = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (victim < 0 && errno != EAGAIN && errno != ECONNABORTED)
		return false;
	if (victim >= 0)
		log_shed(l);
	fd_close(victim);
	l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return true;
}

/* True: there may be more. */
static bool accept_one(struct listener *l, int fd)
{
	l->pending = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (l->pending >= 0) {
		l->paused = false;
		l->config.on_connection(l->config.ctx, l);
		l->pending = fd_close(l->pending);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if ((errno == EMFILE || errno == ENFILE) && shed_one(l, fd))
		return true;
	if (l->acceptor)
		pause_accepting(l, errno);
	return false;
}

static void on_readable(uv_poll_t *poll, int status, int events attr_unused)
{
	struct acceptor *a = poll->data;
	struct listener *l = a->listener;

	if (status < 0) {
		log_error("the socket cannot be polled: %s", uv_strerror(status));
		return;
	}
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		if (!accept_one(l, a->fd) || l->stopped || l->acceptor != a)
			return;
	}
}

/*
 * The kernel's word, as it was at connect(2): the primary group and the supplementary ones, which come
 * apart (unix(7)). No name service is asked, and none can block us.
 */
static bool is_member(int fd, gid_t primary, gid_t wanted)
{
	gid_t few[32], *all = few;
	socklen_t n = sizeof(few);
	int r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &n);
	bool found = primary == wanted;

	if (r < 0 && errno == ERANGE) { /* n is what it takes */
		all = mem_new(n);
		r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, all, &n);
	}
	for (size_t i = 0; r == 0 && i < n / sizeof(*all); i++)
		found |= all[i] == wanted;
	if (all != few)
		free(all);
	return found;
}

int listener_accept(struct listener *l, uv_pipe_t *pipe, struct peer *peer)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);
	bool member;
	int r;

	if (l->pending < 0)
		return -EAGAIN;
	if (getsockopt(l->pending, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
		return -errno;
	member = l->config.group != (gid_t)-1 && is_member(l->pending, cred.gid, l->config.group);
	r = uv_pipe_open(pipe, l->pending);
	if (r < 0)
		return r;
	l->pending = -1;
	*peer = (struct peer){ .uid = cred.uid, .gid = cred.gid, .pid = cred.pid, .member = member };
	return 0;
}

/* Who reached the old socket is served; then the new one takes over. */
static int replace_acceptor(struct listener *l, int fd)
{
	struct acceptor *old = l->acceptor;
	int r;

	l->acceptor = NULL;
	if (old) {
		while (!l->stopped && accept_one(l, old->fd))
			;
		acceptor_close(old);
	}
	if (l->stopped) {
		fd_close(fd);
		return 0;
	}
	r = acceptor_new(l, fd);
	if (r < 0)
		log_error("cannot poll the new socket: %s", uv_strerror(r));
	return r;
}

static void on_check(uv_timer_t *t)
{
	struct listener *l = t->data;
	char *why = NULL;
	int fd, r;

	if (l->acceptor && bound_socket_look(&l->place) == SOCKET_OURS) {
		l->lost = false;
		return;
	}
	r = bound_socket_bind(&l->place, &fd, &why);
	if (r == 0 && replace_acceptor(l, fd) == 0) {
		log_warn("the socket '%s' had vanished and was bound again", l->path);
		l->lost = false;
	} else if (r != 0 && !l->lost) {
		log_error(
			"the socket '%s' no longer leads here, and new clients do not find us: %s",
			l->path, why);
		l->lost = true;
	}
	free(why);
}

static void init_timer(struct listener *l, uv_timer_t *t)
{
	uv_timer_init(l->loop, t);
	t->data = l;
	l->handles++;
}

static int take_socket(struct listener *l, int *fd, char **why)
{
	int r = activated_socket(fd, why);

	if (r != 0)
		return r;
	l->activated = *fd >= 0;
	if (l->activated) {
		l->path = socket_name(*fd);
		return 0;
	}
	l->path = mem_dup(l->config.path);
	r = bound_socket_init(&l->place, l->path, why);
	return r ? r : bound_socket_bind(&l->place, fd, why);
}

int listener_new(
	struct listener **out, uv_loop_t *loop, const struct listener_config *config, char **why)
{
	struct listener *l = mem_new(sizeof(*l));
	int fd = -1, r;

	*l = (struct listener){
		.loop = loop, .config = *config, .pending = -1, .reserve = -1, .place.lock_fd = -1
	};
	*why = NULL;
	r = take_socket(l, &fd, why);
	if (r == 0) {
		r = acceptor_new(l, fd);
		if (r < 0)
			*why = mem_printf("cannot poll '%s': %s", l->path, uv_strerror(r));
	}
	if (r != 0) {
		bound_socket_unlink(&l->place);
		l->closing = true;
		finish_close(l); /* an acceptor that is still closing frees it later */
		return r;
	}
	l->config.path = l->path;
	l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	init_timer(l, &l->check);
	init_timer(l, &l->pause);
	if (!l->activated && config->check_ms)
		uv_timer_start(&l->check, on_check, config->check_ms, config->check_ms);
	*out = l;
	return 0;
}

const char *listener_path(const struct listener *l)
{
	return l->path;
}

bool listener_activated(const struct listener *l)
{
	return l->activated;
}

void listener_stop(struct listener *l)
{
	if (l->stopped)
		return;
	l->stopped = true;
	uv_timer_stop(&l->check);
	uv_timer_stop(&l->pause);
	bound_socket_unlink(&l->place);
	acceptor_close(l->acceptor);
	l->acceptor = NULL;
}

void listener_close(struct listener *l, void (*closed)(void *ctx), void *ctx)
{
	listener_stop(l);
	l->closing = true;
	l->closed = closed;
	l->closed_ctx = ctx;
	uv_close((uv_handle_t *)&l->check, timer_closed);
	uv_close((uv_handle_t *)&l->pause, timer_closed);
}
