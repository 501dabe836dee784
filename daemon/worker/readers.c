/* The queue of documents to read. */
#define LOG_TAG "readers"
#include "daemon/worker/readers.h"

#include <errno.h>
#include <string.h>

#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/worker/spawn.h"

#define OUT_MAX ((size_t)192 << 20) /* the text, its places, the attachments that are handed back */

struct readers {
	uv_loop_t *loop;
	char *program;
	unsigned max, nrunning;
	struct list waiting, running;
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

static void settle(struct readers *r)
{
	if (!r->stopping || r->nrunning || !list_empty(&r->waiting))
		return;
	r->closed(r->ctx);
	mem_free(r->program);
	mem_free(r);
}

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

static void on_end(void *ctx, struct spawn_end *end)
{
	struct reader *p = ctx;
	struct readers *all = p->all;
	struct readers_end told = {
		.r = error_of(p, end),
		.signal = end->signal,
		.words = buf_cstr(&end->err),
		.out = end->out.data,
		.n = end->out.len,
	};

	list_remove(&p->link);
	all->nrunning--;
	p->job.done(p->job.ctx, &told);
	mem_free(p);
	start_next(all);
	settle(all);
}

static void not_started(struct reader *p, int r)
{
	char words[512];
	struct readers_end told = { .r = p->all->stopping ? READERS_E_STOPPING : READERS_E_START, .words = words };

	(void)snprintf(words, sizeof(words), "'%.300s' cannot be run: %s", p->all->program, strerror(-r));
	if (!p->all->stopping)
		log_error("%s", words);
	p->job.done(p->job.ctx, &told);
	mem_free(p);
}

static void start(struct reader *p)
{
	const char *const argv[] = { p->all->program, p->job.profile, NULL };
	struct buf input;
	int r = p->all->stopping ? -ECANCELED : 0;

	buf_init(&input, 0);
	if (r == 0)
		r = buf_reserve(&input, p->job.nhead + p->job.nbody);
	if (r == 0) {
		(void)buf_add(&input, p->job.head, p->job.nhead);
		(void)buf_add(&input, p->job.body, p->job.nbody);
		r = spawn_start(&p->process, p->all->loop, argv, OUT_MAX, on_end, p);
	}
	if (r != 0) {
		buf_fini(&input);
		not_started(p, r);
		return;
	}
	list_push_back(&p->all->running, &p->link);
	p->all->nrunning++;
	spawn_send(p->process, &input, p->job.deadline_ms);
}

static void start_next(struct readers *r)
{
	while (!list_empty(&r->waiting) && (r->stopping || r->nrunning < r->max)) {
		struct reader *p = list_first(&r->waiting, struct reader, link);

		list_remove(&p->link);
		start(p);
	}
}

struct readers *readers_new(uv_loop_t *loop, const char *program, unsigned running)
{
	struct readers *r = mem_new(sizeof(*r));

	*r = (struct readers){ .loop = loop, .program = mem_dup(program), .max = running };
	list_init(&r->waiting);
	list_init(&r->running);
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
	list_foreach(it, &r->running)
		spawn_kill(list_entry(it, struct reader, link)->process);
	start_next(r);
	settle(r);
}
