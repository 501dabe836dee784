/* Questions to their vectors, within a short deadline. */
#include <uv.h>

#include "common/mem.h"
#include "daemon/chat/vectors_in.h"

#define REST_MS 10000 /* questions go without for so long after the server had none to give */

struct asking {
	struct vectors *v;
	void (*done)(void *ctx, const float *vector, size_t dimension, const char *why);
	void *ctx;
};

static void on_asked(void *ctx, const struct upstream_end *end, const float *numbers, size_t dimension)
{
	struct asking *k = ctx;
	struct vectors *v = k->v;
	bool failed = end->result != UPSTREAM_OK && end->result != UPSTREAM_E_CANCELLED;

	if (failed && !vectors_may_be_the_texts(end)) /* one that is too long for it is nobody else's matter */
		v->rests_until = uv_now(v->loop) + REST_MS;
	else if (end->result == UPSTREAM_OK && (dimension != v->probe.dimension || vectors_probe_is_old(v)))
		vectors_probe_soon(v);
	k->done(k->ctx, numbers, dimension, end->result == UPSTREAM_OK ? NULL : end->text ? end->text : "no answer of the embeddings server");
	mem_free(k);
}

bool vectors_ask(void *ctx, const char *account, const char *text, size_t n,
	void (*done)(void *ctx, const float *vector, size_t dimension, const char *why), void *done_ctx, const char **why)
{
	struct vectors *v = ctx;
	struct upstream_text one = { text, n };
	struct asking *k;

	*why = NULL;
	if (v->closing || !shelves_figures(&v->shelves, account).any)
		return false;
	if (uv_now(v->loop) < v->rests_until) {
		*why = "the embeddings server gave no vector a moment ago";
		return false;
	}
	k = mem_new(sizeof(*k));
	*k = (struct asking){ v, done, done_ctx };
	upstream_embed(v->quick, &one, 1, on_asked, k);
	return true;
}
