/* The multi interface on the loop, after curl's own example with its two faults repaired: finished
 * transfers are read after every action, those of the timer too, and failures are looked at. */
#define LOG_TAG "upstream"
#include "daemon/upstream/multi.h"

#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"

#define IDLE_CONNECTIONS 64L

/* One watched descriptor. libcurl owns the descriptor and closes it right after CURL_POLL_REMOVE.
 */
struct watch {
	uv_poll_t poll;
	struct multi *multi;
	curl_socket_t fd;
	int events; /* that libcurl waits for */
};

static void multi_released(struct multi *m)
{
	if (--m->handles || !m->closed)
		return;
	if (m->global)
		curl_global_cleanup();
	m->closed(m->ctx);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = (struct watch *)handle;
	struct multi *m = w->multi;

	mem_free(w);
	multi_released(m);
}

static void read_messages(struct multi *m)
{
	CURLMsg *msg;
	int left;

	while (m->curl && (msg = curl_multi_info_read(m->curl, &left))) {
		CURL *easy = msg->easy_handle;
		CURLcode code = msg->data.result;

		/* The message dies with the handle's removal. */
		if (msg->msg == CURLMSG_DONE)
			m->ev->done(m->ctx, easy, code);
	}
}

static void act(struct multi *m, curl_socket_t fd, int mask)
{
	int running;
	CURLMcode rc;

	m->inside = true;
	rc = curl_multi_socket_action(m->curl, fd, mask, &running);
	m->inside = false;
	if (rc != CURLM_OK)
		log_error("curl_multi_socket_action: %s", curl_multi_strerror(rc));
	read_messages(m);
	m->ev->after(m->ctx);
}

static void on_readable(uv_poll_t *handle, int status, int events);

static void watch_start(struct watch *w)
{
	int r = uv_poll_start(&w->poll, w->events, on_readable);

	if (r < 0)
		log_error("cannot watch a connection to the backend: %s", uv_strerror(r));
}

/*
 * A connection that was reset may still hold what came before: told of an error alone libcurl would not read it, and
 * loop and libcurl would forget it. So it is read, piece by piece, until the system itself says that it broke.
 */
static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct watch *w = (struct watch *)handle;
	int mask = 0;

	if (status < 0)
		events = w->events;
	if (events & UV_READABLE)
		mask |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		mask |= CURL_CSELECT_OUT;
	act(w->multi, w->fd, mask);
	if (status < 0 && w->events && !uv_is_closing((uv_handle_t *)handle))
		watch_start(w);
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static struct watch *watch_new(struct multi *m, curl_socket_t fd)
{
	struct watch *w = mem_new(sizeof(*w));
	int r;

	w->multi = m;
	w->fd = fd;
	r = uv_poll_init_socket(m->loop, &w->poll, fd);
	if (r < 0) {
		log_error("cannot watch a connection to the backend: %s", uv_strerror(r));
		return mem_free(w);
	}
	m->handles++;
	return w;
}

static void watch_close(struct watch *w)
{
	if (w)
		uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct multi *m = ctx;
	struct watch *w = socket_ctx;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(m->curl, fd, NULL);
		watch_close(w);
		return 0;
	}
	if (!w) {
		w = watch_new(m, fd);
		if (!w)
			return 0; /* the transfer ends by its timeouts */
		curl_multi_assign(m->curl, fd, w);
	}
	w->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	watch_start(w);
	return 0;
}

/* Never acts by itself: libcurl must not be entered from one of its callbacks. */
static int on_timeout_wanted(CURLM *curl, long ms, void *ctx)
{
	struct multi *m = ctx;

	(void)curl;
	if (ms < 0) {
		uv_timer_stop(&m->timer);
		return 0;
	}
	/* The loop's clock may be stale after a long callback; a timer that fires early would spin.
	 */
	uv_update_time(m->loop);
	uv_timer_start(&m->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

void multi_init(struct multi *m, uv_loop_t *loop, const struct multi_events *ev, void *ctx)
{
	*m = (struct multi){ .loop = loop, .ev = ev, .ctx = ctx, .handles = 2 };
	uv_timer_init(loop, &m->timer);
	uv_prepare_init(loop, &m->turns);
	uv_unref((uv_handle_t *)&m->turns);
	m->timer.data = m->turns.data = m;
}

static void on_turn(uv_prepare_t *turns)
{
	struct multi *m = turns->data;

	m->spent = 0;
}

static void open_curl(struct multi *m)
{
	if (!m->global)
		m->global = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	m->curl = curl_multi_init();
	if (!m->curl)
		return;
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
}

CURLMcode multi_add(struct multi *m, CURL *easy)
{
	CURLMcode rc;

	assert(!m->inside);
	if (!m->curl)
		open_curl(m);
	if (!m->curl)
		return CURLM_OUT_OF_MEMORY;
	rc = curl_multi_add_handle(m->curl, easy);
	m->easies += rc == CURLM_OK;
	uv_prepare_start(&m->turns, on_turn);
	return rc;
}

void multi_remove(struct multi *m, CURL *easy)
{
	assert(!m->inside);
	if (curl_multi_remove_handle(m->curl, easy) == CURLM_OK)
		m->easies--;
	if (!m->easies)
		uv_prepare_stop(&m->turns);
}

void multi_resume(struct multi *m, CURL *easy)
{
	assert(!m->inside);
	m->inside = true;
	curl_easy_pause(easy, CURLPAUSE_CONT);
	m->inside = false;
}

/*
 * A form's reader that says "pause" after it has filled in a header is remembered as paused before
 * the transfer is, and only a transfer that is paused wakes its form: so it is made so first.
 */
void multi_resume_send(struct multi *m, CURL *easy)
{
	assert(!m->inside);
	m->inside = true;
	curl_easy_pause(easy, CURLPAUSE_SEND);
	curl_easy_pause(easy, CURLPAUSE_CONT);
	m->inside = false;
}

bool multi_spend(struct multi *m, size_t n)
{
	if (m->spent >= MULTI_TURN_BYTES)
		return false;
	m->spent += n;
	return true;
}

void multi_rest(struct multi *m)
{
	if (m->inside || m->easies || !m->curl)
		return;
	curl_multi_cleanup(m->curl);
	m->curl = NULL;
	uv_timer_stop(&m->timer);
}

static void on_handle_closed(uv_handle_t *handle)
{
	multi_released(handle->data);
}

void multi_close(struct multi *m, void (*closed)(void *ctx))
{
	multi_rest(m);
	m->closed = closed;
	uv_close((uv_handle_t *)&m->timer, on_handle_closed);
	uv_close((uv_handle_t *)&m->turns, on_handle_closed);
}
