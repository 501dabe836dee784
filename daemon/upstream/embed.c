/*
 * Texts to vectors: POST /v1/embeddings as OpenAI has it, {"data": [{"index", "embedding": [...]}]}. Some servers send
 * each vector as base64 of 32-bit floats, whatever they are asked for.
 */
#include "daemon/upstream/kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"

#define REPLY_MAX (32u << 20)

struct embed {
	struct transfer transfer;
	void (*done)(void *ctx, const struct upstream_end *end, const float *v, size_t dimension);
	void *ctx;
	struct buf request, reply;
	size_t n, dimension;
	float *v;
	bool *have;
	const char *wrong; /* with the reply, or NULL */
};

static struct embed *of(struct transfer *t)
{
	return container_of(t, struct embed, transfer);
}

static bool embed_setup(struct transfer *t, CURL *easy)
{
	struct embed *e = of(t);

	buf_reset(&e->reply);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)e->request.len);
	return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_cstr(&e->request)) == CURLE_OK;
}

static void embed_body(struct transfer *t, const char *p, size_t n)
{
	struct embed *e = of(t);

	(void)buf_add(&e->reply, p, min_of(n, REPLY_MAX - e->reply.len));
}

/* The numbers of one vector, counted first: they may be of any number up to the bound. */
static size_t count_numbers(const struct json_slice *raw)
{
	size_t n = 0;
	double x;
	struct json j;

	json_init(&j, raw->p, raw->n, 4);
	if (!json_array(&j))
		return 0;
	while (json_item(&j)) {
		if (!json_number(&j, &x) || !isfinite(x) || fabs(x) > 1e30)
			return 0;
		n++;
	}
	return j.failed || n > EMBED_DIMENSION_MAX ? 0 : n;
}

static int digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* *out grows by what the string says: bytes. false: it is no base64. */
static bool read_base64(const struct json_slice *s, struct buf *out)
{
	uint32_t bits = 0;
	size_t n = s->n;
	int have = 0;

	while (n && s->p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int digit;

		if (s->escaped && s->p[i] == '\\') /* "\/" */
			continue;
		digit = digit_of(s->p[i]);
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			(void)buf_add_byte(out, (uint8_t)(bits >> have));
		}
	}
	return !out->failed;
}

/* The numbers as text, so that there is one way for them: a vector that comes as base64 is rare. */
static bool spell(const struct json_slice *raw, struct buf *out)
{
	struct json_slice s = { 0 };
	struct buf bytes = { .max = 4 * EMBED_DIMENSION_MAX };
	struct json_out w;
	struct json j;
	bool ok;

	json_init(&j, raw->p, raw->n, 1);
	ok = json_string(&j, &s) && read_base64(&s, &bytes) && bytes.len % 4 == 0;
	json_out_init(&w, out);
	json_out_array(&w);
	for (size_t i = 0; ok && i < bytes.len; i += 4) {
		const uint8_t *b = bytes.data + i;
		uint32_t u = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
		float x;

		memcpy(&x, &u, sizeof(x));
		ok = isfinite(x);
		json_out_double(&w, ok ? (double)x : 0);
	}
	json_out_array_end(&w);
	buf_fini(&bytes);
	return ok;
}

static void read_vector(struct embed *e, const struct json_slice *raw, size_t index)
{
	size_t n = count_numbers(raw);
	struct json j;
	double x = 0;

	if (!n || (e->dimension && n != e->dimension)) {
		e->wrong = n ? "vectors of several lengths" : "something else than numbers";
		return;
	}
	if (index >= e->n || e->have[index]) {
		e->wrong = "more vectors than were asked for";
		return;
	}
	if (!e->v)
		e->v = mem_new(n * e->n * sizeof(*e->v));
	e->dimension = n;
	e->have[index] = true;
	json_init(&j, raw->p, raw->n, 4);
	if (json_array(&j))
		for (size_t i = 0; json_item(&j) && json_number(&j, &x); i++)
			e->v[index * n + i] = (float)x;
}

