/* One client connection: its bytes, its frames, its out-queue, its end. */
#include "daemon/ipc/conn.h"

#include <string.h>
#include <unistd.h>

#define LOG_TAG "conn"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/chat/fanout.h"
#include "daemon/ipc/blob.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/upload.h"
#include "daemon/ipc/waits.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define RETRY_MS 1000 /* connections come and go */

static const struct scan_limits early_limits = { LIMIT_FRAME_EARLY, LIMIT_NODES_EARLY, LIMIT_DEPTH };
static const struct scan_limits limits = { LIMIT_FRAME, LIMIT_NODES, LIMIT_DEPTH };

bool conn_idle(const struct conn *c)
{
	return !c->noutstanding && list_empty(&c->subs) && list_empty(&c->uploads) && !c->out.len && !c->writing;
}

/* ---- out ---- */

bool conn_has_room(const struct conn *c)
{
	return !c->closing && !c->throttled && !c->out.failed;
}

static size_t queued(const struct conn *c)
{
	return c->out.len + c->flying.len - c->flying_sent;
}

static void on_written(uv_write_t *w, int status);

static void pump_subs(struct conn *c)
{
	list_foreach_safe(it, &c->subs) {
		if (!conn_has_room(c))
			return;
		fanout_pump(list_entry(it, struct sub, of_owner));
	}
}

static void took(struct conn *c)
{
	c->progress_ms = uv_now(&c->server->loop);
	if (c->throttled && queued(c) <= OUT_LOW) {
		c->throttled = false;
		pump_subs(c);
	}
}

void conn_flush(struct conn *c)
{
	list_remove(&c->dirty);
	if (c->out.failed) { /* it asks and asks and never reads; not closed earlier: a subscription may be in use */
		conn_close(c, "stuck");
		return;
	}
	while (!c->writing && !c->closing && c->out.len) {
		uv_buf_t b = uv_buf_init((char *)c->out.data, (unsigned)c->out.len);
		int n = uv_try_write((uv_stream_t *)&c->pipe, &b, 1);

		if (n < 0 && n != UV_EAGAIN) {
			conn_close(c, "gone");
			return;
		}
		if (n > 0) {
			buf_consume(&c->out, (size_t)n);
			took(c);
			continue;
		}
		/* the kernel's buffer is full: the rest goes when it drains */
		c->flying = c->out;
		c->flying_sent = 0;
		buf_init(&c->out, OUT_MAX);
		c->writing = true;
		b = uv_buf_init((char *)c->flying.data, (unsigned)c->flying.len);
		if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &b, 1, on_written) != 0) {
			c->writing = false;
			conn_close(c, "gone");
			return;
		}
		server_wants_sweep(c->server);
	}
	if (!c->out.len && c->secret_out && !c->writing) {
		buf_wipe(&c->out);
		c->secret_out = false;
	}
	if (!c->out.len)
		buf_shrink(&c->out, 0);
}

static void on_written(uv_write_t *w, int status)
{
	struct conn *c = container_of(w, struct conn, write);

	c->writing = false;
	if (c->secret_out)
		buf_wipe(&c->flying);
	buf_fini(&c->flying);
	c->flying_sent = 0;
	if (c->closing)
		return;
	if (status < 0) {
		conn_close(c, "gone");
		return;
	}
	took(c);
	conn_wrote(c);
}

void conn_wrote(struct conn *c)
{
	if (c->closing)
		return;
	if (queued(c) >= OUT_HIGH)
		c->throttled = true;
	if (!list_linked(&c->dirty))
		list_push_back(&c->server->dirty_conns, &c->dirty);
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct server *s = c->server;

	idmap_remove(&s->conns, c->id);
	s->nconns--;
	s->open_handles--;
	buf_fini(&c->in);
	buf_fini(&c->out);
	buf_fini(&c->flying);
	mem_free(c->account.name);
	mem_free(c->outstanding);
	mem_free(c);
}

/* Best effort: one write of what is queued and the reason, no waiting. */
static void say_goodbye(struct conn *c, const char *reason)
{
	struct pack p;
	uv_buf_t b;

	if (c->writing || !strcmp(reason, "gone") || !strcmp(reason, "bye"))
		return;
	pack_notification(&p, &c->out, "server");
	if (!strncmp(reason, "protocol_error:", 15)) {
		pack_kv_text(&p, "kind", "protocol_error");
		pack_kv_text(&p, "name", reason + 15);
	} else {
		pack_kv_text(&p, "kind", "closing");
		pack_kv_text(&p, "reason", reason);
		if (!strcmp(reason, "too_many"))
			pack_kv_int(&p, "retry_ms", RETRY_MS);
	}
	if (pack_end(&p) != 0)
		return;
	b = uv_buf_init((char *)c->out.data, (unsigned)c->out.len);
	uv_try_write((uv_stream_t *)&c->pipe, &b, 1);
}

void conn_close(struct conn *c, const char *reason)
{
	if (c->closing)
		return;
	say_goodbye(c, reason);
	c->closing = true;
	log_debug("%llu: closed: %s", (unsigned long long)c->id, reason);
	list_foreach_safe(it, &c->subs)
		fanout_unsubscribe(list_entry(it, struct sub, of_owner));
	uploads_abort(c);
	blobs_drop(c);
	waits_drop(c);
	list_remove(&c->link);
	list_remove(&c->dirty);
	if (!c->greeted)
		c->server->ungreeted--;
	uv_close((uv_handle_t *)&c->pipe, on_closed);
}

