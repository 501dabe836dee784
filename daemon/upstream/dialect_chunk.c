/* What one chunk says, applied: errors before all, then its choices, then what is beside them. */
#include "daemon/upstream/dialect_in.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/citations.h"
#include "daemon/upstream/errors.h"

#define MODEL_MAX_BYTES 128
#define USAGE_MAX 16384

/* What the error itself does not say, the object around it may: {"error": true, "message": "..."}.
 */
static int take_error(struct dialect *d, const struct json_slice *raw, const char *around, size_t n)
{
	struct trouble t;
	int r;

	trouble_read_json(&t, raw->p, raw->n);
	if (!t.message) {
		trouble_fini(&t);
		trouble_read_json(&t, around, n);
	}
	r = dialect_fail(d, t.result, trouble_text(&t));
	trouble_fini(&t);
	return r;
}

/* A top-level message: an object is Ollama's own chunk, a string an error of some gateway. */
static int take_top_message(
	struct dialect *d, const struct json_slice *raw, const char *data, size_t n)
{
	struct json_slice all = { .p = data, .n = n };
	struct completion_choice c = { 0 };
	struct json j;

	if (*raw->p != '{')
		return take_error(d, &all, data, n);
	json_init(&j, raw->p, raw->n, COMPLETION_DEPTH);
	if (completion_read_message(&j, &c))
		dialect_message(d, &c);
	d->chunks++;
	return 0;
}

static void take_usage(struct dialect *d, const struct json_slice *raw)
{
	if (raw->n > USAGE_MAX || *raw->p != '{' || !utf8_valid_no_nul(raw->p, raw->n))
		return;
	mem_free(d->usage);
	d->usage = mem_ndup(raw->p, raw->n);
}

static void take_top(struct dialect *d, const struct completion *c)
{
	if (c->model.n && !d->model) {
		struct buf text = { .max = 65536 };

		if (json_unescape(&c->model, &text, NULL) == 0)
			d->model = errors_line(buf_cstr(&text), text.len, MODEL_MAX_BYTES);
		buf_fini(&text);
	}
	if (c->usage.p)
		take_usage(d, &c->usage);
	if (c->citations.p)
		citations_list(&d->sources, &c->citations);
	if (c->results.p)
		citations_list(&d->sources, &c->results);
	if (c->sources.p)
		citations_list(&d->sources, &c->sources);
	if (c->extra.p)
		citations_any(&d->sources, &c->extra);
	if (c->event.p)
		citations_event(&d->sources, &c->event);
}

/* The choice that is the answer is known: what was kept of it counts now. */
void dialect_settle_index(struct dialect *d, int64_t index)
{
	struct buf early = d->early;
	size_t at = 0;

	d->index = index;
	d->early = (struct buf){ 0 };
	d->replay = true;
	while (index != 0 && at < early.len) {
		uint32_t n;

		memcpy(&n, early.data + at, sizeof(n));
		(void)dialect_value(d, (const char *)early.data + at + sizeof(n), n);
		at += sizeof(n) + n;
	}
	d->replay = false;
	buf_fini(&early);
}

/*
 * A choice with another index than 0 came first. With n > 1 index 0 is about to come; some gateways
 * number their only choice 1. So a few such events are kept until that is clear.
 */
static void wait_for_index(
	struct dialect *d, const struct completion *c, const char *data, size_t n)
{
	uint32_t len = (uint32_t)n;

	if (n > DIALECT_EARLY_BYTES || buf_add(&d->early, &len, sizeof(len)) < 0 ||
		buf_add(&d->early, data, n) < 0) {
		dialect_no_memory(d);
		return;
	}
	if (!d->early_events++ || c->choice.index < d->early_index)
		d->early_index = c->choice.index;
	if (d->early_events >= DIALECT_EARLY_EVENTS || d->early.len >= DIALECT_EARLY_BYTES ||
		c->choice.finish.p)
		dialect_settle_index(d, d->early_index);
}

static void take_choices(struct dialect *d, const struct completion *c, const char *data, size_t n)
{
	if (d->index == COMPLETION_ANY_INDEX && c->has_choice && c->choice.index != 0) {
		wait_for_index(d, c, data, n);
		return;
	}
	if (d->index == COMPLETION_ANY_INDEX && c->has_choice)
		dialect_settle_index(d, 0);
	if (c->has_choice)
		dialect_choice(d, &c->choice);
}

int dialect_chunk(struct dialect *d, struct completion *c, const char *data, size_t n)
{
	if (d->replay) {
		if (c->has_choice)
			dialect_choice(d, &c->choice);
		return 0;
	}
	if (c->error.p)
		c->choice.finish =
			(struct json_slice){ 0 }; /* "error" there says less than the error */
	take_top(d, c);
	if (c->has_choices)
		take_choices(d, c, data, n);
	else if (c->message.p && !c->error.p && !c->text.p)
		take_top_message(d, &c->message, data, n);
	else if (c->text.p)
		dialect_content(d, &c->text);
	if (c->error.p)
		return take_error(d, &c->error, data, n);
	if (c->detail.p && !c->has_choices && !c->text.p)
		return take_error(d, &c->detail, data, n);
	d->chunks += c->has_choices || c->text.p;
	if (c->done && !c->has_choices)
		dialect_finish(d, "stop");
	return d->result == UPSTREAM_OK ? 0 : DIALECT_STOP;
}