static void read_row(struct embed *e, struct json *j, size_t at)
{
	struct json_slice key, raw = { 0 };
	int64_t index = (int64_t)at;

	if (!json_object(j)) {
		json_skip(j);
		e->wrong = "something else than vectors";
		return;
	}
	while (json_key(j, &key)) {
		if (json_slice_is(&key, "index"))
			json_integer(j, &index);
		else if (json_slice_is(&key, "embedding"))
			json_raw(j, &raw);
	}
	if (j->failed)
		return;
	if (raw.n && *raw.p == '"') {
		struct buf text = { 0 };
		bool ok = spell(&raw, &text);

		raw = (struct json_slice){ ok ? (const char *)text.data : "[]", ok ? text.len : 2, false };
		read_vector(e, &raw, index < 0 ? SIZE_MAX : (size_t)index);
		buf_fini(&text);
		return;
	}
	read_vector(e, &raw, index < 0 ? SIZE_MAX : (size_t)index);
}

static void read_reply(struct embed *e)
{
	struct json_slice key, list = { 0 };
	struct json j;
	size_t at = 0;

	json_init(&j, buf_cstr(&e->reply), e->reply.len, 64);
	if (json_object(&j))
		while (json_key(&j, &key))
			if (json_slice_is(&key, "data"))
				json_raw(&j, &list);
	if (json_end(&j) < 0 || !list.p) {
		e->wrong = "something else than vectors";
		return;
	}
	json_init(&j, list.p, list.n, 64);
	if (json_array(&j))
		while (!e->wrong && json_item(&j))
			read_row(e, &j, at++);
	for (size_t i = 0; !e->wrong && i < e->n; i++)
		if (!e->have[i])
			e->wrong = "fewer vectors than were asked for";
}

static enum upstream_result embed_verdict(struct transfer *t, char **text)
{
	struct embed *e = of(t);

	if (t->complete && t->code == CURLE_OK)
		read_reply(e);
	else
		e->wrong = "half a reply";
	if (!e->wrong)
		return UPSTREAM_OK;
	*text = mem_printf("the embeddings server sent %s; is its address and model right?", e->wrong);
	return UPSTREAM_E_PROTOCOL;
}

static void embed_tell(struct transfer *t, struct upstream_end *end)
{
	struct embed *e = of(t);
	bool ok = end->result == UPSTREAM_OK;

	e->done(e->ctx, end, ok ? e->v : NULL, ok ? e->dimension : 0);
}

static void embed_free(struct transfer *t)
{
	struct embed *e = of(t);

	buf_fini(&e->request);
	buf_fini(&e->reply);
	mem_free(e->v);
	mem_free(e->have);
	free(e);
}

static const struct transfer_kind embed_kind = {
	.what = "embeddings",
	.path = "/v1/embeddings",
	.slow = "the embeddings server took longer than",
	.request = REQUEST_EMBED,
	.retries = true,
	.setup = embed_setup,
	.body = embed_body,
	.verdict = embed_verdict,
	.tell = embed_tell,
	.free = embed_free,
};

static void write_request(struct embed *e, const char *model, const struct upstream_text *texts)
{
	struct json_out w;

	json_out_init(&w, &e->request);
	json_out_object(&w);
	json_out_key(&w, "model");
	json_out_str(&w, model && *model ? model : "default");
	json_out_key(&w, "encoding_format");
	json_out_str(&w, "float");
	json_out_key(&w, "input");
	json_out_array(&w);
	for (size_t i = 0; i < e->n; i++)
		json_out_string(&w, texts[i].p, texts[i].n);
	json_out_array_end(&w);
	json_out_object_end(&w);
}

uint64_t embed_start(struct upstream *u, const struct upstream_text *texts, size_t n,
	void (*done)(void *ctx, const struct upstream_end *end, const float *v, size_t dimension), void *ctx)
{
	struct embed *e = mem_new(sizeof(*e));

	e->done = done;
	e->ctx = ctx;
	e->n = n;
	e->have = mem_new((n + 1) * sizeof(*e->have));
	write_request(e, u->settings->config.model, texts);
	return transfer_start(u, &e->transfer, &embed_kind);
}
