/* The way of passages to their vectors: what is missing, the server, the store, again; a batch after the other. */
#define LOG_TAG "vectors"
#include <string.h>

#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/chat/vectors_in.h"

#define ASKED_MAX_MS 3600000 /* a server may ask us to wait so long */
#define FINE 50              /* batches that go well until larger ones are tried again */
#define REFUSED_MAX 96

static void failed(struct vectors *v, const char *text, int64_t wait_ms)
{
	v->busy = false;
	v->failures++;
	mem_free(v->error);
	v->error = mem_dup(text ? text : "no reason given");
	v->wait_ms = v->wait_ms ? min_of(v->wait_ms * 2, v->retry_max_ms) : v->retry_base_ms;
	log_warn("passages wait for their vectors: %s", v->error);
	vectors_later(v, max_of(v->wait_ms, (uint64_t)min_of(max_of(wait_ms, (int64_t)0), (int64_t)ASKED_MAX_MS)));
}

/* The server takes what it is given. After many batches more may be tried again: its bound may have been raised. */
static void went_well(struct vectors *v)
{
	v->error = mem_free(v->error);
	v->wait_ms = 0;
	if (v->refused >= VECTORS_REFUSED && (!v->doubted || uv_now(v->loop) - v->doubted > VECTORS_PROBE_MS)) {
		v->doubted = uv_now(v->loop); /* it may not have been the texts that it did not like then */
		shelves_recount(&v->shelves, NULL);
		v->again = true;
	}
	v->refused = 0;
	v->refused_max = VECTORS_REFUSED;
	if (v->most < VECTORS_BATCH && ++v->fine >= FINE) {
		v->fine = 0;
		v->most = min_of(v->most * 2, (size_t)VECTORS_BATCH);
	}
}

/* Batches become so large that a question that comes behind one still gets its vector in time. */
static void pace(struct vectors *v, size_t n)
{
	uint64_t took = max_of(uv_now(v->loop) - v->sent, (uint64_t)1);

	if (took > v->swift_ms)
		v->swift = max_of((size_t)(n * v->swift_ms / took), (size_t)1);
	else if (n == v->swift && took < v->swift_ms / 2)
		v->swift = min_of(v->swift * 2, (size_t)VECTORS_BATCH);
}

/* So far is this collection done, if it is still there. */
static void advance(struct vectors *v, int64_t collection, int64_t after, int64_t have, bool end)
{
	struct shelf *shelf = shelves_find(&v->shelves, collection);

	if (!shelf)
		return;
	shelf->after = after;
	shelf_count(shelf, have);
	if (end)
		shelf_end(shelf);
}

static void pass_over(struct vectors *v, int64_t collection, size_t n)
{
	struct shelf *shelf = shelves_find(&v->shelves, collection);

	if (shelf)
		shelf->passed += (int64_t)n;
}

/* Their passages are to be looked at from the beginning. */
static void tell_other(struct vectors *v, int64_t collections)
{
	log_warn("%lld collection%s vectors of another model: they are made anew", (long long)collections,
		collections == 1 ? " has" : "s have");
	shelves_recount(&v->shelves, NULL);
	v->again = true;
}

static void on_put(struct job *j)
{
	struct op_vectors_put *op = container_of(j, struct op_vectors_put, job);
	struct vectors *v = j->ctx;
	struct op_vectors_next *batch = v->next;

	v->next = NULL;
	if (v->closing) {
		v->busy = false;
	} else if (j->r != 0) {
		v->probe_due |= j->r == STORE_E_CONFLICT;
		failed(v, j->why, 0);
	} else {
		v->busy = false;
		went_well(v);
		if (op->anew)
			tell_other(v, 1);
		pass_over(v, op->collection, op->n - op->kept); /* a vector of zeros is none */
		advance(v, op->collection, batch->after, batch->have + (int64_t)op->kept, batch->end);
		vectors_later(v, 0);
	}
	op_vectors_next_free(batch);
	op_vectors_put_free(op);
}

static void put(struct vectors *v, const float *numbers, size_t dimension)
{
	struct op_vectors_next *batch = v->next;
	struct op_vectors_put *op = op_vectors_put_new();

	op->model = mem_dup(v->model);
	op->collection = batch->collection;
	op->n = batch->n;
	op->dimension = dimension;
	memcpy(op->passages, batch->passages, sizeof(op->passages));
	op->v = mem_try_dup(numbers, batch->n * dimension * sizeof(*numbers));
	vectors_probe_copy(&op->probe, &v->probe);
	op->job.done = on_put;
	op->job.ctx = v;
	if (op->v && store_submit(v->store, STORE_LIBRARY, &op->job) == 0)
		return;
	op_vectors_put_free(op);
	op_vectors_next_free(batch);
	v->next = NULL;
	failed(v, "the library has too much to write", 0);
}

bool vectors_may_be_the_texts(const struct upstream_end *end)
{
	return end->status == 400 || end->status == 413 || end->status == 422 || end->status == 500 ||
	       (end->result == UPSTREAM_E_PROTOCOL && end->status == 200);
}

/*
 * Half of them then, down to one, and that one is passed over: one text must not keep the others waiting. Where
 * several in a row fare so it is not they, and it begins anew when the server has had its time.
 */