/* ---- in ---- */

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *b)
{
	struct conn *c = h->data;

	(void)want;
	*b = uv_buf_init(c->server->read_buffer, sizeof(c->server->read_buffer));
}

static const char *protocol_error(const char *why)
{
	static const char *const known[][2] = {
		{ "ext type", "protocol_error:ext_type" },
		{ "too deep", "protocol_error:too_deep" },
		{ "too many objects", "protocol_error:too_many_objects" },
		{ "too large", "protocol_error:too_large" },
	};

	for (size_t i = 0; why && i < array_len(known); i++)
		if (!strcmp(why, known[i][0]))
			return known[i][1];
	return "protocol_error:malformed";
}

/* Whole frames at the front of c->in go to their handlers; what is left waits for more. */
static void take_frames(struct conn *c)
{
	struct server *s = c->server;
	size_t at = 0;

	c->taking = true;
	while (!c->closing && !c->held && at < c->in.len) {
		const char *why = NULL;
		bool id_known = false;
		enum scan_verdict v = scan_feed(&c->scan, c->in.data + at, c->in.len - at, c->logged_in ? &limits : &early_limits);
		size_t len = c->scan.at;

		if (v == SCAN_MORE)
			break;
		if (v == SCAN_BAD) {
			conn_close(c, protocol_error(c->scan.why));
			break;
		}
		if (msg_parse(&s->msg, c->in.data + at, len, &why, &id_known) != 0) {
			struct call call = { .server = s, .conn = c->id, .id = s->msg.id, .stray = true };

			log_debug("%llu: bad message: %s", (unsigned long long)c->id, why ? why : "?");
			if (!id_known) {
				conn_close(c, "protocol_error:not_a_message");
				break;
			}
			reply_error(&call, PROTO_E_BAD_REQUEST, "%s", why ? why : "the message is not a request");
		} else if (dispatch(c, &s->msg)) { /* its values were views of these bytes */
			explicit_bzero(c->in.data + at, len);
			explicit_bzero(s->read_buffer, sizeof(s->read_buffer));
		}
		at += len;
		scan_init(&c->scan);
	}
	c->taking = false;
	buf_consume(&c->in, at);
	if (!c->in.len)
		buf_fini(&c->in);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = stream->data;

	if (n == 0 || c->closing)
		return;
	if (n < 0) {
		conn_close(c, "gone");
		return;
	}
	if (!c->in.cap)
		(void)buf_reserve(&c->in, LIMIT_FRAME_EARLY); /* a secret is not left behind by growing */
	if (buf_add(&c->in, b->base, (size_t)n) < 0) {
		conn_close(c, "protocol_error:too_large");
		return;
	}
	take_frames(c);
}

void conn_hold(struct conn *c)
{
	c->held = true;
	uv_read_stop((uv_stream_t *)&c->pipe);
}

void conn_release(struct conn *c)
{
	if (!c->held || c->closing)
		return;
	c->held = false;
	if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
		conn_close(c, "gone");
	else if (!c->taking) /* else the loop that called us goes on by itself */
		take_frames(c);
}

void conn_log_in(struct conn *c, const struct account *a)
{
	mem_free(c->account.name);
	c->account = account_copy(a);
	c->logged_in = true;
}

/* ---- the beginning ---- */

/* Who has been silent for longest makes room, if it neither asked, listens nor uploads. */
static bool evict_idle(struct server *s, const uid_t *uid)
{
	list_foreach(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);

		if (conn_idle(c) && (!uid || c->peer.uid == *uid)) {
			conn_close(c, "idle_evicted");
			return true;
		}
	}
	return false;
}

static bool make_room(struct server *s, uid_t uid)
{
	size_t of_uid = 0, all = 0;

	list_foreach(it, &s->conn_list) {
		of_uid += list_entry(it, struct conn, link)->peer.uid == uid;
		all++;
	}
	if (of_uid >= (size_t)s->config->max_clients_uid)
		return evict_idle(s, &uid);
	if (all >= (size_t)s->config->max_clients)
		return evict_idle(s, NULL);
	return true;
}

struct conn *conn_accept(struct server *s, struct listener *l)
{
	struct conn *c = mem_new(sizeof(*c));
	int r;

	uv_pipe_init(&s->loop, &c->pipe, 0);
	c->server = s;
	c->pipe.data = c;
	c->born_ms = c->progress_ms = uv_now(&s->loop);
	buf_init(&c->in, LIMIT_FRAME + sizeof(s->read_buffer));
	buf_init(&c->out, OUT_MAX);
	list_init(&c->subs);
	list_init(&c->uploads);
	list_init(&c->waits);
	list_init(&c->blobs);
	list_init(&c->dirty);
	scan_init(&c->scan);
	c->id = idmap_add(&s->conns, c);
	s->nconns++;
	s->open_handles++;
	s->ungreeted++;
	list_init(&c->link);

	r = listener_accept(l, &c->pipe, &c->peer);
	if (r == 0)
		r = uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
	if (r != 0) {
		log_warn("cannot accept: %s", strerror(-r));
		conn_close(c, "gone");
		return NULL;
	}
	if (!make_room(s, c->peer.uid)) {
		conn_close(c, "too_many");
		return NULL;
	}
	list_push_back(&s->conn_list, &c->link);
	log_debug("%llu: uid %u pid %d", (unsigned long long)c->id, (unsigned)c->peer.uid, (int)c->peer.pid);
	server_wants_sweep(s);
	return c;
}
