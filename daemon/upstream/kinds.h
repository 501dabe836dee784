/* The kinds of transfers, as upstream.c starts them. */
#pragma once

#include "daemon/upstream/transfer.h"

uint64_t stream_start(struct upstream *u, const struct chat_request *req,
	const struct upstream_events *ev, void *ctx);
uint64_t upload_start(struct upstream *u, uint64_t owner, const char *name, int64_t size,
	const struct upload_events *ev, void *ctx);
bool upload_feed(struct transfer *t, const void *p, size_t n);
void upload_finish(struct transfer *t);
bool upload_is(const struct transfer *t);
/* A name that a backend may be given: the last part of a path, clean, never empty. malloc'd. */
char *upload_name(const char *name);
uint64_t embed_start(struct upstream *u, const struct upstream_text *texts, size_t n,
	void (*done)(void *ctx, const struct upstream_end *end, const float *v, size_t dimension), void *ctx);
uint64_t models_start(struct upstream *u,
	void (*done)(void *ctx, const struct upstream_end *end, const struct upstream_model *rows,
		size_t n),
	void *ctx);
