/* Making the connection of a session, losing it, making it again, giving it up. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "client/connect.h"
#include "client/say.h"
#include "client/session_in.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/path.h"

#define HELLO_MS 15000
#define PAUSE_MS 20      /* between two tries, doubled */
#define PAUSE_MAX_MS 500
#define START_MS 1000    /* nobody has listened for so long: a daemon may be started */

/* ---- what wakes the caller ---- */

void session_watch(struct session *s)
{
	uint32_t wanted = 0;
	struct epoll_event e = { 0 };

	if (s->fd < 0) {
		s->events = 0; /* closing took it out */
		return;
	}
	/* A hang-up shows without being asked for: while held the descriptor is taken out. */
	if (!s->held)
		wanted |= EPOLLIN;
	if (s->out_at < s->out.len)
		wanted |= EPOLLOUT;
	if (wanted == s->events)
		return;
	e.events = wanted;
	(void)epoll_ctl(s->epoll, !wanted ? EPOLL_CTL_DEL : s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->fd, &e);
	s->events = wanted;
}

void session_timer(struct session *s)
{
	uint64_t now = clock_mono_ms(), at = 0, in;
	struct itimerspec t = { 0 };

	if (s->doomed || (!s->held && s->in_at < s->in.len && s->scan.at == 0))
		at = now;
	else if (s->state == SESSION_AGAIN)
		at = s->next_try;
	else if (s->state == SESSION_HELLO)
		at = s->hello_until;
	if (at) {
		in = at > now ? at - now : 0;
		t.it_value.tv_sec = (time_t)(in / 1000);
		t.it_value.tv_nsec = in ? (long)(in % 1000 * 1000000) : 1;
		if (in && !t.it_value.tv_sec && !t.it_value.tv_nsec)
			t.it_value.tv_nsec = 1;
	}
	(void)timerfd_settime(s->timer, 0, &t, NULL);
}

/* ---- connecting ---- */

static void close_fd(struct session *s)
{
	s->fd = fd_close(s->fd);
	s->events = 0;
	buf_reset(&s->in);
	buf_wipe(&s->out);
	s->in_at = s->out_at = 0;
	scan_init(&s->scan);
	s->token = mem_wipe(s->token, s->token ? strlen(s->token) : 0);
}

void session_greet(struct session *s, int fd)
{
	close_fd(s);
	s->fd = fd;
	s->state = SESSION_HELLO;
	s->hello_until = clock_mono_ms() + HELLO_MS;
	pack_hello(&s->out, HELLO_ID, s->config.name);
	s->token = s->config.token ? s->config.token(s->path) : NULL;
	session_watch(s);
	session_timer(s);
}

static void take_found(struct session *s, struct connect_found *f)
{
	mem_free(s->path);
	s->path = f->path;
	f->path = NULL;
	session_greet(s, f->fd);
	f->fd = -1;
}

/* The usual places, or the one that was told; a daemon is started where that is wanted. */
int session_find_now(struct session *s, int *status, char **why)
{
	struct connect_found f;
	int r = connect_find(s->config.socket, s->config.autostart, &f);

	if (!r) {
		take_found(s, &f);
	} else {
		*status = f.status;
		*why = f.why;
		f.why = NULL;
	}
	connect_found_fini(&f);
	return r;
}

static void find_failed(struct session *s, const char *why)
{
	if (s->again_until && clock_mono_ms() < s->again_until) { /* a lost connection is tried on */
		s->state = SESSION_AGAIN;
		s->next_try = clock_mono_ms() + s->pause;
		session_timer(s);
		return;
	}
	session_fail(s, SESSION_UNREACHABLE, s->again_until ? "interrupted" : "unreachable", why);
}

void session_find(struct session *s)
{
	struct connect_found f = { .path = s->config.socket ? mem_dup(s->config.socket) : path_user_socket(), .fd = -1 };
	struct epoll_event e = { .events = EPOLLIN };
	unsigned uid;
	char *why = NULL;
	int status;

	s->state = SESSION_FINDING;
	f.fd = connect_path_once(f.path, &uid);
	if (f.fd >= 0) { /* as most often */
		take_found(s, &f);
	} else {
		s->finder = finder_start(s->config.socket, s->config.autostart);
		if (s->finder)
			(void)epoll_ctl(s->epoll, EPOLL_CTL_ADD, finder_fd(s->finder), &e);
		else if (session_find_now(s, &status, &why))
			find_failed(s, why ? why : "no daemon can be reached");
	}
	mem_free(why);
	connect_found_fini(&f);
}

