/* Requests on their way at once, over a link. */
#include "client/window.h"

#include <string.h>

#include "client/link.h"
#include "common/mem.h"
#include "proto/errors.h"

static void take_out(struct window *w, size_t i)
{
	struct window_slot *s = &w->slots[i];

	w->bytes -= s->frame.len;
	buf_fini(&s->frame);
	mem_free(s->item);
	w->n--;
	memmove(s, s + 1, (w->n - i) * sizeof(*s));
}

/* The first says why; what was on its way behind it fails by the same, most likely. */
static void failed(struct window *w, int result)
{
	if (!w->status)
		w->status = link_fail(w->link, result);
}

/* The reply of slot i is in link->msg. */
static void answered(struct window *w, size_t i)
{
	if (!w->status)
		w->done(w->ctx, w->slots[i].item, w->slots[i].again);
	take_out(w, i);
}

/* A reply that came before the one that is waited for. A daemon on its way out is asked again, when it is a new one. */
static void on_other(void *ctx)
{
	struct window *w = ctx;

	for (size_t i = 0; i < w->n; i++) {
		if (!link_is_reply(w->link, w->slots[i].id))
			continue;
		if (link_take_error(w->link) == LINK_OK) {
			answered(w, i);
		} else if (w->link->error.code != PROTO_E_SHUTTING_DOWN) {
			failed(w, LINK_E_REMOTE);
			take_out(w, i);
		}
		return;
	}
}

static void send_again(void *ctx)
{
	struct window *w = ctx;

	for (size_t i = 0; i < w->n; i++) {
		(void)buf_add(&w->link->out, w->slots[i].frame.data, w->slots[i].frame.len);
		w->slots[i].again = true;
	}
}

static void wait_oldest(struct window *w)
{
	int r = link_reply(w->link, w->slots[0].id, 0);

	if (!r) {
		answered(w, 0);
		return;
	}
	failed(w, r);
	do
		take_out(w, 0);
	while (r != LINK_E_REMOTE && w->n); /* nobody is there to answer the others */
}

void window_init(struct window *w, struct link *l, void (*done)(void *ctx, void *item, bool again), void *ctx)
{
	*w = (struct window){ .link = l, .done = done, .ctx = ctx };
	l->other = on_other;
	l->again = send_again;
	l->other_ctx = w;
}

void window_fini(struct window *w)
{
	while (w->n)
		take_out(w, w->n - 1);
	w->link->other = w->link->again = NULL;
}

void window_add(struct window *w, void *item)
{
	struct window_slot s = { .item = item };
	int r = link_send(w->link, &s.id);

	if (r || buf_add(&s.frame, w->link->request.data, w->link->request.len) < 0) {
		failed(w, r ? r : LINK_E_LOST);
		mem_free(item);
		return;
	}
	w->bytes += s.frame.len;
	w->slots[w->n++] = s;
}

int window_send(struct window *w, void *item)
{
	if (w->status)
		mem_free(item);
	else
		window_add(w, item);
	while (w->n && (w->n >= WINDOW_MOST || w->bytes >= WINDOW_BYTES))
		wait_oldest(w);
	return w->status;
}

int window_drain(struct window *w)
{
	while (w->n)
		wait_oldest(w);
	return w->status;
}
