/* Jobs wait, run, and end with a result or with words. */
#define LOG_TAG "worker"
#include "daemon/worker/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/worker/spawn.h"

struct pool {
	uv_loop_t *loop;
	struct pool_config config;
	char *program;
	struct list running, waiting;     /* struct pool_job */
	unsigned nrunning, nwaiting;
	struct spawn *spare;
	uv_timer_t idle;                  /* the spare's time */
	uv_idle_t kick;                   /* starts what waits, from the loop */
	unsigned open;                    /* the two handles */
	uint64_t jobs, failures;
	bool stopping;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

struct pool_job {
	struct list link;
	struct pool *pool;
	struct spawn *spawn;
	struct buf input;
	pool_whole whole;
	pool_done done;
	void *ctx;
};

static void next(struct pool *p);

/* ---- the end of all ---- */

static void on_handle_closed(uv_handle_t *h)
{
	struct pool *p = h->data;

	if (--p->open)
		return;
	p->closed(p->closed_ctx);
	mem_free(p->program);
	mem_free(p);
}

static void look_whether_over(struct pool *p)
{
	if (!p->stopping || p->nrunning || p->nwaiting || p->spare || uv_is_closing((uv_handle_t *)&p->idle))
		return;
	uv_close((uv_handle_t *)&p->idle, on_handle_closed);
	uv_close((uv_handle_t *)&p->kick, on_handle_closed);
}

/* ---- the spare ---- */

static void on_spare_gone(void *ctx, struct spawn_end *end)
{
	struct pool *p = ctx;

	if (!end->killed)
		log_warn("the spare %s ended by itself (%s %d): %.200s", p->config.what, end->signal ? "signal" : "status",
			end->signal ? end->signal : end->status, log_text(buf_cstr(&end->err), end->err.len));
	p->spare = NULL;
	look_whether_over(p);
}

static void on_idle(uv_timer_t *t)
{
	struct pool *p = t->data;

	if (p->spare)
		spawn_kill(p->spare);
}

#ifdef RAGCHAT_SANITIZER
#define NARGV 1 /* a sanitizer build of a helper has no sandbox: only a daemon of that kind runs it */
#else
#define NARGV 2
#endif

static int start_process(struct pool *p, struct spawn **out, spawn_done done, void *ctx)
{
	const char *argv[] = { p->program, "--sandbox", NULL };

	argv[NARGV] = NULL;
	return spawn_start(out, p->loop, argv, p->config.out_max, done, ctx);
}

/* One that would not start will be said by the next job. */
static void keep_spare(struct pool *p)
{
	if (!p->config.spare_ms || p->stopping)
		return;
	if (!p->spare && start_process(p, &p->spare, on_spare_gone, p) != 0)
		p->spare = NULL;
	uv_timer_start(&p->idle, on_idle, p->config.spare_ms, 0);
	uv_unref((uv_handle_t *)&p->idle);
}

/* ---- how a job ended, in words ---- */

static int fail(struct pool_result *res, int r, char why[200], const char *fmt, ...) attr_printf(4, 5);
static int fail(struct pool_result *res, int r, char why[200], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, 200, fmt, ap);
	va_end(ap);
	res->r = r;
	res->why = why;
	return r;
}

static int judge_signal(const struct pool *p, const struct spawn_end *end, struct pool_result *res, char why[200])
{
	const char *what = p->config.what;

	if (end->signal == SIGSYS)
		return fail(res, POOL_E_FAILED, why, "the %s did what its sandbox forbids and was ended", what);
	if (end->signal == SIGXCPU)
		return fail(res, POOL_E_DEADLINE, why, "the %s used up its processor time", what);
	return fail(res, POOL_E_FAILED, why, "the %s was ended by SIG%s", what, sigabbrev_np(end->signal));
}

static int judge_status(const struct pool *p, const struct spawn_end *end, struct pool_result *res, char why[200])
{
	const char *what = p->config.what;

	switch (end->status) {
	case EX_DATAERR:
		return res->r = POOL_E_REFUSED;
	case EX_OSERR:
		return fail(res, POOL_E_TOO_LARGE, why, "this is too much for the %s: it ran out of memory", what);
	case EX_CONFIG:
		return fail(res, POOL_E_FAILED, why, "the %s refuses to work without its sandbox", what);
	}
	return fail(res, POOL_E_FAILED, why, "the %s failed (exit status %d)", what, end->status);
}

static int judge(const struct pool_job *j, const struct spawn_end *end, struct pool_result *res, char why[200])
{
	const struct pool *p = j->pool;
	const char *what = p->config.what;

	if (p->stopping)
		return fail(res, POOL_E_STOPPING, why, "the daemon is stopping");
	if (end->deadline)
		return fail(res, POOL_E_DEADLINE, why, "the %s was not done after %.3g s and was ended", what,
			(double)p->config.deadline_ms / 1000);
	if (end->too_large)
		return fail(res, POOL_E_TOO_LARGE, why, "the %s wrote more than %zu MiB and was ended", what,
			p->config.out_max >> 20);
	if (end->signal)
		return judge_signal(p, end, res, why);
	if (end->status)
		return judge_status(p, end, res, why);
	if (!j->whole(&end->out))
		return fail(res, POOL_E_FAILED, why, "the %s left half a document", what);
	return res->r = 0;
}