void session_found(struct session *s)
{
	struct connect_found f;
	int r;

	if (finder_take(s->finder, &f, &r))
		return;
	s->finder = NULL; /* with the thread's end its descriptor is closed, which takes it out of epoll */
	if (!r)
		take_found(s, &f);
	else
		find_failed(s, f.why ? f.why : "no daemon can be reached");
	connect_found_fini(&f);
}

/* ---- losing it ---- */

/* Those that may be sent again stay; true: there are any. */
static bool sort_requests(struct session *s)
{
	bool any = false;

	buf_wipe(&s->later);
	for (size_t i = 0; i < array_len(s->requests); i++) {
		struct request *q = &s->requests[i];

		if (!q->id || q->doomed)
			continue;
		if (q->kind != REQUEST_USER) {
			*q = (struct request){ 0 }; /* made anew with the next connection */
		} else if (q->frame && q->tries-- > 0) {
			(void)buf_add(&s->later, q->frame, q->nframe);
			any = true;
		} else {
			session_doom(s, q, SESSION_LOST,
				"the connection to the daemon was lost; whether this was done is not known");
		}
	}
	return any;
}

void session_lose(struct session *s)
{
	bool greeted = s->state == SESSION_OPEN, first = s->again_until == 0, wanted;

	close_fd(s);
	wanted = sort_requests(s) || s->nstreams;
	s->state = SESSION_IDLE;
	if (!wanted) {
		s->again_until = 0;
		session_timer(s);
		return;
	}
	s->state = SESSION_AGAIN;
	if (first || greeted) {
		uint64_t now = clock_mono_ms();

		s->again_until = now + s->again_ms;
		s->started_at = now;
		s->pause = PAUSE_MS;
		s->next_try = now;
	}
	if (first) {
		struct pack *p = session_note_begin(s, "connection");

		pack_kv_text(p, "state", "lost");
		session_note_end(s, p);
	}
	if (!greeted) { /* it was there and left before its first word */
		s->next_try = clock_mono_ms() + s->pause;
		s->pause = min_of(2 * s->pause, PAUSE_MAX_MS);
	}
	session_timer(s);
}

static void doom_all(struct session *s, int code, const char *why)
{
	for (size_t i = 0; i < array_len(s->requests); i++)
		if (s->requests[i].id)
			session_doom(s, &s->requests[i], code, why);
	buf_wipe(&s->later);
}

/* There is no going on with this server: everything that waits is told why. */
void session_fail(struct session *s, int code, const char *name, const char *why)
{
	bool told = s->again_until != 0;

	close_fd(s);
	s->state = SESSION_IDLE;
	s->again_until = 0;
	doom_all(s, code, why);
	session_streams_end(s, code, name, why);
	if (told) {
		struct pack *p = session_note_begin(s, "connection");

		pack_kv_text(p, "state", "given_up");
		pack_kv_text(p, "message", why);
		session_note_end(s, p);
	}
	session_timer(s);
}

/* ---- again ---- */

static bool may_start(const struct session *s, int r)
{
	return (r == -ENOENT || r == -ECONNREFUSED) && s->config.start_again && s->config.autostart &&
	       !s->config.socket && clock_mono_ms() >= s->started_at + START_MS;
}

void session_again(struct session *s)
{
	unsigned uid = 0;
	int fd = connect_path_once(s->path, &uid);
	uint64_t now = clock_mono_ms();

	if (fd >= 0) {
		session_greet(s, fd);
		return;
	}
	if (may_start(s, fd)) {
		s->started_at = now + s->again_ms; /* once */
		session_find(s);
		return;
	}
	if (now >= s->again_until) {
		session_fail(s, SESSION_UNREACHABLE, "interrupted", "the connection to the daemon was lost");
		return;
	}
	s->next_try = now + s->pause;
	s->pause = min_of(2 * s->pause, PAUSE_MAX_MS);
}
