/* event.next: what happened since a number, waiting for it where asked. */
#include <string.h>

#include "common/fair.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/waits.h"
#include "daemon/server.h"
#include "daemon/store/events.h"
#include "proto/limits.h"

/* Stays in its connection's list from the first reading on: news that comes in between is not lost. */
struct wait {
	struct list link, of_conn; /* server->waits */
	struct call *call;
	uint64_t handle, account;  /* in server->wait_ids; fair_key */
	int64_t after, limit;
	uint64_t until_ms;         /* uv_now; 0: it does not wait */
	bool reading, news;
	bool in_order;             /* the reading stands in the writer's queue */
};

static void *wait_free(struct wait *w)
{
	idmap_remove(&w->call->server->wait_ids, w->handle);
	list_remove(&w->link);
	list_remove(&w->of_conn);
	call_drop(w->call);
	return mem_free(w);
}

static void look(struct wait *w);
static void look_by(struct wait *w, enum store_lane lane);

/* ---- the clock ---- */

static void wake(struct server *s, const uint64_t news[NEWS_WORDS])
{
	uint64_t now = uv_now(&s->loop);

	list_foreach_safe(it, &s->waits) {
		struct wait *w = list_entry(it, struct wait, link);

		w->news |= news_of(news, w->account);
		if (!w->reading && (w->news || now >= w->until_ms))
			look(w);
	}
}

static void on_time(uv_timer_t *t)
{
	static const uint64_t none[NEWS_WORDS];

	wake(t->data, none);
}

static void set_clock(struct server *s)
{
	uint64_t now = uv_now(&s->loop), next = 0;

	list_foreach(it, &s->waits) {
		const struct wait *w = list_entry(it, struct wait, link);

		if (!w->reading && (!next || w->until_ms < next))
			next = w->until_ms;
	}
	if (next)
		uv_timer_start(&s->wait_clock, on_time, next > now ? next - now : 0, 0);
	else
		uv_timer_stop(&s->wait_clock);
}

/* ---- the answer ---- */

static void pack_event(struct pack *p, const struct event_row *e)
{
	bool turn = !strncmp(e->kind, "turn.", 5), thread = !strncmp(e->kind, "thread.", 7);

	pack_map(p);
	pack_kv_int(p, "n", e->n);
	pack_stamp(p, "at", e->at_us);
	pack_kv_text(p, "kind", e->kind);
	pack_kv_text(p, turn ? "turn" : thread ? "thread" : "document", e->id);
	if (e->thread[0])
		pack_kv_text(p, "thread", e->thread);
	pack_kv_text_opt(p, "name", e->name);
	pack_kv_text_opt(p, "state", e->state);
	pack_close(p);
}

static void reply(struct call *call, const struct op_event_list *op)
{
	struct pack p;

	if (op->gone) {
		reply_gone(call, op->first, op->last);
		return;
	}
	if (!reply_begin(call, &p))
		return;
	pack_key(&p, "events");
	pack_array(&p);
	for (size_t i = 0; i < op->n; i++)
		pack_event(&p, &op->rows[i]);
	pack_close(&p);
	pack_kv_int(&p, "next", op->n ? op->rows[op->n - 1].n : op->last);
	pack_kv_int(&p, "first", op->first);
	reply_end(call, &p);
}

/* Nothing has come: does it go on waiting? `after` is known from the first reading on. */
static bool goes_on(struct wait *w, const struct op_event_list *op)
{
	struct server *s = w->call->server;

	if (!w->until_ms || op->n || op->gone || s->stage != SERVER_RUNNING || uv_now(&s->loop) >= w->until_ms)
		return false;
	w->after = op->last;
	return true;
}

static void on_events(struct job *j)
{
	struct op_event_list *op = container_of(j, struct op_event_list, job);
	struct server *s = j->ctx;
	struct wait *w = idmap_get(&s->wait_ids, j->owner);

	if (!w) {
		op_event_list_free(op); /* its connection is gone */
		return;
	}
	w->reading = false;
	if (j->r != 0 && w->in_order) {
		look_by(w, STORE_KEYED); /* the disk is full, say: nothing is written that could be missed */
	} else if (j->r == 0 && goes_on(w, op)) {
		if (w->news)
			look(w);
		else
			set_clock(s);
	} else {
		if (j->r != 0)
			reply_store_error(w->call, j->r, j->why, NULL, "event");
		else
			reply(w->call, op);
		wait_free(w);
	}
	op_event_list_free(op);
}

static void look_by(struct wait *w, enum store_lane lane)
{
	struct server *s = w->call->server;
	struct op_event_list *op = op_event_list_new();

	w->in_order = lane == STORE_WRITER;
	w->reading = true;
	w->news = false;
	op->account = account_copy(&w->call->account);
	op->after = w->after;
	op->limit = (int)w->limit;
	op->job.done = on_events;
	op->job.ctx = s;
	op->job.owner = w->handle;
	if (store_submit(s->store, lane, &op->job) == 0)
		return;
	op->job.r = STORE_E_BUSY;
	on_events(&op->job);
}

/* What "from now on" is, is asked where it is written: a reader beside it may come after what is written next. */
static void look(struct wait *w)
{
	look_by(w, w->after < 0 ? STORE_WRITER : STORE_KEYED);
}

void rpc_event_next(struct call *call, struct args *a)
{
	int64_t after = args_int(a, "after", 0, INT64_MAX, -1), wait_ms = args_int(a, "wait_ms", 0, TIME_EVENT_WAIT, 0);
	int64_t limit = args_int(a, "limit", 1, LIMIT_PAGE, LIMIT_PAGE);
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	struct wait *w;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	if (!c)
		return;
	w = mem_new(sizeof(*w));
	*w = (struct wait){ .call = call_keep(call), .account = fair_key(call->account.id), .after = after, .limit = limit,
		.until_ms = wait_ms ? uv_now(&s->loop) + (uint64_t)wait_ms : 0 };
	w->handle = idmap_add(&s->wait_ids, w);
	list_push_back(&s->waits, &w->link);
	list_push_back(&c->waits, &w->of_conn);
	look(w);
}

/* ---- for the server and its connections ---- */

void waits_init(struct server *s)
{
	list_init(&s->waits);
	idmap_init(&s->wait_ids);
	uv_timer_init(&s->loop, &s->wait_clock);
	s->wait_clock.data = s;
}

void waits_wake(struct server *s)
{
	uint64_t news[NEWS_WORDS];

	if (!list_empty(&s->waits) && store_news(s->store, news))
		wake(s, news);
}

void waits_drop(struct conn *c)
{
	if (list_empty(&c->waits))
		return;
	list_foreach_safe(it, &c->waits)
		wait_free(list_entry(it, struct wait, of_conn));
	set_clock(c->server);
}

void waits_close(struct server *s)
{
	idmap_fini(&s->wait_ids);
	uv_close((uv_handle_t *)&s->wait_clock, NULL);
}
