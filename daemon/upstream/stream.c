/* One question and its streamed answer. */
#include "daemon/upstream/kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/upstream/body.h"

struct stream {
	struct transfer transfer;
	const struct upstream_events *ev;
	void *ctx;
	struct buf request;
	struct body body;
};

static struct stream *of(struct transfer *t)
{
	return container_of(t, struct stream, transfer);
}

static bool stream_setup(struct transfer *t, CURL *easy)
{
	struct stream *s = of(t);

	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->request.len);
	return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_cstr(&s->request)) == CURLE_OK;
}

/* The answer has begun, so the question will not be sent again: of thousands that is much memory.
 */
static void drop_request(struct stream *s)
{
	curl_off_t sent = 0;

	/* A server may answer before it has read all of it. */
	curl_easy_getinfo(s->transfer.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (sent == (curl_off_t)s->request.len)
		buf_fini(&s->request);
}

static void stream_body(struct transfer *t, const char *p, size_t n)
{
	struct stream *s = of(t);
	struct dialect *d = &s->body.dialect;

	if (s->request.len)
		drop_request(s);
	/* Whatever is told meanwhile may cancel: then nothing more is. */
	if (body_feed(&s->body, p, n) != 0) {
		t->reusable = d->done;
		transfer_over(t);
		return;
	}
	/* Text after a finish_reason: not finished after all, the wait for the end mark begins
	 * again. */
	if (d->finished && (!t->grace || d->progress))
		transfer_grace(t);
	d->progress = false;
}

static enum upstream_result stream_verdict(struct transfer *t, char **text)
{
	struct stream *s = of(t);

	body_end(&s->body);
	return body_verdict(&s->body, text);
}

static void stream_status(struct transfer *t, size_t before)
{
	struct stream *s = of(t);
	char *text =
		mem_printf("waiting for a connection to the backend (%zu before this)", before);

	if (s->ev->on_status)
		s->ev->on_status(s->ctx, text, strlen(text));
	free(text);
}

static void stream_retry(struct transfer *t, const char *text)
{
	struct stream *s = of(t);

	if (s->ev->on_notice)
		s->ev->on_notice(s->ctx, "retry", text);
}

static void stream_tell(struct transfer *t, struct upstream_end *end)
{
	struct stream *s = of(t);

	end->finish_reason = s->body.dialect.finish_reason;
	end->model = s->body.dialect.model;
	s->ev->on_end(s->ctx, end);
	/* Reading on for the connection's sake needs none of this. */
	body_fini(&s->body);
	s->body = (struct body){ 0 };
}

static void stream_free(struct transfer *t)
{
	struct stream *s = of(t);

	body_fini(&s->body);
	buf_fini(&s->request);
	free(s);
}

static const struct transfer_kind stream_kind = {
	.what = "chat",
	.path = "/v1/chat/completions",
	.request = REQUEST_CHAT,
	.retries = true,
	.setup = stream_setup,
	.body = stream_body,
	.verdict = stream_verdict,
	.waiting = stream_status,
	.retry = stream_retry,
	.tell = stream_tell,
	.free = stream_free,
};

uint64_t stream_start(struct upstream *u, const struct chat_request *req,
	const struct upstream_events *ev, void *ctx)
{
	const struct upstream_config *c = &u->settings->config;
	struct stream *s = mem_new(sizeof(*s));
	uint64_t id;
	int r;

	s->ev = ev;
	s->ctx = ctx;
	s->transfer.owner = req->owner;
	body_init(&s->body,
		&(struct dialect_options){
			.max_answer = c->max_answer,
			.inline_think = c->inline_think,
			.raw_text = c->raw_text,
		},
		c->max_event, ev, ctx, &u->scratch);
	r = request_body(u->settings, req, &s->request);
	id = transfer_start(u, &s->transfer, &stream_kind);
	if (r == -EINVAL)
		transfer_fail(&s->transfer, UPSTREAM_E_ERROR,
			mem_dup("the sampling options are not of the form name=value, or not a "
				"JSON object"));
	else if (r < 0)
		transfer_fail(
			&s->transfer, UPSTREAM_E_ERROR, mem_dup("out of memory for the request"));
	return id;
}
