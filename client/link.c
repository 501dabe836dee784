/* The connection to the daemon. */
#include "client/link_in.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/connect.h"
#include "client/out.h"
#include "client/say.h"
#include "client/secret.h"
#include "client/signals.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "proto/limits.h"

#define READ_SIZE 65536 /* memory that is not written to is not ours yet */

struct link *link_new(const struct client *c)
{
	struct link *l = mem_new(sizeof(*l));

	*l = (struct link){ .client = c, .fd = -1, .last_id = LINK_HELLO_ID };
	buf_init(&l->in, LIMIT_FRAME + READ_SIZE);
	buf_init(&l->request, LIMIT_FRAME);
	return l;
}

static void drop_out(struct link *l)
{
	if (l->secret && l->out.cap)
		explicit_bzero(l->out.data, l->out.cap);
	buf_reset(&l->out);
}

void link_is_secret(struct link *l)
{
	l->secret = true;
}

void link_forget(struct link *l)
{
	buf_wipe(&l->request);
}

void link_drop(struct link *l)
{
	l->fd = fd_close(l->fd);
	buf_reset(&l->in);
	drop_out(l);
	l->token_waits = false;
	l->token = secret_free(l->token);
	l->in_at = l->out_at = 0;
	scan_init(&l->scan);
}

void link_renew(struct link *l)
{
	link_drop(l);
	l->greeted = l->restarted = false;
	l->instance[0] = '\0';
}

bool link_is_open(const struct link *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLRDHUP };

	return l->fd >= 0 && poll(&p, 1, 0) == 0;
}

void *link_free(struct link *l)
{
	if (!l)
		return NULL;
	link_drop(l);
	link_error_fini(&l->error);
	msg_fini(&l->msg);
	buf_fini(&l->in);
	buf_wipe(&l->out);
	buf_wipe(&l->request);
	mem_free(l->path);
	return mem_free(l);
}

/* The daemon we had; nobody else's socket will do, and none is started in its place. */
static int connect_same(struct link *l)
{
	unsigned uid;

	l->fd = connect_path(l->path, &uid);
	return l->fd >= 0 ? 0 : CONNECT_E_NOBODY;
}

static int connect_any(struct link *l)
{
	l->path = mem_free(l->path);
	return connect_daemon(l->client, &l->fd, &l->path, &l->status);
}

static int connect_now(struct link *l)
{
	int r;

	link_drop(l);
	l->closing[0] = '\0';
	r = l->greeted ? connect_same(l) : connect_any(l);
	if (r) {
		l->fd = -1;
		return r == CONNECT_E_STATUS ? LINK_E_STATUS : LINK_E_LOST;
	}
	if (l->client->verbose)
		say("connected to '%s'", l->path);
	link_hello(l);
	return LINK_OK;
}

struct pack *link_request(struct link *l, const char *method)
{
	buf_reset(&l->request);
	pack_request(&l->pack, &l->request, ++l->last_id, method);
	return &l->pack;
}

void link_resend(struct link *l)
{
	(void)buf_add(&l->out, l->request.data, l->request.len);
}

int link_send(struct link *l, uint32_t *id)
{
	int r;

	if (pack_end(&l->pack) < 0) {
		l->status = say_fail(STATUS_DATA,
			"the request is larger than a message may be (%u bytes)", LIMIT_FRAME);
		return LINK_E_STATUS;
	}
	*id = l->last_id;
	r = l->fd < 0 ? connect_now(l) : LINK_OK;
	if (r)
		return r;
	link_resend(l);
	return LINK_OK;
}

/* What may leave now: with a token at hand, how the daemon wants to be spoken to has to be heard first. */
static size_t sendable(const struct link *l)
{
	return (l->hello_waits && l->token ? l->gate : l->out.len) - l->out_at;
}

