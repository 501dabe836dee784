/*
 * Vectors where the user has a server for them: passages are embedded in the background, a batch at
 * a time, and a question within a short deadline. Whatever that server does, documents are taken in
 * and found by their words as without it. On the loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/library/library.h"

struct store;
struct vectors;

struct vectors_config { /* copied */
	const char *url;        /* base address, with or without /v1 or /v1/embeddings */
	const char *key, *model;
	const char *ca_file, *proxy;
	uint64_t question_ms;   /* a question waits so long for its vector */
	uint64_t connect_ms, batch_ms;
	uint64_t retry_base_ms, retry_max_ms; /* between batches, while the server fails */
};
struct vectors_figures {
	const char *url, *model;
	int64_t have, of;       /* passages that have theirs, as far as they were looked at; of so many */
	int64_t passed;         /* that the server does not take */
	bool working;
	uint64_t failures;
	const char *error;      /* of the last try, or NULL */
};

int vectors_new(struct vectors **out, uv_loop_t *loop, const struct vectors_config *config, char **why);
void vectors_start(struct vectors *v, struct store *store, struct library *library); /* the library asks it from then on */
void vectors_kick(struct vectors *v); /* documents came or went */
void vectors_close(struct vectors *v, void (*closed)(void *ctx), void *ctx); /* closed: from the loop */
void *vectors_free(struct vectors *v); /* after store_close */
void vectors_figures(const struct vectors *v, const char *account, struct vectors_figures *out); /* account NULL: of all */
