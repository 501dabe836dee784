/* Stop: answers, then clients, then the ports, each when the one before has ended. */
#define LOG_TAG "server"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/waits.h"
#include "daemon/server_in.h"
#include "daemon/worker/readers.h"

#define GOODBYE_MS 2000 /* for clients to take what is queued at the end */

void server_chat_idle(void *ctx)
{
	struct server *s = ctx;

	if (s->stage != SERVER_ENDING_TURNS || (s->uploads && !s->uploads_late))
		return;
	uv_timer_stop(&s->idle);
	s->stage = SERVER_ENDING_CLIENTS;
}

static void tell_clients(struct server *s)
{
	list_foreach(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);
		struct pack p;

		if (!c->greeted)
			continue;
		pack_notification(&p, &c->out, "server");
		pack_kv_text(&p, "kind", "shutdown");
		pack_kv_int(&p, "retry_ms", 1000);
		pack_end(&p);
		conn_wrote(c);
	}
}

static void on_uploads_late(uv_timer_t *t)
{
	struct server *s = t->data;

	s->uploads_late = true; /* the end of this loop turn sees it */
}

void server_stop(struct server *s, const char *reason)
{
	if (s->stage == SERVER_RUNNING) {
		log_info("stopping: %s", reason);
		s->stage = SERVER_ENDING_TURNS;
		service_stopping(&s->service);
		uv_timer_start(&s->idle, on_uploads_late, (uint64_t)s->config->shutdown_grace, 0);
		listener_stop(s->listener);
		tell_clients(s);
	} else if (s->stage > SERVER_ENDING_TURNS) {
		return;
	}
	chat_stop(&s->chat, (uint64_t)s->config->shutdown_grace);
}

static void on_goodbye(uv_timer_t *t)
{
	struct server *s = t->data;

	list_foreach_safe(it, &s->conn_list)
		conn_close(list_entry(it, struct conn, link), "gone");
}

static void end_clients(struct server *s)
{
	list_foreach_safe(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);

		if (!c->out.len && !c->writing && list_empty(&c->subs))
			conn_close(c, "bye");
	}
	if (!uv_is_active((uv_handle_t *)&s->idle))
		uv_timer_start(&s->idle, on_goodbye, GOODBYE_MS, 0);
}

static void on_chat_closed(void *ctx)
{
	struct server *s = ctx;

	log_debug("all handles are closed");
	(void)s;
}

static void on_listener_closed(void *ctx)
{
	struct server *s = ctx;

	s->listener = NULL;
	hasher_stop(s->hasher);
	s->hasher = NULL;
	store_close(s->store); /* every job has run, every done was called: the last word is on disk */
	s->store = NULL;
	service_stop(&s->service);
	chat_close(&s->chat, on_chat_closed, s);
	uv_handle_t *own[] = { (uv_handle_t *)&s->prepare, (uv_handle_t *)&s->check, (uv_handle_t *)&s->sweep, (uv_handle_t *)&s->idle,
		(uv_handle_t *)&s->sigterm, (uv_handle_t *)&s->sigint, (uv_handle_t *)&s->sighup };
	for (size_t i = 0; i < array_len(own); i++)
		uv_close(own[i], NULL);
	waits_close(s);
	housekeeping_close(&s->housekeeping);
}

static void on_renderer_closed(void *ctx)
{
	struct server *s = ctx;

	s->renderer = NULL;
	listener_close(s->listener, on_listener_closed, s);
}

static void on_upstream_closed(void *ctx)
{
	struct server *s = ctx;

	s->upstream = NULL;
	pool_close(s->renderer, on_renderer_closed, s);
}

static void on_vectors_closed(void *ctx)
{
	struct server *s = ctx;

	if (s->upstream)
		upstream_close(s->upstream, on_upstream_closed, s);
	else
		on_upstream_closed(s);
}

static void on_readers_closed(void *ctx)
{
	struct server *s = ctx;

	s->readers = NULL;
	if (s->vectors)
		vectors_close(s->vectors, on_vectors_closed, s);
	else
		on_vectors_closed(s);
}

void server_step(struct server *s)
{
	if (s->stage == SERVER_ENDING_CLIENTS) {
		end_clients(s);
		if (s->nconns)
			return;
		s->stage = SERVER_ENDING_PORTS;
		uv_timer_stop(&s->idle);
		readers_close(s->readers, on_readers_closed, s);
	}
}
