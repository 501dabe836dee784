/* Vectors from the start of the daemon to its end. */
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/chat/vectors_in.h"

#define SETTLE_MS 100 /* many documents may come at once */
#define SWIFT 8       /* texts in the first batch, when nothing is known of the server's pace */

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
	v->most = VECTORS_BATCH;
	v->swift = SWIFT;
	v->swift_ms = max_of(c->question_ms / 3, (uint64_t)1);
	v->refused_max = VECTORS_REFUSED;
	v->probe_due = true;
	uv_timer_init(loop, &v->timer);
	v->timer.data = v;
	return r;
}

static void on_changed(void *ctx, const char *account, bool removed)
{
	struct vectors *v = ctx;

	if (removed)
		shelves_recount(&v->shelves, account);
	vectors_kick(v);
}

void vectors_start(struct vectors *v, struct store *store, struct library *library)
{
	const struct library_vectors lv = { .model = v->model, .ask = vectors_ask, .changed = on_changed, .ctx = v };

	v->store = store;
	library_set_vectors(library, &lv);
	vectors_kick(v);
}

static void on_timer(uv_timer_t *timer)
{
	vectors_step(timer->data);
}

void vectors_later(struct vectors *v, uint64_t ms)
{
	if (!v->closing)
		uv_timer_start(&v->timer, on_timer, ms, 0);
}

bool vectors_probe_is_old(const struct vectors *v)
{
	return uv_now(v->loop) - v->probed > VECTORS_PROBE_MS;
}

void vectors_probe_soon(struct vectors *v)
{
	v->probe_due = true;
	vectors_kick(v);
}

void vectors_kick(struct vectors *v)
{
	if (!v || v->closing || !v->store)
		return;
	v->again = true;
	v->probe_due |= vectors_probe_is_old(v);
	if (v->busy || (!v->rests && uv_is_active((uv_handle_t *)&v->timer)))
		return;
	v->rests = false;
	vectors_later(v, max_of(v->wait_ms, (uint64_t)SETTLE_MS));
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
	mem_free(v->probe.v);
	shelves_fini(&v->shelves);
	return mem_free(v);
}

void vectors_figures(const struct vectors *v, const char *account, struct vectors_figures *out)
{
	struct shelves_figures f = shelves_figures(&v->shelves, account);

	*out = (struct vectors_figures){
		.url = upstream_url(v->batch),
		.model = v->model,
		.have = f.have,
		.of = f.passages,
		.passed = f.passed,
		.working = v->again || v->busy || f.working,
		.failures = v->failures,
		.error = v->error,
	};
}
