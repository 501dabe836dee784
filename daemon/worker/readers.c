/* The queue of documents to read. */
#define LOG_TAG "readers"
#include "daemon/worker/readers.h"

#include <errno.h>
#include <string.h>

#include "common/fair.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/worker/spawn.h"

#define OUT_MAX ((size_t)192 << 20) /* the text, its places, the attachments that are handed back */

struct readers {
	uv_loop_t *loop;
	char *program[READER_KINDS];
	unsigned max, nrunning;
	struct list waiting, running;
	struct fair places; /* of what runs, by owner */
	struct spare {
		struct readers *all;
		struct spawn *process;
		bool wanted; /* one of its kind was asked for */
	} spare[READER_KINDS];
	uint64_t spare_ms;
	uv_timer_t idle; /* the spares' time */
	bool stopping;
	void (*closed)(void *ctx);
	void *ctx;
};

struct reader {
	struct list link;
	struct readers *all;
	struct readers_job job;
	struct spawn *process;
};

static void start_next(struct readers *r);

/* ---- the end of all ---- */

static bool has_spare(const struct readers *r)
{
	for (int k = 0; k < READER_KINDS; k++)
		if (r->spare[k].process)
			return true;
	return false;
}

static void on_idle_closed(uv_handle_t *h)
{
	struct readers *r = h->data;

	r->closed(r->ctx);
	fair_fini(&r->places);
	for (int k = 0; k < READER_KINDS; k++)
		mem_free(r->program[k]);
	mem_free(r);
}

static void settle(struct readers *r)
{
	if (!r->stopping || r->nrunning || !list_empty(&r->waiting) || has_spare(r) ||
		uv_is_closing((uv_handle_t *)&r->idle))
		return;
	uv_close((uv_handle_t *)&r->idle, on_idle_closed);
}

/* ---- spares ---- */

static int start_process(struct readers *r, enum reader_kind kind, struct spawn **out, spawn_done done, void *ctx)
{
	const char *const argv[] = { r->program[kind], NULL };

	return spawn_start(out, r->loop, argv, OUT_MAX, done, ctx);
}

static void on_spare_gone(void *ctx, struct spawn_end *end)
{
	struct spare *s = ctx;

	if (!end->killed)
		log_warn("a spare reader ended by itself (%s %d): %.200s", end->signal ? "signal" : "status",
			end->signal ? end->signal : end->status, log_text(buf_cstr(&end->err), end->err.len));
	s->process = NULL;
	s->wanted = false;
	settle(s->all);
}

static void on_idle(uv_timer_t *t)
{
	struct readers *r = t->data;

	for (int k = 0; k < READER_KINDS; k++)
		if (r->spare[k].process)
			spawn_kill(r->spare[k].process);
}

/* One that would not start will be said by the next job. */
static void keep_spares(struct readers *r)
{
	if (!r->spare_ms || r->stopping)
		return;
	for (int k = 0; k < READER_KINDS; k++) {
		struct spare *s = &r->spare[k];

		if (s->wanted && !s->process && start_process(r, (enum reader_kind)k, &s->process, on_spare_gone, s) != 0)
			s->process = NULL;
	}
	uv_timer_start(&r->idle, on_idle, r->spare_ms, 0);
	uv_unref((uv_handle_t *)&r->idle);
}

/* ---- jobs ---- */

static int error_of(const struct reader *p, const struct spawn_end *end)
{
	if (p->all->stopping)
		return READERS_E_STOPPING;
	if (end->deadline)
		return READERS_E_DEADLINE;
	if (end->too_large)
		return READERS_E_TOO_LARGE;
	return end->signal || end->status || end->killed ? READERS_E_ENDED : 0;
}

static void on_take(void *ctx, const void *p, size_t n)
{
	struct reader *r = ctx;

	r->job.take(r->job.ctx, p, n);
}

