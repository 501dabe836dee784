/* The backend's list of models: OpenAI's {"data": [{"id"}]}, Ollama's {"models": [{"name"}]}, or a
 * bare list. */
#include "daemon/upstream/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "daemon/upstream/errors.h"

#define REPLY_MAX (4u << 20)
#define ROWS_MAX 10000
#define NAME_MAX_BYTES 512

struct models {
	struct transfer transfer;
	void (*done)(void *ctx, const struct upstream_end *end, const struct upstream_model *rows,
		size_t n);
	void *ctx;
	struct buf reply;
	struct upstream_model *rows;
	size_t n, cap;
};

static struct models *of(struct transfer *t)
{
	return container_of(t, struct models, transfer);
}

static bool models_setup(struct transfer *t, CURL *easy)
{
	(void)t;
	return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
}

static void models_body(struct transfer *t, const char *p, size_t n)
{
	struct models *m = of(t);

	(void)buf_add(&m->reply, p, min_of(n, REPLY_MAX - m->reply.len));
}

static char *name_of(const struct json_slice *s)
{
	char *text = json_strdup(s, 4 * NAME_MAX_BYTES),
	     *line = text ? errors_line(text, strlen(text), NAME_MAX_BYTES) : NULL;

	free(text);
	return line;
}

static void row_read(struct models *m, struct json *j)
{
	struct json_slice key, s, id = { 0 }, owner = { 0 };

	if (json_string(j, &s)) {
		id = s;
	} else if (json_object(j)) {
		while (json_key(j, &key)) {
			if (json_slice_is(&key, "id") || (!id.p && json_slice_is(&key, "name")))
				json_string(j, &id);
			else if (json_slice_is(&key, "owned_by"))
				json_string(j, &owner);
		}
	}
	if (!id.n || m->n == ROWS_MAX)
		return;
	m->rows = mem_grow(m->rows, &m->cap, m->n, sizeof(*m->rows));
	m->rows[m->n++] = (struct upstream_model){
		.id = name_of(&id),
		.owned_by = owner.n ? name_of(&owner) : NULL,
	};
}

static void rows_read(struct models *m, struct json *j)
{
	if (!json_array(j))
		return;
	while (json_item(j))
		row_read(m, j);
}

/* false: there is no list in it. */
static bool reply_read(struct models *m)
{
	struct json_slice key, raw, list = { 0 };
	struct json j;

	json_init(&j, buf_cstr(&m->reply), m->reply.len, 64);
	if (json_peek(&j) == JSON_ARRAY) {
		rows_read(m, &j);
		return json_end(&j) == 0;
	}
	if (!json_object(&j))
		return false;
	while (json_key(&j, &key)) {
		bool data = json_slice_is(&key, "data");

		/* A server that speaks both dialects says the same twice. */
		if ((data || (!list.p && json_slice_is(&key, "models"))) && json_raw(&j, &raw) &&
			*raw.p == '[')
			list = raw;
	}
	if (json_end(&j) < 0 || !list.p)
		return false;
	json_init(&j, list.p, list.n, 64);
	rows_read(m, &j);
	return true;
}

static enum upstream_result models_verdict(struct transfer *t, char **text)
{
	struct models *m = of(t);

	if (t->complete && t->code == CURLE_OK && reply_read(m))
		return UPSTREAM_OK;
	*text = mem_dup("the backend's list of models cannot be read; is the address right?");
	return UPSTREAM_E_PROTOCOL;
}

static void models_tell(struct transfer *t, struct upstream_end *end)
{
	struct models *m = of(t);

	m->done(m->ctx, end, m->rows, end->result == UPSTREAM_OK ? m->n : 0);
}

static void models_free(struct transfer *t)
{
	struct models *m = of(t);

	for (size_t i = 0; i < m->n; i++) {
		free((char *)(uintptr_t)m->rows[i].id);
		free((char *)(uintptr_t)m->rows[i].owned_by);
	}
	free(m->rows);
	buf_fini(&m->reply);
	free(m);
}

static const struct transfer_kind models_kind = {
	.what = "models",
	.path = "/v1/models",
	.request = REQUEST_MODELS,
	.retries = true,
	.setup = models_setup,
	.body = models_body,
	.verdict = models_verdict,
	.tell = models_tell,
	.free = models_free,
};

uint64_t models_start(struct upstream *u,
	void (*done)(void *ctx, const struct upstream_end *end, const struct upstream_model *rows,
		size_t n),
	void *ctx)
{
	struct models *m = mem_new(sizeof(*m));

	m->done = done;
	m->ctx = ctx;
	return transfer_start(u, &m->transfer, &models_kind);
}
