/*
 * A backend's whole reply: any bytes, whole and in pieces, must give the same answer; all text must
 * be clean UTF-8; nothing may be told after the bound of the answer, and an error is never silent.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/utf8.h"
#include "daemon/upstream/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_ANSWER 2000
#define MAX_EVENT 4096

struct rec {
	struct buf text, reasoning, other;
	struct dialect_options o;
};

static void clean(const char *s, size_t n)
{
	if (!n || !utf8_valid_no_nul(s, n))
		abort();
}

static void on_delta(void *ctx, const char *s, size_t n)
{
	clean(s, n);
	buf_add(&((struct rec *)ctx)->text, s, n);
}

static void on_reasoning(void *ctx, const char *s, size_t n)
{
	clean(s, n);
	buf_add(&((struct rec *)ctx)->reasoning, s, n);
}

static void on_status(void *ctx, const char *s, size_t n)
{
	clean(s, n);
	if (((struct rec *)ctx)->o.raw_text)
		abort();
	buf_addf(&((struct rec *)ctx)->other, "status %.*s;", (int)n, s);
}

static void on_notice(void *ctx, const char *name, const char *text)
{
	if (!utf8_valid(text, strlen(text)) || strchr(text, '\n'))
		abort();
	buf_addf(&((struct rec *)ctx)->other, "notice %s %s;", name, text);
}

static void on_source(void *ctx, const struct source *s)
{
	const char *texts[] = { s->url, s->path, s->title, s->quote };

	if (s->n < 1 || s->page == 0 || s->line == 0)
		abort();
	for (size_t i = 0; i < 4; i++) {
		if (texts[i])
			clean(texts[i], strlen(texts[i]));
		buf_addf(&((struct rec *)ctx)->other, "%s,", texts[i] ? texts[i] : "-");
	}
	buf_addf(&((struct rec *)ctx)->other, "source %d %d;", s->n, s->page);
}

static void on_usage(void *ctx, const char *json, size_t n)
{
	struct json j;

	clean(json, n);
	json_init(&j, json, n, 512);
	if (json_peek(&j) != JSON_OBJECT || !json_skip(&j) || json_end(&j) != 0)
		abort();
	buf_add(&((struct rec *)ctx)->other, json, n);
}

static void on_metadata(void *ctx, const char *json, size_t n)
{
	struct json j;

	clean(json, n);
	json_init(&j, json, n, 512);
	if (json_peek(&j) != JSON_OBJECT || !json_skip(&j) || json_end(&j) != 0)
		abort();
	buf_add(&((struct rec *)ctx)->other, json, n);
}

static const struct upstream_events events = { on_delta, on_reasoning, on_status, on_notice,
	on_source, on_usage, on_metadata, NULL };

static void reply_read(const char *s, size_t n, const uint8_t *steps, size_t nsteps, struct rec *r)
{
	struct buf scratch = { 0 };
	struct body b;
	size_t at = 0, i = 0;
	enum upstream_result result;
	char *why = NULL;
	int stop = 0;

	body_init(&b, &r->o, MAX_EVENT, &events, r, &scratch);
	while (at < n && !stop) {
		size_t k = nsteps ? 1 + steps[i++ % nsteps] % 64 : n;

		k = k < n - at ? k : n - at;
		stop = body_feed(&b, s + at, k);
		at += k;
	}
	body_end(&b);
	result = body_verdict(&b, &why);
	if ((result == UPSTREAM_OK) != !why ||
		(why && (!*why || strlen(why) > 4096 || !utf8_valid(why, strlen(why)))))
		abort();
	if (r->text.len + r->reasoning.len > MAX_ANSWER)
		abort();
	buf_addf(&r->other, "end %d %s %s %s", result, why ? why : "-",
		b.dialect.finish_reason ? b.dialect.finish_reason : "-",
		b.dialect.model ? b.dialect.model : "-");
	free(why);
	body_fini(&b);
	buf_fini(&scratch);
}

static void same(struct buf *a, struct buf *b)
{
	if (a->len != b->len || (a->len && memcmp(a->data, b->data, a->len)))
		abort();
	buf_fini(a);
	buf_fini(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rec whole = { 0 }, cut = { 0 };
	size_t nsteps = size ? data[0] % 8 : 0;
	const char *s;

	if (size < 1 + nsteps)
		return 0;
	whole.o = (struct dialect_options){
		.max_answer = MAX_ANSWER, .inline_think = data[0] & 0x40, .raw_text = data[0] & 0x80
	};
	cut.o = whole.o;
	s = (const char *)data + 1 + nsteps;
	reply_read(s, size - 1 - nsteps, NULL, 0, &whole);
	reply_read(s, size - 1 - nsteps, data + 1, nsteps, &cut);
	same(&whole.text, &cut.text);
	same(&whole.reasoning, &cut.reasoning);
	same(&whole.other, &cut.other);
	return 0;
}
