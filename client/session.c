/* Requests of a lasting connection, and the turn of its loop. */
#include "client/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "client/session_in.h"
#include "common/attr.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/mem.h"
#include "common/str.h"
#include "proto/errors.h"
#include "proto/limits.h"

#define TRIES 3 /* of a request that may be sent again: it may be what the daemon dies of */

static uint64_t again_ms(void)
{
	const char *text = getenv("RAGCHAT_AGAIN_MS");
	int64_t ms;

	return text && str_int(text, 0, 3600 * 1000, &ms) == 0 ? (uint64_t)ms : SESSION_AGAIN_MS;
}

struct session *session_new(const struct session_config *config, const struct session_handler *handler)
{
	struct session *s = mem_new(sizeof(*s));
	struct epoll_event e = { .events = EPOLLIN };

	*s = (struct session){ .config = *config, .handler = *handler, .fd = -1, .last_id = HELLO_ID };
	s->again_ms = again_ms();
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	buf_init(&s->in, LIMIT_FRAME + SESSION_READ);
	buf_init(&s->open, LIMIT_FRAME);
	msg_init(&s->msg);
	msg_init(&s->made);
	if (s->epoll < 0 || s->timer < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->timer, &e) < 0)
		return session_free(s);
	return s;
}

void *session_free(struct session *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < array_len(s->requests); i++) {
		mem_free(s->requests[i].doomed);
		mem_wipe(s->requests[i].frame, s->requests[i].nframe);
	}
	s->finder = finder_leave(s->finder);
	fd_close(s->fd);
	fd_close(s->timer);
	fd_close(s->epoll);
	msg_fini(&s->msg);
	msg_fini(&s->made);
	buf_fini(&s->in);
	buf_wipe(&s->out);
	buf_wipe(&s->later);
	buf_wipe(&s->open);
	buf_fini(&s->made_frame);
	mem_wipe(s->token, s->token ? strlen(s->token) : 0);
	mem_free(s->streams);
	mem_free(s->account);
	mem_free(s->path);
	return mem_free(s);
}

int session_connect(struct session *s, char **why)
{
	int status = 0;

	*why = NULL;
	return s->state == SESSION_IDLE && session_find_now(s, &status, why) ? status : 0;
}

int session_fd(const struct session *s)
{
	return s->epoll;
}

size_t session_queued(const struct session *s)
{
	return s->out.len - s->out_at + s->later.len;
}

size_t session_outstanding(const struct session *s)
{
	return s->outstanding;
}

size_t session_streams(const struct session *s)
{
	return s->nstreams;
}

const char *session_path(const struct session *s)
{
	return s->path;
}

const char *session_account(const struct session *s)
{
	return s->account;
}

bool session_must_log_in(const struct session *s)
{
	return s->must_log_in;
}

void session_hold(struct session *s, bool hold)
{
	if (s->held == hold)
		return;
	s->held = hold;
	session_watch(s);
	session_timer(s); /* what is here already goes on with the next turn */
}

/* ---- what is made on this side ---- */

struct pack *session_note_begin(struct session *s, const char *method)
{
	buf_reset(&s->made_frame);
	pack_notification(&s->pack, &s->made_frame, method);
	return &s->pack;
}

static bool parse_made(struct session *s, struct pack *p)
{
	const char *why;
	bool id_known;

	return pack_end(p) == 0 &&
	       msg_parse(&s->made, s->made_frame.data, s->made_frame.len, &why, &id_known) == 0;
}

void session_note_end(struct session *s, struct pack *p)
{
	if (parse_made(s, p))
		s->handler.note(s->handler.ctx, s->made.method, s->made.method_len, s->made.params);
}

static const char *code_name(int code)
{
	return code == SESSION_UNREACHABLE ? "unreachable" : code == SESSION_LOST ? "lost" : proto_error_name(code);
}

/* ---- requests ---- */

void session_drop_frame(struct session *s, struct request *q)
{
	s->kept -= q->nframe;
	q->frame = mem_wipe(q->frame, q->nframe);
	q->nframe = 0;
}

void session_request_end(struct session *s, struct request *q)
{
	session_drop_frame(s, q);
	s->doomed -= q->doomed != NULL;
	mem_free(q->doomed);
	s->outstanding -= q->kind == REQUEST_USER;
	*q = (struct request){ 0 };
}

void session_doom(struct session *s, struct request *q, int code, const char *why)
{
	if (q->doomed)
		return;
	q->doomed = mem_dup(why);
	q->doom_code = code;
	s->doomed++;
	session_drop_frame(s, q);
	session_timer(s);
}

