/* The live turns: who may start, who waits, what is flushed, how it all stops. */
#include "daemon/chat/chat.h"

#include <string.h>

#define LOG_TAG "chat"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"

static bool same_account(const struct account *a, const struct account *b)
{
	return !strcmp(a->id, b->id);
}

static bool same_thread(const struct turn *a, const struct turn *b)
{
	return a->thread_hash == b->thread_hash && !a->ask.unsaved && !b->ask.unsaved && !strcmp(a->row.thread, b->row.thread);
}

/* ---- the queue ---- */

/* Before it in its thread: what it really waits for, beside max_running. */
static size_t thread_before(const struct turn *t)
{
	size_t before = 0;

	list_foreach(it, &t->chat->live) {
		const struct turn *o = list_entry(it, struct turn, link);

		if (o == t)
			break;
		before += same_thread(o, t);
	}
	return before;
}

size_t turn_position(const struct turn *t)
{
	size_t position = 1;

	if (t->started)
		return 0;
	list_foreach(it, &t->chat->live) {
		const struct turn *o = list_entry(it, struct turn, link);

		if (o == t)
			break;
		position += !o->started && same_account(&o->account, &t->account);
	}
	return position;
}

/* Threads of the turns looked at so far, by their hash: two that collide wait for each other. */
struct seen {
	uint64_t *v;
	size_t mask;
};

/* False: it was there already. */
static bool seen_add(struct seen *s, uint64_t hash)
{
	size_t i = hash & s->mask;

	for (; s->v[i]; i = (i + 1) & s->mask)
		if (s->v[i] == hash)
			return false;
	s->v[i] = hash;
	return true;
}

static struct seen seen_new(const struct chat *c)
{
	size_t n = 16;

	list_foreach(it, &c->live)
		n++;
	while (n & (n - 1)) /* the next power of two ... */
		n += n & -n;
	return (struct seen){ .v = mem_new(2 * n * sizeof(uint64_t)), .mask = 2 * n - 1 };
}

static bool has_room(const struct chat *c, uint64_t account)
{
	if (c->config->max_running_all && c->running.held >= (size_t)c->config->max_running_all)
		return false;
	return !c->config->max_running || fair_held(&c->running, account) < (size_t)c->config->max_running;
}

/*
 * The next to start. Turns of one thread keep their order, and so do those of one account; among
 * accounts it is whose turn it is.
 */
static struct turn *next_turn(const struct chat *c)
{
	struct seen seen = seen_new(c);
	struct turn *best = NULL;

	list_foreach(it, &c->live) {
		struct turn *t = list_entry(it, struct turn, link);
		bool first = t->ask.unsaved || seen_add(&seen, t->thread_hash);

		if (!first || t->started || t->row.state != TURN_QUEUED || !has_room(c, t->owner))
			continue;
		if (!best || fair_before(&c->running, t->owner, best->owner))
			best = t;
	}
	mem_free(seen.v);
	return best;
}

static void tell_queued(struct turn *t)
{
	const struct config *config = t->chat->config;
	size_t before = thread_before(t);

	t->queue_told = true;
	if (before)
		turn_status(t, "queued, %zu before it in this thread", before);
	else if (config->max_running && fair_held(&t->chat->running, t->owner) >= (size_t)config->max_running)
		turn_status(t, "queued until another answer ends (max_running = %lld)", (long long)config->max_running);
	else
		turn_status(t, "queued until the daemon has room (max_running_all = %lld)", (long long)config->max_running_all);
}

/* A turn of a thread waits for the one before it; questions past the limits wait for room. */
static void schedule(struct chat *c)
{
	struct turn *next;

	c->schedule_wanted = false;
	while ((next = next_turn(c))) {
		fair_take(&c->running, next->owner);
		chat_start(next);
	}
	list_foreach_safe(it, &c->live) {
		struct turn *t = list_entry(it, struct turn, link);

		if (!t->started && t->row.state == TURN_QUEUED && !t->queue_told)
			tell_queued(t);
	}
}

/* Questions on their way to the store count: they come back as waiting ones, or run. */
int chat_may_ask(const struct chat *c, const struct account *account)
{
	uint64_t owner = fair_key(account->id);
	size_t waiting = 0, most = (size_t)c->config->max_queued, asking = fair_held(&c->asking, owner);

	if (c->stopping)
		return CHAT_E_STOPPING;
	list_foreach(it, &c->live) {
		const struct turn *t = list_entry(it, struct turn, link);

		waiting += !t->started && t->owner == owner;
	}
	if (waiting >= most)
		return CHAT_E_QUEUE_FULL;
	if (!c->config->max_running)
		return 0;
	most += (size_t)c->config->max_running - min_of((size_t)c->config->max_running, fair_held(&c->running, owner));
	return waiting + asking >= most ? CHAT_E_QUEUE_FULL : 0;
}