/* Words of the daemon that a request may have waited for; 0 when the socket takes no more now. */
static int send_some(struct link *l)
{
	while (sendable(l)) {
		ssize_t n = send(l->fd, l->out.data + l->out_at, sendable(l), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		l->out_at += (size_t)n;
	}
	if (l->out_at == l->out.len) {
		drop_out(l);
		l->out_at = 0;
	}
	return 0;
}

/* What was read of the frame before this one goes when more room is needed, not with each frame. */
static int receive(struct link *l)
{
	ssize_t n;

	if (l->in_at) {
		buf_consume(&l->in, l->in_at);
		l->in_at = 0;
	}
	if (buf_reserve(&l->in, READ_SIZE) < 0)
		return -ENOBUFS;
	n = recv(l->fd, l->in.data + l->in.len, READ_SIZE, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	l->in.len += (size_t)n;
	return n ? 0 : -ECONNRESET;
}

int link_refuse(struct link *l, const char *why)
{
	l->status = say_fail(STATUS_PROTOCOL, "the server at '%s' does not speak this protocol: %s",
		l->path, why);
	return LINK_REFUSED;
}

/* [2, "server", ...]: why the connection is about to end. True: there is no going on. */
static bool server_word(struct link *l)
{
	char *reason;

	if (l->msg.type != MSG_NOTIFICATION || l->msg.method_len != 6 ||
		memcmp(l->msg.method, "server", 6) != 0)
		return false;
	if (val_str_is(val_get(l->msg.params, "kind"), "protocol_error")) {
		reason = val_get_text(l->msg.params, "name");
		(void)link_refuse(l, reason ? reason : "it reports a protocol error");
		mem_free(reason);
		return true;
	}
	reason = val_get_text(l->msg.params, "reason");
	if (reason)
		(void)snprintf(l->closing, sizeof(l->closing), "%s", reason);
	mem_free(reason);
	return false;
}

/* A whole frame at the front of `in`: LINK_MESSAGE, LINK_REFUSED, or -1: none yet. */
static int take_frame(struct link *l)
{
	static const struct scan_limits limits = { LIMIT_FRAME, LIMIT_NODES, LIMIT_DEPTH };
	const uint8_t *p = l->in.data + l->in_at;
	const char *why;
	bool id_known;

	if (l->in_at == l->in.len)
		return -1;
	switch (scan_feed(&l->scan, p, l->in.len - l->in_at, &limits)) {
	case SCAN_MORE:
		return -1;
	case SCAN_BAD:
		return link_refuse(l, l->scan.why);
	case SCAN_OK:
		break;
	}
	if (msg_parse(&l->msg, p, l->scan.at, &why, &id_known) < 0)
		return link_refuse(l, why);
	l->in_at += l->scan.at;
	scan_init(&l->scan);
	if (l->hello_waits && link_is_reply(l, LINK_HELLO_ID))
		return link_hello_answered(l) ? LINK_REFUSED : take_frame(l);
	if (l->token_waits && link_is_reply(l, LINK_TOKEN_ID))
		return link_token_answered(l) ? LINK_REFUSED : take_frame(l);
	if (l->hello_waits && l->msg.type != MSG_NOTIFICATION)
		return link_refuse(l, "it answers without having heard hello");
	return server_word(l) ? LINK_REFUSED : LINK_MESSAGE;
}

static int time_left(uint64_t until_ms)
{
	uint64_t now;

	if (!until_ms)
		return -1;
	now = clock_mono_ms();
	if (now >= until_ms)
		return 0;
	return (int)min_of(until_ms - now, 1000000u);
}

/* Whoever listens and never says a word is no daemon, or a stopped one. */
static bool is_mute(const struct link *l)
{
	return l->hello_waits && clock_mono_ms() >= l->hello_until_ms;
}

static uint64_t wait_until(const struct link *l, const struct link_wait *w)
{
	uint64_t until = w->until_ms ? w->until_ms : UINT64_MAX;

	if (l->hello_waits)
		until = min_of(until, l->hello_until_ms);
	return until == UINT64_MAX ? 0 : until;
}

static bool output_waits(const struct link_wait *w)
{
	return w->out && out_left(w->out) > 0;
}

/* One poll and what it brings; -1: look again. */
static int wait_once(struct link *l, const struct link_wait *w)
{
	bool full = output_waits(w) && out_left(w->out) >= OUT_BACKLOG && !w->read_anyway;
	struct pollfd p[3] = {
		{ .fd = l->fd,
			.events = (short)((full ? 0 : POLLIN) | (sendable(l) ? POLLOUT : 0)) },
		{ .fd = w->signals, .events = POLLIN },
		{ .fd = output_waits(w) ? w->out->fd : -1, .events = POLLOUT },
	};
	int n;

	/* While nothing is wanted of it, a hang-up must not turn the poll into a spin. */
	if (!p[0].events)
		p[0].fd = -1;
	if (l->fd < 0)
		return LINK_LOST;
	n = poll(p, 3, time_left(wait_until(l, w)));
	if (n < 0)
		return -1;
	if (n == 0 && is_mute(l)) {
		l->status = say_fail(STATUS_UNAVAILABLE,
			"no word of the daemon at '%s' within %d s", l->path, LINK_HELLO_MS / 1000);
		return LINK_REFUSED;
	}
	if (n == 0)
		return w->until_ms && clock_mono_ms() >= w->until_ms ? LINK_TIMEOUT : -1;
	if (p[1].revents)
		return LINK_SIGNAL;
	if (p[0].revents & ~POLLOUT && receive(l) < 0)
		return LINK_LOST;
	return -1;
}

void link_pause(const struct link_wait *w)
{
	struct pollfd p[2] = {
		{ .fd = w->signals, .events = POLLIN },
		{ .fd = output_waits(w) ? w->out->fd : -1, .events = POLLOUT },
	};

	(void)poll(p, 2, time_left(w->until_ms));
}

static int next_event(struct link *l, const struct link_wait *w)
{
	int r = take_frame(l);

	if (r >= 0)
		return r;
	if (w->out && out_drain(w->out) < 0)
		return LINK_OUTPUT;
	if (send_some(l) < 0)
		return LINK_LOST;
	return wait_once(l, w);
}

enum link_event link_next(struct link *l, const struct link_wait *w)
{
	int r;

	do {
		r = next_event(l, w);
	} while (r < 0);
	if (r == LINK_LOST)
		link_drop(l);
	return (enum link_event)r;
}

bool link_is_reply(const struct link *l, uint32_t id)
{
	return l->msg.type == MSG_RESPONSE && l->msg.id == id;
}

/* Signals end the process here as everywhere outside a watched wait, so the pause is a plain one.
 */
int link_again_for(struct link *l, const struct link_wait *w, unsigned ms)
{
	uint64_t end = clock_mono_ms() + ms;
	struct pollfd p = { .fd = w ? w->signals : -1, .events = POLLIN };
	int pause = 20, r;

	/* One that never answered was about to leave when we came: then a new one may be started.
	 */
	while ((r = connect_now(l)) == LINK_E_LOST) {
		if (clock_mono_ms() >= end || poll(&p, 1, pause) > 0)
			return LINK_E_LOST;
		pause = min_of(2 * pause, 500);
	}
	return r;
}

int link_again(struct link *l, const struct link_wait *w)
{
	return link_again_for(l, w, LINK_AGAIN_MS);
}

void link_any(struct link *l)
{
	l->greeted = false;
}
