/* The backend's public face: settings, ids, the work that waits for the loop, the end of it all. */
#define LOG_TAG "upstream"
#include "daemon/upstream/upstream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/upstream/kinds.h"

#define REST_MS \
	30000 /* idle connections and libcurl's memory go after so long without a transfer */
#define SCRATCH_MAX (512u << 20)

static const enum turn_error turn_errors[] = {
	[UPSTREAM_OK] = TURN_ERROR_NONE,
	[UPSTREAM_E_ERROR] = TURN_ERROR_UPSTREAM,
	[UPSTREAM_E_TIMEOUT] = TURN_ERROR_UPSTREAM_TIMEOUT,
	[UPSTREAM_E_UNREACHABLE] = TURN_ERROR_UPSTREAM_UNREACHABLE,
	[UPSTREAM_E_REFUSED] = TURN_ERROR_UPSTREAM_REFUSED,
	[UPSTREAM_E_BUSY] = TURN_ERROR_UPSTREAM_BUSY,
	[UPSTREAM_E_TRUNCATED] = TURN_ERROR_UPSTREAM_TRUNCATED,
	[UPSTREAM_E_PROTOCOL] = TURN_ERROR_UPSTREAM_PROTOCOL,
	[UPSTREAM_E_TOO_LARGE] = TURN_ERROR_TOO_LARGE,
	[UPSTREAM_E_CANCELLED] = TURN_ERROR_NONE,
};

enum turn_error upstream_turn_error(enum upstream_result r)
{
	return turn_errors[r];
}

/* ---- work ---- */

/* What is added meanwhile waits for the next turn: nobody can keep the loop here. */
static void work(void *ctx)
{
	struct upstream *u = ctx;
	struct list now;

	list_init(&now);
	list_splice(&now, &u->todo);
	while (!list_empty(&now))
		transfer_work(list_first(&now, struct transfer, todo));
	if (list_empty(&u->todo) && list_empty(&u->paused))
		uv_idle_stop(&u->idle);
}

static void resume_paused(struct upstream *u)
{
	struct list now;

	list_init(&now);
	list_splice(&now, &u->paused);
	while (!list_empty(&now))
		transfer_resume(list_first(&now, struct transfer, link));
}

static void on_idle(uv_idle_t *idle)
{
	struct upstream *u = idle->data;

	resume_paused(u);
	work(u);
}

void upstream_want_work(struct upstream *u)
{
	if (!uv_is_active((uv_handle_t *)&u->idle))
		uv_idle_start(&u->idle, on_idle);
}

static void on_done(void *ctx, CURL *easy, CURLcode code)
{
	struct transfer *t = NULL;

	(void)ctx;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	transfer_done(t, code);
}

static const struct multi_events multi_events = { .done = on_done, .after = work };

/* ---- rest ---- */

static void on_rest(uv_timer_t *timer)
{
	struct upstream *u = timer->data;

	if (u->slots.held)
		return;
	multi_rest(&u->multi);
	buf_fini(&u->scratch);
	u->scratch.max = SCRATCH_MAX;
}

void upstream_rested(struct upstream *u)
{
	if (!u->closing)
		uv_timer_start(&u->rest, on_rest, u->rest_ms, 0);
}

/* ---- life ---- */

int upstream_new(
	struct upstream **out, uv_loop_t *loop, const struct upstream_config *config, char **why)
{
	struct settings *settings = NULL;
	struct upstream *u;
	int r = settings_new(&settings, config, why);

	if (r < 0)
		return r;
	u = mem_new(sizeof(*u));
	u->loop = loop;
	u->settings = settings;
	u->scratch.max = SCRATCH_MAX;
	idmap_init(&u->transfers);
	list_init(&u->all);
	list_init(&u->waiting);
	list_init(&u->paused);
	list_init(&u->todo);
	multi_init(&u->multi, loop, &multi_events, u);
	uv_idle_init(loop, &u->idle);
	u->idle.data = u;
	uv_timer_init(loop, &u->rest);
	uv_unref((uv_handle_t *)&u->rest);
	u->rest.data = u;
	u->rest_ms = REST_MS;
	u->handles = 2;
	*out = u;
	return 0;
}