static struct turn *turn_of_row(struct chat *c, const struct account *account, struct turn_row *row)
{
	struct turn *t = turn_new(c, account);

	turn_row_fini(&t->row);
	t->row = *row;
	*row = (struct turn_row){ 0 };
	t->id_hash = fair_key(t->row.id);
	t->thread_hash = fair_key(t->row.thread);
	t->owner = fair_key(account->id);
	return t;
}

struct turn *chat_enter(struct chat *c, const struct account *account, struct turn_row *row, struct ask_options *ask)
{
	struct turn *t = turn_of_row(c, account, row);

	t->row.state = TURN_QUEUED;
	t->ask = *ask;
	*ask = (struct ask_options){ 0 };
	list_push_back(&c->live, &t->link);
	c->accepted++;
	c->schedule_wanted = true;
	if (c->stopping)
		turn_fail(t, TURN_ERROR_INTERRUPTED, "the daemon is stopping; ask again or retry later");
	return t;
}

void chat_ended(struct turn *t)
{
	struct chat *c = t->chat;

	if (t->started)
		fair_give(&c->running, t->owner);
	list_remove(&t->link);
	list_push_back(&c->ended, &t->link);
	c->ended_count++;
	c->schedule_wanted = true;
}

/* Of an ended one there may be several copies, loaded by those who read it. */
static struct turn *find(const struct chat *c, const char *id, const struct account *account)
{
	const struct list *heads[] = { &c->live, &c->ended };
	uint64_t h = fair_key(id);

	for (size_t i = 0; i < array_len(heads); i++) {
		list_foreach(it, heads[i]) {
			struct turn *t = list_entry(it, struct turn, link);

			if (t->id_hash == h && !strcmp(t->row.id, id) && (!account || same_account(&t->account, account)))
				return t;
		}
	}
	return NULL;
}

struct turn *chat_find(const struct chat *c, const struct account *account, const char *id)
{
	return find(c, id, account);
}

struct turn *chat_live(const struct chat *c, const char *id)
{
	return find(c, id, NULL);
}

#define EVENTS_MEANT (1 << 20) /* more is no number of ours */

/* How many events came before those of its end, as keep_times wrote it. */
static uint64_t events_before_end(const char *meta)
{
	struct json j;
	struct json_slice key;
	int64_t n = 0;

	json_init(&j, meta ? meta : "", meta ? strlen(meta) : 0, 64);
	if (!json_object(&j) || !json_key(&j, &key) || !json_slice_is(&key, "times") || !json_object(&j))
		return 0;
	while (json_key(&j, &key))
		if (json_slice_is(&key, "events"))
			(void)json_integer(&j, &n);
	return n > 0 && n <= EVENTS_MEANT ? (uint64_t)n : 0;
}

struct turn *chat_load(struct chat *c, const struct account *account, struct turn_row *row)
{
	const struct account nobody = { 0 };
	struct turn *t = turn_of_row(c, account ? account : &nobody, row);

	t->started = true;
	buf_add(&t->text, t->row.text ? t->row.text : "", t->row.text_len);
	if (t->row.reasoning)
		buf_add_str(&t->reasoning, t->row.reasoning);
	t->row.text = mem_free(t->row.text);
	t->row.text_len = 0;
	t->ev_base = events_before_end(t->row.meta);
	turn_end_events(t);
	list_push_back(&c->ended, &t->link);
	return t;
}

void chat_cancel(struct turn *t)
{
	turn_end(t, TURN_CANCELLED);
}

/* ---- each loop turn ---- */

void chat_flush(struct chat *c)
{
	while (c->schedule_wanted)
		schedule(c);
	while (!list_empty(&c->dirty)) {
		struct turn *t = list_first(&c->dirty, struct turn, dirty);

		list_remove(&t->dirty);
		fanout_pump_all(t);
	}
	list_foreach_safe(it, &c->ended) {
		struct turn *t = list_entry(it, struct turn, link);

		if (list_empty(&t->subs) && !t->transfer_open)
			turn_free(t);
	}
	if (list_empty(&c->live) && c->on_idle)
		c->on_idle(c->on_idle_ctx);
}

static void on_tick(uv_timer_t *timer)
{
	struct chat *c = timer->data;
	uint64_t now = clock_mono_us(), age = (uint64_t)c->config->checkpoint * 600;

	list_foreach_safe(it, &c->unsaved) {
		struct turn *t = list_entry(it, struct turn, unsaved);

		if (now - t->oldest_us >= age)
			turn_checkpoint(t);
	}
	if (list_empty(&c->unsaved))
		uv_timer_stop(&c->tick);
}