static void answer_doomed(struct session *s)
{
	struct val none = { NULL };

	for (size_t i = 0; i < array_len(s->requests) && s->doomed; i++) {
		struct request *q = &s->requests[i], was = *q;
		struct pack *p;

		if (!q->id || !q->doomed)
			continue;
		p = session_note_begin(s, "error");
		pack_kv_int(p, "code", was.doom_code);
		pack_kv_text(p, "name", code_name(was.doom_code));
		pack_kv_text(p, "message", was.doomed);
		session_request_end(s, q);
		if (parse_made(s, p) && was.kind == REQUEST_USER && !was.forgotten)
			s->handler.reply(s->handler.ctx, was.tag, s->made.params, none);
	}
}

static struct request *free_place(struct session *s)
{
	for (size_t i = 0; i < array_len(s->requests); i++)
		if (!s->requests[i].id)
			return &s->requests[i];
	return NULL;
}

unsigned session_flags_of(const char *method, size_t n)
{
	static const char *const reads[] = { "ping", "api.info", "status", "attach", "detach", "cancel", "turn.wait",
		"search", "doc.search", "event.next", "check", "account.self", "hello" };
	char name[LIMIT_METHOD + 1];

	if (n > LIMIT_METHOD)
		return 0;
	memcpy(name, method, n);
	name[n] = '\0';
	for (size_t i = 0; i < array_len(reads); i++)
		if (!strcmp(name, reads[i]))
			return SESSION_REPEAT;
	return str_ends(name, ".get") || str_ends(name, ".list") ? SESSION_REPEAT : 0;
}

struct pack *session_request(struct session *s, const char *method)
{
	buf_wipe(&s->open);
	do {
		s->open_id = ++s->last_id;
	} while (s->open_id <= HELLO_ID);
	pack_request(&s->pack, &s->open, s->open_id, method);
	return &s->pack;
}

void session_drop(struct session *s)
{
	buf_wipe(&s->open);
}

static struct buf *queue_of(struct session *s)
{
	return s->state == SESSION_OPEN ? &s->out : &s->later;
}

static void put(struct session *s, struct request *q)
{
	(void)buf_add(queue_of(s), s->open.data, s->open.len);
	q->tries = TRIES;
	if (q->flags & SESSION_REPEAT && s->open.len <= SESSION_KEEP - s->kept) {
		q->frame = mem_try_dup(s->open.data, s->open.len);
		q->nframe = q->frame ? s->open.len : 0;
		s->kept += q->nframe;
	}
	session_drop(s);
}

static int submit(struct session *s, struct request request)
{
	struct request *q = free_place(s);

	if (pack_end(&s->pack) < 0) {
		session_drop(s);
		return -EMSGSIZE;
	}
	if (!q || (request.kind == REQUEST_USER && s->outstanding >= SESSION_REQUESTS)) {
		session_drop(s);
		return -EBUSY;
	}
	*q = request;
	q->id = s->open_id;
	s->outstanding += q->kind == REQUEST_USER;
	put(s, q);
	if (s->state == SESSION_IDLE)
		session_find(s);
	session_watch(s);
	return 0;
}

int session_send(struct session *s, uint64_t tag, unsigned flags)
{
	return submit(s, (struct request){ .tag = tag, .flags = flags });
}

/* attach and turn.get of this side; the params but for `turn` are written by the caller. */
int session_send_own(struct session *s, enum request_kind kind, const char *turn)
{
	struct request q = { .kind = kind };

	pack_kv_text(&s->pack, "turn", turn);
	(void)snprintf(q.turn, sizeof(q.turn), "%s", turn);
	return submit(s, q);
}

void session_forget(struct session *s, uint64_t tag)
{
	for (size_t i = 0; i < array_len(s->requests); i++)
		if (s->requests[i].id && s->requests[i].kind == REQUEST_USER && s->requests[i].tag == tag)
			s->requests[i].forgotten = true;
}

/* ---- the turn of the loop ---- */

void session_run(struct session *s)
{
	uint64_t ticks, now;

	(void)fd_read(s->timer, &ticks, sizeof(ticks));
	answer_doomed(s);
	if (s->finder)
		session_found(s);
	now = clock_mono_ms();
	if (s->state == SESSION_AGAIN && now >= s->next_try)
		session_again(s);
	if (s->state == SESSION_HELLO && now >= s->hello_until)
		session_fail(s, SESSION_UNREACHABLE, "unreachable", "no word of the daemon in time");
	if (s->fd >= 0 && session_write(s) < 0)
		session_lose(s);
	session_read(s);
	if (s->fd >= 0 && session_write(s) < 0)
		session_lose(s);
	answer_doomed(s);
	session_watch(s);
	session_timer(s);
}