static const char *last_line(struct buf *err)
{
	char *text = (char *)(uintptr_t)buf_cstr(err), *nl;
	size_t n = err->len;

	while (n && text[n - 1] == '\n')
		text[--n] = '\0';
	nl = memrchr(text, '\n', n);
	return nl ? nl + 1 : text;
}

/* ---- jobs ---- */

static void job_end(struct pool_job *j, struct pool_result *res)
{
	struct pool *p = j->pool;

	if (res->r != 0) {
		p->failures++;
		log_warn("%s", res->why ? res->why : log_text(res->report, strlen(res->report)));
	}
	j->done(j->ctx, res);
	buf_fini(&res->out);
	buf_fini(&j->input);
	mem_free(j);
	next(p);
	look_whether_over(p);
}

static void on_done(void *ctx, struct spawn_end *end)
{
	struct pool_job *j = ctx;
	struct pool_result res = { .report = last_line(&end->err) };
	char why[200];

	if (judge(j, end, &res, why) == 0) {
		res.out = end->out;
		buf_init(&end->out, 0);
	}
	list_remove(&j->link);
	j->pool->nrunning--;
	job_end(j, &res);
}

static void job_start(struct pool_job *j)
{
	struct pool *p = j->pool;
	struct pool_result res = { .report = "" };
	char why[200];
	int r = 0;

	list_remove(&j->link);
	p->nwaiting--;
	if (p->spare && spawn_waits(p->spare)) {
		j->spawn = p->spare;
		p->spare = NULL;
		spawn_claim(j->spawn, on_done, j);
	} else {
		r = start_process(p, &j->spawn, on_done, j);
	}
	if (r < 0) {
		fail(&res, POOL_E_START, why, r == -ENOENT ? "the %s is not installed: no %s" : "the %s cannot be started: %s",
			p->config.what, r == -ENOENT ? p->program : strerror(-r));
		job_end(j, &res);
		return;
	}
	p->nrunning++;
	list_push_back(&p->running, &j->link);
	spawn_send(j->spawn, &j->input, p->config.deadline_ms);
}

static void on_kick(uv_idle_t *h)
{
	struct pool *p = h->data;

	uv_idle_stop(h);
	while (p->nrunning < p->config.running && !list_empty(&p->waiting))
		job_start(list_first(&p->waiting, struct pool_job, link));
	if (p->jobs && !p->nwaiting && !p->nrunning)
		keep_spare(p);
}

/* From the loop: done never comes from inside a call of the pool. */
static void next(struct pool *p)
{
	if (!p->stopping)
		uv_idle_start(&p->kick, on_kick);
}

int pool_submit(struct pool *p, struct buf *input, pool_whole whole, pool_done done, void *ctx)
{
	struct pool_job *j;

	if (p->stopping)
		return POOL_E_STOPPING;
	if (p->nrunning + p->nwaiting >= p->config.running + p->config.waiting)
		return POOL_E_BUSY;
	j = mem_new(sizeof(*j));
	*j = (struct pool_job){ .pool = p, .input = *input, .whole = whole, .done = done, .ctx = ctx };
	buf_init(input, input->max);
	list_push_back(&p->waiting, &j->link);
	p->nwaiting++;
	p->jobs++;
	next(p);
	return 0;
}

void pool_figures(const struct pool *p, struct pool_figures *out)
{
	*out = (struct pool_figures){ .running = p->nrunning, .waiting = p->nwaiting, .spare = p->spare,
		.jobs = p->jobs, .failures = p->failures };
}

void pool_configure(struct pool *p, const struct pool_config *config)
{
	char *program = mem_dup(config->program);

	mem_free(p->program);
	p->config = *config;
	p->program = program;
}

struct pool *pool_new(uv_loop_t *loop, const struct pool_config *config)
{
	struct pool *p = mem_new(sizeof(*p));

	*p = (struct pool){ .loop = loop, .open = 2 };
	list_init(&p->running);
	list_init(&p->waiting);
	uv_timer_init(loop, &p->idle);
	uv_idle_init(loop, &p->kick);
	p->idle.data = p->kick.data = p;
	pool_configure(p, config);
	return p;
}

void pool_close(struct pool *p, void (*closed)(void *ctx), void *ctx)
{
	char why[200];

	p->stopping = true;
	p->closed = closed;
	p->closed_ctx = ctx;
	uv_idle_stop(&p->kick);
	while (!list_empty(&p->waiting)) {
		struct pool_job *j = list_first(&p->waiting, struct pool_job, link);
		struct pool_result res = { .report = "" };

		list_remove(&j->link);
		p->nwaiting--;
		fail(&res, POOL_E_STOPPING, why, "the daemon is stopping");
		job_end(j, &res);
	}
	list_foreach(it, &p->running)
		spawn_kill(list_entry(it, struct pool_job, link)->spawn);
	if (p->spare)
		spawn_kill(p->spare);
	look_whether_over(p);
}