/* Bytes leave for the store when 3/5 of the time has passed, seen by a tick of 1/5: the rest is the commit's. */
void chat_want_tick(struct chat *c)
{
	uint64_t every = max_of((uint64_t)c->config->checkpoint / 5, (uint64_t)1);

	if (!uv_is_active((uv_handle_t *)&c->tick))
		uv_timer_start(&c->tick, on_tick, every, every);
}

uint64_t chat_oldest_unsaved_ms(const struct chat *c)
{
	uint64_t now = clock_mono_us(), oldest = 0;

	list_foreach(it, &c->unsaved) {
		const struct turn *t = list_entry(it, struct turn, unsaved);

		oldest = max_of(oldest, now - t->oldest_us);
	}
	return (oldest + 999) / 1000; /* 0 says that nothing is missing */
}

void chat_counts(const struct chat *c, const struct account *whose, struct chat_counts *out)
{
	*out = (struct chat_counts){ 0 };
	list_foreach(it, &c->live) {
		const struct turn *t = list_entry(it, struct turn, link);

		if (whose && !same_account(&t->account, whose))
			continue;
		if (t->started)
			out->running++;
		else
			out->queued++;
	}
}

enum retrieval_mode chat_retrieval(const struct chat *c, const struct ask_options *ask)
{
	if (ask->retrieval)
		return !strcmp(ask->retrieval, "local") ? RETRIEVAL_LOCAL : RETRIEVAL_OFF;
	if (c->config->retrieval != RETRIEVAL_AUTO)
		return (enum retrieval_mode)c->config->retrieval;
	return c->upstream ? RETRIEVAL_OFF : RETRIEVAL_LOCAL;
}

/* ---- life ---- */

int chat_init(struct chat *c, uv_loop_t *loop)
{
	c->loop = loop;
	idmap_init(&c->turns);
	list_init(&c->live);
	list_init(&c->ended);
	list_init(&c->dirty);
	list_init(&c->unsaved);
	uv_timer_init(loop, &c->tick);
	uv_timer_init(loop, &c->grace);
	c->tick.data = c->grace.data = c;
	c->open_handles = 2;
	return 0;
}

void chat_configure(struct chat *c, const struct config *config, struct upstream *upstream)
{
	c->config = config;
	c->upstream = upstream;
	c->schedule_wanted = true;
}

static void interrupt(struct turn *t)
{
	if (turn_state_ended(t->row.state) || t->row.state == TURN_FINISHING)
		return;
	t->row.error = TURN_ERROR_INTERRUPTED;
	t->row.error_text = mem_dup("the daemon was stopped before the answer was complete");
	turn_end(t, TURN_INTERRUPTED);
}

static void on_grace(uv_timer_t *timer)
{
	struct chat *c = timer->data;

	c->interrupting = true;
	list_foreach_safe(it, &c->live)
		interrupt(list_entry(it, struct turn, link));
	chat_flush(c);
}

void chat_stop(struct chat *c, uint64_t grace_ms)
{
	size_t running = 0;

	if (c->stopping)
		grace_ms = 0; /* asked twice: now */
	c->stopping = true;
	list_foreach_safe(it, &c->live) {
		struct turn *t = list_entry(it, struct turn, link);

		if (t->started)
			running++;
		else
			interrupt(t);
	}
	if (running)
		log_info("%zu answers are running; they get %llu ms", running, (unsigned long long)grace_ms);
	uv_timer_start(&c->grace, on_grace, running ? grace_ms : 0, 0);
}

static void on_closed(uv_handle_t *h)
{
	struct chat *c = h->data;

	if (--c->open_handles == 0 && c->on_idle)
		c->on_idle(c->on_idle_ctx);
}

/* Every turn has ended and the store is closed: what is left is memory. */
void chat_close(struct chat *c, void (*closed)(void *ctx), void *ctx)
{
	struct list *heads[] = { &c->live, &c->ended };

	for (size_t i = 0; i < array_len(heads); i++) {
		list_foreach_safe(it, heads[i]) {
			struct turn *t = list_entry(it, struct turn, link);

			list_foreach_safe(s, &t->subs)
				fanout_unsubscribe(list_entry(s, struct sub, of_turn));
			turn_free(t);
		}
	}
	idmap_fini(&c->turns);
	fair_fini(&c->running);
	fair_fini(&c->asking);
	c->on_idle = closed;
	c->on_idle_ctx = ctx;
	uv_close((uv_handle_t *)&c->tick, on_closed);
	uv_close((uv_handle_t *)&c->grace, on_closed);
}
