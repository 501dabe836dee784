/*
 * The backend: an OpenAI-compatible server (or the RAGWire backend) over libcurl's multi interface
 * on the loop. Everything here runs on the loop thread; events come from the loop, never from
 * inside the call that started a transfer; on_end comes exactly once and is the last.
 *
 * What leaves here is clean: UTF-8 without NUL, cut at code points; status lines and a leading
 * metadata block already split off (split.h), reasoning apart, citations in one shape.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/types.h"

struct upstream;

struct upstream_config { /* all strings copied; NULL: not set */
	const char *url;          /* base, without a trailing "/" or "/v1"; http, https, or unix:/path/to.sock */
	const char *key;          /* bearer */
	const char *const *headers; /* "Name: value" */
	size_t nheaders;
	const char *const *options; /* sampling options of every request, "temperature=0.2"; a request's own win */
	size_t noptions;
	const char *model;        /* default model; NULL sends "default" */
	const char *ca_file, *proxy;
	const char *client_cert, *client_key; /* PEM files for TLS client authentication */
	bool http2;
	bool include_usage;       /* sends stream_options {include_usage:true} */
	bool inline_think;        /* <think>...</think> at the start of the content is reasoning */
	uint64_t connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms, total_timeout_ms; /* 0: none */
	uint64_t finish_grace_ms; /* wait this long for usage and [DONE] after a finish_reason (2000) */
	unsigned retries;         /* before the first byte of an answer (2) */
	uint64_t retry_base_ms, retry_max_ms; /* 500, 60000 */
	size_t max_event;         /* bytes of one SSE event (16 MiB) */
	size_t max_answer;        /* bytes of answer plus reasoning */
	unsigned max_connections; /* to the host at once, 0 none; more wait in our own queue, owners taking turns (common/fair.h) */
	bool raw_text;            /* keep status lines and the metadata block in the answer */
};

enum upstream_result {
	UPSTREAM_OK,
	UPSTREAM_E_ERROR,
	UPSTREAM_E_TIMEOUT,
	UPSTREAM_E_UNREACHABLE,
	UPSTREAM_E_REFUSED,
	UPSTREAM_E_BUSY,
	UPSTREAM_E_TRUNCATED,
	UPSTREAM_E_PROTOCOL,
	UPSTREAM_E_TOO_LARGE,
	UPSTREAM_E_CANCELLED,
};
enum turn_error upstream_turn_error(enum upstream_result r);

struct upstream_end {
	enum upstream_result result;
	const char *text;          /* for r != OK: cause and remedy, one line, clean, at most 4 KiB; "backend: " is not part of it */
	const char *finish_reason; /* as the backend said it, or NULL */
	const char *model;         /* as the backend said it, or NULL */
	long status;               /* HTTP, 0: none */
	int64_t retry_ms;          /* the backend asked to wait this long, or -1 */
};

struct upstream_events { /* views live during the call only; each may be NULL but on_end */
	void (*on_delta)(void *ctx, const char *text, size_t n);
	void (*on_reasoning)(void *ctx, const char *text, size_t n);
	void (*on_status)(void *ctx, const char *text, size_t n);   /* "Researcher working..." */
	void (*on_notice)(void *ctx, const char *name, const char *text); /* retry, tool_calls, refusal, suspected_error, unknown_finish, bad_event... */
	void (*on_source)(void *ctx, const struct source *s);       /* repeats are dropped before */
	void (*on_usage)(void *ctx, const char *json, size_t n);    /* the last one counts */
	void (*on_metadata)(void *ctx, const char *json, size_t n); /* the leading block that was held back */
	void (*on_end)(void *ctx, const struct upstream_end *end);
};

struct chat_message {
	const char *role; /* "system" "user" "assistant" */
	const char *text;
	size_t n;
};
struct chat_request {
	const struct chat_message *messages;
	size_t nmessages;
	const char *model;   /* NULL: the configured one */
	const char *options; /* JSON object of sampling options laid over the body, or NULL */
	uint64_t owner;      /* fair_key of whose it is: owners take turns for connections */
};

int upstream_new(struct upstream **out, uv_loop_t *loop, const struct upstream_config *config, char **why); /* -EINVAL: bad url; why malloc'd */
void upstream_close(struct upstream *u, void (*closed)(void *ctx), void *ctx); /* ends all with CANCELLED; closed comes last, from the loop */
int upstream_configure(struct upstream *u, const struct upstream_config *config, char **why); /* for transfers started from now on */

/* Ids are never 0. The request is copied. */
uint64_t upstream_chat(struct upstream *u, const struct chat_request *req, const struct upstream_events *ev, void *ctx);
void upstream_cancel(struct upstream *u, uint64_t id); /* on_end(CANCELLED) follows from the loop; unknown ids are ignored */

/* The request as it would go out, for --dry-run: {"method","url","headers":[..key masked..],"body":{..}}. malloc'd. */
char *upstream_describe(struct upstream *u, const struct chat_request *req);

/* POST {url}/upload, field `files`, streamed: feed pieces when wanted. name becomes a sanitised base name. size < 0: unknown. */
struct upload_events {
	void (*on_want)(void *ctx);  /* room for the next piece (about 256 KiB buffered at most) */
	void (*on_end)(void *ctx, const struct upstream_end *end, const char *message, const char *stats_json); /* NULL when absent */
};
uint64_t upstream_upload(struct upstream *u, uint64_t owner, const char *name, int64_t size, const struct upload_events *ev, void *ctx);
bool upstream_upload_feed(struct upstream *u, uint64_t id, const void *p, size_t n); /* copied; true: feed on, false: wait for on_want */
void upstream_upload_finish(struct upstream *u, uint64_t id); /* all pieces fed */
/* upstream_cancel works for uploads too. */

/* GET {url}/v1/models. rows live during the call. */
struct upstream_model {
	const char *id, *owned_by;
};
uint64_t upstream_models(struct upstream *u,
	void (*done)(void *ctx, const struct upstream_end *end, const struct upstream_model *rows, size_t n), void *ctx);

/* POST {url}/v1/embeddings with the configured model: n texts, n vectors of one dimension, one after the other. They live during the call. */
#define EMBED_DIMENSION_MAX 8192
struct upstream_text {
	const char *p;
	size_t n;
};
uint64_t upstream_embed(struct upstream *u, const struct upstream_text *texts, size_t n,
	void (*done)(void *ctx, const struct upstream_end *end, const float *v, size_t dimension), void *ctx);

struct upstream_figures {
	unsigned active, waiting;
	uint64_t requests, retries, failures, bytes_in;
};
void upstream_figures(const struct upstream *u, struct upstream_figures *out);
const char *upstream_url(const struct upstream *u);