static void on_end(void *ctx, struct spawn_end *end)
{
	struct reader *p = ctx;
	struct readers *all = p->all;
	struct readers_end told = { .r = error_of(p, end), .signal = end->signal, .words = buf_cstr(&end->err) };

	list_remove(&p->link);
	all->nrunning--;
	fair_give(&all->places, p->job.owner);
	p->job.done(p->job.ctx, &told);
	mem_free(p);
	start_next(all);
	if (!all->nrunning)
		keep_spares(all);
	settle(all);
}

static void not_started(struct reader *p, int r)
{
	char words[512];
	struct readers_end told = { .r = p->all->stopping ? READERS_E_STOPPING : READERS_E_START, .words = words };

	(void)snprintf(words, sizeof(words), "'%.300s' cannot be run: %s", p->all->program[p->job.kind], strerror(-r));
	if (!p->all->stopping)
		log_error("%s", words);
	p->job.done(p->job.ctx, &told);
	mem_free(p);
}

static int take_process(struct reader *p)
{
	struct spare *s = &p->all->spare[p->job.kind];

	if (p->all->stopping)
		return -ECANCELED;
	s->wanted = true;
	if (!s->process || !spawn_waits(s->process))
		return start_process(p->all, p->job.kind, &p->process, on_end, p);
	p->process = s->process;
	s->process = NULL;
	spawn_claim(p->process, on_end, p);
	return 0;
}

static void start(struct reader *p)
{
	const uv_buf_t input[2] = {
		uv_buf_init((char *)(uintptr_t)p->job.head, (unsigned)p->job.nhead),
		uv_buf_init((char *)(uintptr_t)p->job.body, (unsigned)p->job.nbody),
	};
	int r = take_process(p);

	if (r != 0) {
		not_started(p, r);
		return;
	}
	list_push_back(&p->all->running, &p->link);
	p->all->nrunning++;
	fair_take(&p->all->places, p->job.owner);
	spawn_stream(p->process, on_take);
	spawn_send_borrowed(p->process, input, p->job.deadline_ms);
}

static bool has_place(const struct readers *r, uint64_t owner)
{
	return r->stopping || r->nrunning < r->max || (r->nrunning < 2 * r->max && !fair_held(&r->places, owner));
}

/* Of the owner whose turn it is, the first that came. NULL: none, or there is no place. */
static struct reader *whose_turn(const struct readers *r)
{
	struct reader *best = NULL;

	list_foreach(it, &r->waiting) {
		struct reader *p = list_entry(it, struct reader, link);

		if (has_place(r, p->job.owner) && (!best || fair_before(&r->places, p->job.owner, best->job.owner)))
			best = p;
	}
	return best;
}

static void start_next(struct readers *r)
{
	struct reader *p;

	while ((p = whose_turn(r))) {
		list_remove(&p->link);
		start(p);
	}
}

struct readers *readers_new(uv_loop_t *loop, const struct readers_config *config)
{
	struct readers *r = mem_new(sizeof(*r));

	*r = (struct readers){ .loop = loop, .max = config->running, .spare_ms = config->spare_ms };
	for (int k = 0; k < READER_KINDS; k++) {
		r->program[k] = mem_dup(config->program[k]);
		r->spare[k].all = r;
	}
	list_init(&r->waiting);
	list_init(&r->running);
	uv_timer_init(loop, &r->idle);
	r->idle.data = r;
	return r;
}

void readers_run(struct readers *r, const struct readers_job *job)
{
	struct reader *p = mem_new(sizeof(*p));

	p->all = r;
	p->job = *job;
	list_push_back(&r->waiting, &p->link);
	start_next(r);
}

void readers_close(struct readers *r, void (*closed)(void *ctx), void *ctx)
{
	r->stopping = true;
	r->closed = closed;
	r->ctx = ctx;
	on_idle(&r->idle);
	list_foreach(it, &r->running)
		spawn_kill(list_entry(it, struct reader, link)->process);
	start_next(r);
	settle(r);
}
