/* The way of passages to their vectors: what is missing, the server, the store, again. */
#define LOG_TAG "vectors"
#include "daemon/chat/vectors.h"

#include <string.h>

#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/vectors.h"
#include "daemon/upstream/upstream.h"

#define SETTLE_MS 100 /* many documents may come at once */
#define REST_MS 10000 /* questions go without for so long after one that got no vector */

struct vectors {
	uv_loop_t *loop;
	struct store *store;
	struct upstream *batch, *quick; /* for passages, for questions */
	char *url, *model, *error;
	uv_timer_t timer;
	bool busy, again, useless, closing, end; /* again: a pass is due; useless: some vectors may have to go */
	int64_t after, tidy_after; /* how far this pass has come */
	bool tidied, begun;
	int64_t have, counted; /* passages with a vector: as far as is known, and in this pass */
	uint64_t wait_ms, retry_base_ms, retry_max_ms, failures, rests_until;
	struct op_vectors_next *next; /* the batch that the server has */
	unsigned open;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static void step(struct vectors *v);

static void count(struct vectors *v, int64_t n)
{
	v->counted += n;
	v->have = max_of(v->have, v->counted);
}

static void on_timer(uv_timer_t *timer)
{
	step(timer->data);
}

static char *base_of(const char *url)
{
	static const char *const tails[] = { "/", "/embeddings", "/v1", "/" };
	size_t n = strlen(url);

	for (size_t i = 0; i < array_len(tails); i++) {
		size_t len = strlen(tails[i]);

		if (n > len && !memcmp(url + n - len, tails[i], len))
			n -= len;
	}
	return mem_ndup(url, n);
}

int vectors_new(struct vectors **out, uv_loop_t *loop, const struct vectors_config *c, char **why)
{
	struct vectors *v = mem_new(sizeof(*v));
	struct upstream_config uc = {
		.url = v->url = base_of(c->url),
		.key = c->key,
		.model = c->model,
		.ca_file = c->ca_file,
		.proxy = c->proxy,
		.connect_timeout_ms = c->connect_ms,
		.total_timeout_ms = c->batch_ms,
		.max_event = 1u << 20,
		.max_answer = 1u << 20,
		.retry_base_ms = c->retry_base_ms,
		.retry_max_ms = c->retry_max_ms,
	};
	int r = upstream_new(&v->batch, loop, &uc, why);

	*out = v;
	if (r != 0)
		return r;
	uc.connect_timeout_ms = uc.total_timeout_ms = c->question_ms;
	r = upstream_new(&v->quick, loop, &uc, why);
	v->loop = loop;
	v->model = mem_dup(c->model ? c->model : "default");
	v->retry_base_ms = max_of(c->retry_base_ms, (uint64_t)1);
	v->retry_max_ms = c->retry_max_ms;
	uv_timer_init(loop, &v->timer);
	v->timer.data = v;
	return r;
}

static void on_changed(void *ctx, bool removed)
{
	struct vectors *v = ctx;

	v->useless |= removed;
	vectors_kick(v);
}

static bool on_question(void *ctx, const char *text, size_t n,
	void (*done)(void *ctx, const float *vector, size_t dimension, const char *why), void *done_ctx, const char **why);

void vectors_start(struct vectors *v, struct store *store, struct library *library)
{
	const struct library_vectors lv = { .model = v->model, .ask = on_question, .changed = on_changed, .ctx = v };

	v->store = store;
	library_set_vectors(library, &lv);
	vectors_kick(v);
}

/* ---- one batch after the other ---- */

static void later(struct vectors *v, uint64_t ms)
{
	if (!v->closing)
		uv_timer_start(&v->timer, on_timer, ms, 0);
}

static void failed(struct vectors *v, const char *text)
{
	v->busy = false;
	v->again = true; /* what failed is looked at once more */
	v->failures++;
	mem_free(v->error);
	v->error = mem_dup(text ? text : "no reason given");
	v->wait_ms = v->wait_ms ? min_of(v->wait_ms * 2, v->retry_max_ms) : v->retry_base_ms;
	log_warn("passages wait for their vectors: %s", v->error);
	later(v, v->wait_ms);
}

static void on_put(struct job *j)
{
	struct op_vectors_put *op = container_of(j, struct op_vectors_put, job);
	struct vectors *v = j->ctx;

	if (v->closing) {
		v->busy = false;
	} else if (j->r != 0) {
		failed(v, j->why);
	} else {
		v->busy = false;
		v->error = mem_free(v->error);
		v->wait_ms = 0;
		count(v, (int64_t)op->n);
		later(v, 0);
	}
	op_vectors_put_free(op);
}

static void put(struct vectors *v, struct op_vectors_next *batch, const float *numbers, size_t dimension)
{
	struct op_vectors_put *op = op_vectors_put_new();

	op->model = mem_dup(v->model);
	op->collection = batch->collection;
	op->n = batch->n;
	op->dimension = dimension;
	memcpy(op->passages, batch->passages, sizeof(op->passages));
	op->v = mem_try_dup(numbers, batch->n * dimension * sizeof(*numbers));
	op->job.done = on_put;
	op->job.ctx = v;
	if (op->v && store_submit(v->store, STORE_LIBRARY, &op->job) == 0)
		return;
	op_vectors_put_free(op);
	failed(v, "the library has too much to write");
}

static void on_embedded(void *ctx, const struct upstream_end *end, const float *numbers, size_t dimension)
{
	struct vectors *v = ctx;
	struct op_vectors_next *batch = v->next;

	v->next = NULL;
	if (v->closing) {
		v->busy = false;
	} else if (end->result != UPSTREAM_OK) {
		failed(v, end->text);
	} else {
		v->after = batch->after;
		v->end = batch->end;
		put(v, batch, numbers, dimension);
	}
	op_vectors_next_free(batch);
}

static void embed(struct vectors *v, struct op_vectors_next *op)
{
	struct upstream_text texts[VECTORS_BATCH];

	for (size_t i = 0; i < op->n; i++)
		texts[i] = (struct upstream_text){ op->texts[i], strlen(op->texts[i]) };
	v->next = op;
	upstream_embed(v->batch, texts, op->n, on_embedded, v);
}

static void on_next(struct job *j)
{
	struct op_vectors_next *op = container_of(j, struct op_vectors_next, job);
	struct vectors *v = j->ctx;

	if (v->closing || j->r != 0) {
		v->busy = false;
		if (!v->closing)
			failed(v, j->why);
		op_vectors_next_free(op);
		return;
	}
	v->tidied = op->tidied;
	v->tidy_after = op->tidy_after;
	count(v, op->have);
	if (op->n) {
		embed(v, op);
		return;
	}
	v->busy = false;
	v->after = op->after;
	v->end = op->end;
	if (v->end)
		v->have = v->counted;
	op_vectors_next_free(op);
	later(v, 0);
}

static void step(struct vectors *v)
{
	struct op_vectors_next *op;

	if (v->busy || v->closing)
		return;
	if (v->end && !v->again)
		return;
	if (v->end || !v->begun) { /* what comes during a pass is for the next one, or it may never end */
		v->tidied = v->begun && !v->useless;
		v->begun = true;
		v->again = v->end = v->useless = false;
		v->after = v->tidy_after = v->counted = 0;
	}
	op = op_vectors_next_new();
	op->model = mem_dup(v->model);
	op->after = v->after;
	op->tidied = v->tidied;
	op->tidy_after = v->tidy_after;
	op->job.done = on_next;
	op->job.ctx = v;
	v->busy = true;
	if (store_submit(v->store, STORE_LIBRARY, &op->job) == 0)
		return;
	op_vectors_next_free(op);
	failed(v, "the library has too much to do");
}

void vectors_kick(struct vectors *v)
{
	if (!v || v->closing || !v->store)
		return;
	v->again = true;
	if (!v->busy && !uv_is_active((uv_handle_t *)&v->timer))
		later(v, max_of(v->wait_ms, (uint64_t)SETTLE_MS));
}

/* ---- questions ---- */

struct asking {
	struct vectors *v;
	void (*done)(void *ctx, const float *vector, size_t dimension, const char *why);
	void *ctx;
};

static void on_asked(void *ctx, const struct upstream_end *end, const float *numbers, size_t dimension)
{
	struct asking *k = ctx;

	if (end->result != UPSTREAM_OK && end->result != UPSTREAM_E_CANCELLED)
		k->v->rests_until = uv_now(k->v->loop) + REST_MS;
	k->done(k->ctx, numbers, dimension, end->result == UPSTREAM_OK ? NULL : end->text ? end->text : "no answer");
	mem_free(k);
}

static bool on_question(void *ctx, const char *text, size_t n,
	void (*done)(void *ctx, const float *vector, size_t dimension, const char *why), void *done_ctx, const char **why)
{
	struct vectors *v = ctx;
	struct upstream_text one = { text, n };
	struct asking *k;

	*why = NULL;
	if (v->closing || !v->have)
		return false;
	if (uv_now(v->loop) < v->rests_until) {
		*why = "it gave none a moment ago";
		return false;
	}
	k = mem_new(sizeof(*k));
	*k = (struct asking){ v, done, done_ctx };
	upstream_embed(v->quick, &one, 1, on_asked, k);
	return true;
}

/* ---- the end ---- */

static void one_closed(struct vectors *v)
{
	if (--v->open == 0)
		v->closed(v->closed_ctx);
}

static void on_port_closed(void *ctx)
{
	one_closed(ctx);
}

static void on_timer_closed(uv_handle_t *h)
{
	one_closed(h->data);
}

void vectors_close(struct vectors *v, void (*closed)(void *ctx), void *ctx)
{
	v->closing = true;
	v->closed = closed;
	v->closed_ctx = ctx;
	v->open = 3;
	upstream_close(v->quick, on_port_closed, v);
	upstream_close(v->batch, on_port_closed, v);
	uv_close((uv_handle_t *)&v->timer, on_timer_closed);
}

void *vectors_free(struct vectors *v)
{
	if (!v)
		return NULL;
	mem_free(v->url);
	mem_free(v->model);
	mem_free(v->error);
	return mem_free(v);
}

void vectors_figures(const struct vectors *v, struct vectors_figures *out)
{
	*out = (struct vectors_figures){
		.url = upstream_url(v->batch),
		.model = v->model,
		.have = v->have,
		.working = !v->end || v->again || v->busy,
		.failures = v->failures,
		.error = v->error,
	};
}
