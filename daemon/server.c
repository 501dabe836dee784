/* Each turn of the loop: what was made goes out, who is late goes, an idle daemon leaves. */
#include <signal.h>

#define LOG_TAG "server"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/waits.h"
#include "daemon/server_in.h"

#define AUTOSTARTED_IDLE_MS (30 * 60 * 1000) /* a daemon nobody asked for by name leaves by itself */
#define FIRST_CLIENT_MS 10000                /* for the client that started it to come, however slow the machine is */

static bool busy(const struct server *s)
{
	return s->nconns || s->uploads || !list_empty(&s->chat.live);
}

static void on_idle_exit(uv_timer_t *t)
{
	struct server *s = t->data;

	s->idle_armed = false;
	if (!busy(s))
		server_stop(s, "idle");
}

static void watch_idle(struct server *s)
{
	int64_t after = s->config->idle_exit;

	if (!after && s->options.autostarted)
		after = AUTOSTARTED_IDLE_MS;
	if (!s->served && s->options.autostarted)
		after = max_of(after, (int64_t)FIRST_CLIENT_MS);
	if (s->stage != SERVER_RUNNING || !after)
		return;
	if (busy(s) && s->idle_armed) {
		uv_timer_stop(&s->idle);
		s->idle_armed = false;
	} else if (!busy(s) && !s->idle_armed) {
		uv_timer_start(&s->idle, on_idle_exit, (uint64_t)after, 0);
		s->idle_armed = true;
	}
}

static void flush(struct server *s)
{
	chat_flush(&s->chat);
	waits_wake(s);
	while (!list_empty(&s->dirty_conns)) {
		conn_flush(list_first(&s->dirty_conns, struct conn, dirty));
		if (!list_empty(&s->chat.dirty))
			chat_flush(&s->chat);
	}
	indexer_look(&s->indexer);
	watch_idle(s);
	if (s->stage != SERVER_RUNNING)
		server_step(s);
}

static void on_prepare(uv_prepare_t *h)
{
	flush(h->data);
}

static void on_check(uv_check_t *h)
{
	flush(h->data);
}

/* ---- late clients ---- */

static bool sweep_conn(struct server *s, struct conn *c, uint64_t now)
{
	if (!c->greeted && now - c->born_ms >= (uint64_t)s->config->hello_timeout) {
		conn_close(c, "hello_timeout");
		return false;
	}
	if (c->greeted && !c->logged_in && now - c->born_ms >= (uint64_t)s->config->login_timeout) {
		conn_close(c, "login_timeout");
		return false;
	}
	if (c->writing && now - c->progress_ms >= (uint64_t)s->config->stuck_timeout) {
		conn_close(c, "stuck");
		return false;
	}
	return !c->logged_in || c->writing;
}

static void on_sweep(uv_timer_t *t)
{
	struct server *s = t->data;
	uint64_t now = uv_now(&s->loop);
	bool wanted = false;

	list_foreach_safe(it, &s->conn_list)
		wanted |= sweep_conn(s, list_entry(it, struct conn, link), now);
	if (!wanted)
		uv_timer_stop(&s->sweep);
}

void server_wants_sweep(struct server *s)
{
	uint64_t every = (uint64_t)min_of(min_of(s->config->hello_timeout, s->config->stuck_timeout), s->config->login_timeout) / 4 + 1;

	if (!uv_is_active((uv_handle_t *)&s->sweep))
		uv_timer_start(&s->sweep, on_sweep, every, every);
}

/* ---- signals, and the loop itself ---- */

static void on_sighup(uv_signal_t *h, int number)
{
	const char **live = NULL, **restart = NULL;
	size_t nlive, nrestart;
	char *why = NULL;

	(void)number;
	server_reload(h->data, &why, &live, &nlive, &restart, &nrestart);
	mem_free(why);
	mem_free((void *)live);
	mem_free((void *)restart);
}

static void on_sigterm(uv_signal_t *h, int number)
{
	server_stop(h->data, number == SIGINT ? "interrupted" : "terminated");
}

void server_start_handles(struct server *s)
{
	uv_prepare_init(&s->loop, &s->prepare);
	uv_check_init(&s->loop, &s->check);
	uv_timer_init(&s->loop, &s->sweep);
	uv_timer_init(&s->loop, &s->idle);
	uv_signal_init(&s->loop, &s->sigterm);
	uv_signal_init(&s->loop, &s->sigint);
	uv_signal_init(&s->loop, &s->sighup);
	s->prepare.data = s->check.data = s->sweep.data = s->idle.data = s;
	s->sigterm.data = s->sigint.data = s->sighup.data = s;
	waits_init(s);
	uv_prepare_start(&s->prepare, on_prepare);
	uv_check_start(&s->check, on_check);
	uv_signal_start(&s->sigterm, on_sigterm, SIGTERM);
	uv_signal_start(&s->sigint, on_sigterm, SIGINT);
	uv_signal_start(&s->sighup, on_sighup, SIGHUP);
	/* none of these alone keeps the loop alive: the listener and the clients do */
	uv_unref((uv_handle_t *)&s->prepare);
	uv_unref((uv_handle_t *)&s->check);
	uv_unref((uv_handle_t *)&s->sigterm);
	uv_unref((uv_handle_t *)&s->sigint);
	uv_unref((uv_handle_t *)&s->sighup);
}

void server_run(struct server *s)
{
	int r;

	uv_run(&s->loop, UV_RUN_DEFAULT);
	r = uv_loop_close(&s->loop);
	if (r != 0)
		log_warn("handles were left open at the end: %s", uv_strerror(r));
	server_fini(s);
	log_info("stopped");
}