static void refused(struct vectors *v, const struct op_vectors_next *batch, const struct upstream_end *end)
{
	bool at_once = end->status != 500 && end->status != 200;

	if (batch->n > 1) {
		v->most = batch->n / 2;
		v->fine = 0;
	} else if (v->refused < v->refused_max) {
		v->refused++;
		pass_over(v, batch->collection, 1);
		advance(v, batch->collection, batch->after, batch->have, batch->end);
	} else {
		at_once = false;
		v->refused = 0;
		v->refused_max = min_of(v->refused_max * 2, (unsigned)REFUSED_MAX);
		shelves_recount(&v->shelves, NULL);
		v->again = true;
	}
	if (!at_once) {
		failed(v, end->text, end->retry_ms);
		return;
	}
	log_debug("%zu texts were refused: %s", batch->n, end->text ? end->text : "?");
	v->busy = false;
	vectors_later(v, 0);
}

static void on_embedded(void *ctx, const struct upstream_end *end, const float *numbers, size_t dimension)
{
	struct vectors *v = ctx;
	struct op_vectors_next *batch = v->next;

	if (!v->closing && end->result == UPSTREAM_OK) {
		pace(v, batch->n);
		put(v, numbers, dimension);
		return;
	}
	if (end->result == UPSTREAM_E_TIMEOUT)
		v->swift = max_of(batch->n / 2, (size_t)1);
	v->next = NULL;
	if (v->closing)
		v->busy = false;
	else if (vectors_may_be_the_texts(end))
		refused(v, batch, end);
	else
		failed(v, end->text, end->retry_ms);
	op_vectors_next_free(batch);
}

static void embed(struct vectors *v, struct op_vectors_next *op)
{
	struct upstream_text texts[VECTORS_BATCH];

	for (size_t i = 0; i < op->n; i++)
		texts[i] = (struct upstream_text){ op->texts[i], strlen(op->texts[i]) };
	v->next = op;
	v->sent = uv_now(v->loop);
	upstream_embed(v->batch, texts, op->n, on_embedded, v);
}

/* ---- whether the server is still the same ---- */

static void on_probed(void *ctx, const struct upstream_end *end, const float *numbers, size_t dimension)
{
	struct vectors *v = ctx;
	struct vectors_probe now = { (float *)numbers, dimension };

	v->busy = false;
	if (v->closing)
		return;
	if (end->result != UPSTREAM_OK) {
		failed(v, end->text, end->retry_ms);
		return;
	}
	went_well(v);
	mem_free(v->probe.v);
	vectors_probe_copy(&v->probe, &now);
	v->probe_due = !v->probe.v;
	v->probed = uv_now(v->loop);
	v->tidied = 0; /* what another model made goes */
	v->again = true;
	vectors_later(v, 0);
}

static void probe(struct vectors *v)
{
	static const struct upstream_text text = { VECTORS_PROBE, sizeof(VECTORS_PROBE) - 1 };

	v->busy = true;
	upstream_embed(v->batch, &text, 1, on_probed, v);
}

/* ---- what is missing ---- */

static void on_next(struct job *j)
{
	struct op_vectors_next *op = container_of(j, struct op_vectors_next, job);
	struct vectors *v = j->ctx;

	if (!v->closing && j->r == 0 && op->n && !v->probe_due) {
		embed(v, op);
		return;
	}
	v->busy = false;
	if (!v->closing && j->r != 0) {
		failed(v, j->why, 0);
	} else if (!v->closing && op->n) {
		probe(v);
	} else if (!v->closing) {
		advance(v, op->collection, op->after, op->have, op->end);
		vectors_later(v, 0);
	}
	op_vectors_next_free(op);
}

static void on_list(struct job *j)
{
	struct op_vectors_list *op = container_of(j, struct op_vectors_list, job);
	struct vectors *v = j->ctx;

	v->busy = false;
	if (!v->closing && j->r != 0) {
		v->again = true;
		failed(v, j->why, 0);
	} else if (!v->closing) {
		v->tidied = op->tidied;
		if (v->tidied < 0)
			shelves_set(&v->shelves, op->shelves, op->n);
		else
			v->again = true;
		if (op->others)
			tell_other(v, op->others);
		vectors_later(v, 0);
	}
	op_vectors_list_free(op);
}

static void submit(struct vectors *v, struct job *job, void (*done)(struct job *j))
{
	job->done = done;
	job->ctx = v;
	v->busy = true;
	if (store_submit(v->store, STORE_LIBRARY, job) == 0)
		return;
	job->r = STORE_E_BUSY;
	job->why = mem_dup("the library has too much to do");
	done(job);
}

static void look_up(struct vectors *v)
{
	struct op_vectors_list *op = op_vectors_list_new();

	v->again = false;
	op->model = mem_dup(v->model);
	vectors_probe_copy(&op->probe, &v->probe);
	op->tidied = v->tidied;
	submit(v, &op->job, on_list);
}

/* All that is left was refused, one after the other: that may pass. */
static void rest(struct vectors *v)
{
	v->refused = 0;
	shelves_recount(&v->shelves, NULL);
	v->again = v->rests = true;
	vectors_later(v, VECTORS_PROBE_MS);
}

void vectors_step(struct vectors *v)
{
	struct op_vectors_next *op;
	struct shelf *shelf;

	if (v->busy || v->closing)
		return;
	v->rests = false;
	if (v->again) {
		look_up(v);
		return;
	}
	shelf = shelves_next(&v->shelves);
	if (!shelf) {
		if (v->probe_due && v->shelves.n)
			probe(v);
		else if (v->refused >= VECTORS_REFUSED)
			rest(v);
		return;
	}
	op = op_vectors_next_new();
	op->collection = shelf->is.collection;
	op->after = shelf->after;
	op->most = min_of(v->most, v->swift);
	submit(v, &op->job, on_next);
}
