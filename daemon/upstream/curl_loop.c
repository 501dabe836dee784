/* Sockets and timer of a CURLM as uv handles. */
#include "daemon/upstream/curl_loop.h"

#include <errno.h>

#define LOG_TAG "curl"
#include "common/log.h"
#include "common/mem.h"

/* One per socket, not per number: curl may close one and open another of the same number at once. */
struct watch {
	struct curl_loop *l;
	uv_poll_t poll;
	curl_socket_t fd;
};

static void read_finished(struct curl_loop *l)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(l->multi, &left))) {
		CURL *easy = m->easy_handle; /* the message dies with the next call */
		CURLcode rc = m->data.result;

		if (m->msg == CURLMSG_DONE)
			l->on_done(l->ctx, easy, rc);
	}
}

static void act(struct curl_loop *l, curl_socket_t fd, int flags)
{
	CURLMcode rc;
	int running;

	if (l->closing)
		return;
	l->inside = true;
	rc = curl_multi_socket_action(l->multi, fd, flags, &running);
	l->inside = false;
	if (rc != CURLM_OK)
		log_warn("socket action: %s", curl_multi_strerror(rc));
	read_finished(l);
	l->on_settled(l->ctx);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	act(w->l, w->fd, flags);
}

static void closed(struct curl_loop *l)
{
	if (--l->open_handles == 0 && l->closing)
		l->on_closed(l->ctx);
}

static void on_watch_closed(uv_handle_t *h)
{
	struct watch *w = h->data;
	struct curl_loop *l = w->l;

	mem_free(w);
	closed(l);
}

static struct watch *watch_new(struct curl_loop *l, curl_socket_t fd)
{
	struct watch *w = mem_new(sizeof(*w));

	w->l = l;
	w->fd = fd;
	if (uv_poll_init_socket(l->loop, &w->poll, fd) != 0) {
		mem_free(w);
		return NULL;
	}
	w->poll.data = w;
	l->open_handles++;
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socketp)
{
	struct curl_loop *l = ctx;
	struct watch *w = socketp;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w) {
			curl_multi_assign(l->multi, fd, NULL);
			uv_poll_stop(&w->poll);
			uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		}
		return 0;
	}
	if (!w) {
		w = watch_new(l, fd);
		if (!w)
			return -1;
		curl_multi_assign(l->multi, fd, w);
	}
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

static void on_timeout(uv_timer_t *t)
{
	act(t->data, CURL_SOCKET_TIMEOUT, 0);
}

/* Never acts from inside: curl would call itself. uv's clock may be old after a long callback. */
static int on_timer(CURLM *multi, long ms, void *ctx)
{
	struct curl_loop *l = ctx;

	(void)multi;
	if (ms < 0) {
		uv_timer_stop(&l->timer);
	} else {
		uv_update_time(l->loop);
		uv_timer_start(&l->timer, on_timeout, (uint64_t)ms, 0);
	}
	return 0;
}

int curl_loop_init(struct curl_loop *l, uv_loop_t *loop)
{
	l->loop = loop;
	l->multi = curl_multi_init();
	if (!l->multi)
		return -ENOMEM;
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	l->open_handles = 1;
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
	return 0;
}

int curl_loop_add(struct curl_loop *l, CURL *easy)
{
	CURLMcode rc = curl_multi_add_handle(l->multi, easy);

	return rc == CURLM_OK ? 0 : -ENOMEM;
}

void curl_loop_remove(struct curl_loop *l, CURL *easy)
{
	CURLMcode rc = curl_multi_remove_handle(l->multi, easy);

	if (rc != CURLM_OK)
		log_error("a transfer cannot be removed: %s", curl_multi_strerror(rc));
}

static void on_timer_closed(uv_handle_t *h)
{
	closed(h->data);
}

void curl_loop_close(struct curl_loop *l)
{
	l->closing = true;
	curl_multi_cleanup(l->multi); /* calls on_socket for the connections kept alive */
	l->multi = NULL;
	uv_timer_stop(&l->timer);
	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}