int upstream_configure(struct upstream *u, const struct upstream_config *config, char **why)
{
	struct settings *fresh = NULL;
	int r = settings_new(&fresh, config, why);

	if (r < 0)
		return r;
	settings_unref(u->settings);
	u->settings = fresh;
	return 0;
}

static void on_multi_closed(void *ctx)
{
	struct upstream *u = ctx;
	void (*closed)(void *ctx) = u->closed;
	void *closed_ctx = u->closed_ctx;

	settings_unref(u->settings);
	idmap_fini(&u->transfers);
	fair_fini(&u->slots);
	buf_fini(&u->scratch);
	mem_free(u);
	if (closed)
		closed(closed_ctx);
}

void upstream_released(struct upstream *u)
{
	if (!--u->handles)
		multi_close(&u->multi, on_multi_closed);
}

static void on_handle_closed(uv_handle_t *handle)
{
	upstream_released(handle->data);
}

static void on_closing(uv_idle_t *idle)
{
	struct upstream *u = idle->data;

	list_foreach_safe (it, &u->all) {
		struct transfer *t = list_entry(it, struct transfer, all);

		if (t->told)
			transfer_close(t);
		else
			transfer_cancel(t);
	}
	work(u);
	if (!list_empty(&u->todo))
		return;
	uv_close((uv_handle_t *)&u->idle, on_handle_closed);
	uv_close((uv_handle_t *)&u->rest, on_handle_closed);
}

void upstream_close(struct upstream *u, void (*closed)(void *ctx), void *ctx)
{
	assert(!u->closing);
	u->closing = true;
	u->closed = closed;
	u->closed_ctx = ctx;
	/* From the loop, as all ends are told from there. */
	uv_idle_stop(&u->idle);
	uv_idle_start(&u->idle, on_closing);
}

/* ---- transfers ---- */

uint64_t upstream_chat(struct upstream *u, const struct chat_request *req,
	const struct upstream_events *ev, void *ctx)
{
	return stream_start(u, req, ev, ctx);
}

uint64_t upstream_upload(struct upstream *u, uint64_t owner, const char *name, int64_t size,
	const struct upload_events *ev, void *ctx)
{
	return upload_start(u, owner, name, size, ev, ctx);
}

uint64_t upstream_embed(struct upstream *u, const struct upstream_text *texts, size_t n,
	void (*done)(void *ctx, const struct upstream_end *end, const float *v, size_t dimension), void *ctx)
{
	return embed_start(u, texts, n, done, ctx);
}

uint64_t upstream_models(struct upstream *u,
	void (*done)(void *ctx, const struct upstream_end *end, const struct upstream_model *rows,
		size_t n),
	void *ctx)
{
	return models_start(u, done, ctx);
}

void upstream_cancel(struct upstream *u, uint64_t id)
{
	struct transfer *t = idmap_get(&u->transfers, id);

	if (t)
		transfer_cancel(t);
}

static struct transfer *find_upload(struct upstream *u, uint64_t id)
{
	struct transfer *t = idmap_get(&u->transfers, id);

	return t && upload_is(t) ? t : NULL;
}

bool upstream_upload_feed(struct upstream *u, uint64_t id, const void *p, size_t n)
{
	struct transfer *t = find_upload(u, id);

	return t && upload_feed(t, p, n);
}

void upstream_upload_finish(struct upstream *u, uint64_t id)
{
	struct transfer *t = find_upload(u, id);

	if (t)
		upload_finish(t);
}

char *upstream_describe(struct upstream *u, const struct chat_request *req)
{
	return request_describe(u->settings, req);
}

void upstream_figures(const struct upstream *u, struct upstream_figures *out)
{
	*out = u->figures;
	out->active = (unsigned)u->slots.held;
	out->waiting = 0;
	list_foreach (it, &u->waiting)
		out->waiting++;
}

const char *upstream_url(const struct upstream *u)
{
	return u->settings->url;
}
