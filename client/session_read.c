/* What the daemon says to a session: bytes to frames, frames to replies and notifications. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "client/session_in.h"
#include "common/attr.h"
#include "common/mem.h"
#include "proto/errors.h"
#include "proto/limits.h"

#define READS_A_TURN 16 /* then the caller looks at its other descriptors */

static struct request *request_of(struct session *s, uint32_t id)
{
	for (size_t i = 0; i < array_len(s->requests); i++)
		if (id && s->requests[i].id == id && !s->requests[i].doomed)
			return &s->requests[i];
	return NULL;
}

static void on_reply(struct session *s, struct val error, struct val result)
{
	struct request *q = request_of(s, s->msg.id), was;
	bool good = val_type(error) != VAL_MAP;

	if (!q)
		return;
	was = *q;
	session_request_end(s, q);
	if (was.kind == REQUEST_ATTACH) {
		if (!good)
			session_attach_failed(s, was.turn, error);
		session_resume(s);
	} else if (was.kind == REQUEST_GET) {
		session_got_turn(s, was.turn, error, result);
	} else if (was.kind == REQUEST_USER) {
		if (good && was.flags & SESSION_STREAM)
			session_follow(s, result);
		if (!was.forgotten)
			s->handler.reply(s->handler.ctx, was.tag, error, result);
	}
}

static void take_text(char **to, struct val map, const char *key)
{
	mem_free(*to);
	*to = val_get_text(map, key);
}

/* Greeted, and logged in where that is possible: what waited may leave, the streams first. */
static void opened(struct session *s)
{
	bool again = s->again_until != 0;

	s->state = SESSION_OPEN;
	s->hello_until = s->again_until = 0;
	if (again) {
		struct pack *p = session_note_begin(s, "connection");

		pack_kv_text(p, "state", "made");
		pack_kv_bool(p, "restarted", s->restarted);
		session_note_end(s, p);
		session_resume_all(s);
	}
	(void)buf_add(&s->out, s->later.data, s->later.len);
	buf_wipe(&s->later);
}

static void on_hello(struct session *s)
{
	char *instance;

	if (val_type(s->msg.error) == VAL_MAP) {
		char *why = val_get_text(s->msg.error, "message"), *name = val_get_text(s->msg.error, "name");

		session_fail(s, (int)val_get_int(s->msg.error, "code", SESSION_UNREACHABLE), name ? name : "refused",
			why ? why : "the daemon refuses us");
		mem_free(why);
		mem_free(name);
		return;
	}
	if (val_get_int(s->msg.result, "protocol", 0) != PROTO_VERSION) {
		session_fail(s, PROTO_E_UNSUPPORTED_VERSION, "unsupported_version",
			"the server answered hello with another version of the protocol");
		return;
	}
	instance = val_get_text(s->msg.result, "instance");
	s->restarted = s->instance[0] && instance && strcmp(s->instance, instance) != 0;
	(void)snprintf(s->instance, sizeof(s->instance), "%s", instance ? instance : "");
	mem_free(instance);
	take_text(&s->account, s->msg.result, "account");
	s->must_log_in = val_str_is(val_get(val_get(s->msg.result, "auth"), "state"), "required");
	if (s->must_log_in && s->token) {
		struct pack p;

		pack_request(&p, &s->out, TOKEN_ID, "auth.token");
		pack_kv_text(&p, "token", s->token);
		(void)pack_end(&p);
	} else {
		opened(s);
	}
	s->token = mem_wipe(s->token, s->token ? strlen(s->token) : 0);
}

/* A token that is refused leaves us as strangers: each request is told so by the daemon itself. */
static void on_token(struct session *s)
{
	if (val_type(s->msg.error) != VAL_MAP) {
		take_text(&s->account, s->msg.result, "account");
		s->must_log_in = false;
	}
	opened(s);
}

static void on_message(struct session *s)
{
	const struct msg *m = &s->msg;

	if (m->type == MSG_RESPONSE && s->state == SESSION_HELLO) {
		if (m->id == HELLO_ID)
			on_hello(s);
		else if (m->id == TOKEN_ID)
			on_token(s);
	} else if (m->type == MSG_RESPONSE) {
		on_reply(s, m->error, m->result);
	} else if (m->type == MSG_NOTIFICATION) {
		if (m->method_len == 6 && !memcmp(m->method, "stream", 6))
			session_stream_note(s, m->params);
		s->handler.note(s->handler.ctx, m->method, m->method_len, m->params);
	}
}

/* One frame: 1; 0: none is whole; -1: the connection is gone. */
static int take_frame(struct session *s)
{
	static const struct scan_limits limits = { LIMIT_FRAME, LIMIT_NODES, LIMIT_DEPTH };
	const uint8_t *p = s->in.data + s->in_at;
	const char *why = NULL;
	bool id_known;

	if (s->in_at == s->in.len)
		return 0;
	switch (scan_feed(&s->scan, p, s->in.len - s->in_at, &limits)) {
	case SCAN_MORE:
		return 0;
	case SCAN_BAD:
		why = s->scan.why;
		break;
	case SCAN_OK:
		if (msg_parse(&s->msg, p, s->scan.at, &why, &id_known) == 0)
			why = NULL;
		break;
	}
	if (why) {
		char *words = mem_printf("the server does not speak this protocol: %s", why);

		session_fail(s, PROTO_E_BAD_REQUEST, "bad_request", words);
		mem_free(words);
		return -1;
	}
	s->in_at += s->scan.at;
	scan_init(&s->scan);
	on_message(s);
	return s->fd < 0 ? -1 : 1;
}

/* ---- bytes ---- */

int session_write(struct session *s)
{
	while (s->out_at < s->out.len) {
		ssize_t n = send(s->fd, s->out.data + s->out_at, s->out.len - s->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		s->out_at += (size_t)n;
	}
	buf_wipe(&s->out);
	s->out_at = 0;
	return 0;
}

/* 1: something came; 0: nothing now; < 0: the end. */
static int receive(struct session *s)
{
	ssize_t n;

	if (s->in_at) {
		buf_consume(&s->in, s->in_at);
		s->in_at = 0;
	}
	if (buf_reserve(&s->in, SESSION_READ) < 0)
		return -ENOBUFS;
	n = recv(s->fd, s->in.data + s->in.len, SESSION_READ, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	s->in.len += (size_t)n;
	return n ? 1 : -ECONNRESET;
}

void session_read(struct session *s)
{
	int r = 1;

	for (int reads = 0; s->fd >= 0 && !s->held && r > 0 && reads < READS_A_TURN; reads++) {
		int got;

		while (!s->held && (got = take_frame(s)) > 0)
			;
		if (s->fd < 0 || s->held)
			return;
		r = receive(s);
		if (r < 0)
			session_lose(s);
	}
	while (s->fd >= 0 && !s->held && take_frame(s) > 0)
		;
}
