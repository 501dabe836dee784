/*
 * What went wrong at the backend, in words: a cause and, where one is known, a remedy. Reads the
 * error shapes of the field (OpenAI, FastAPI, llama.cpp, vLLM, Gemini, gateways); never passes on
 * HTML or control characters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/upstream/upstream.h"

#define ERRORS_TEXT_MAX 4096    /* bytes of a whole text */
#define ERRORS_MESSAGE_MAX 2000 /* bytes of the backend's own words in it */

/* The backend's own account of an error. */
struct trouble {
	enum upstream_result result; /* by code and type; UPSTREAM_E_ERROR when these say nothing */
	long code;                   /* 0: none */
	char *message;               /* one clean line, or NULL */
	bool context;                /* the question is too long for the model */
	bool model;                  /* no such model */
};
void trouble_fini(struct trouble *t);
/* Reads one JSON value of any error shape, or a whole body (JSON, SSE around JSON, plain text,
 * HTML). */
void trouble_read_json(struct trouble *t, const char *json, size_t n);
void trouble_read_body(struct trouble *t, const char *body, size_t n);
enum upstream_result errors_result_of(long code); /* of a status or an error's code */
/* An error within the stream: the message and what to do. malloc'd. */
char *trouble_text(const struct trouble *t);

/* One line: invalid UTF-8 and NUL as U+FFFD, white space and controls as single spaces, cut at max
 * bytes. malloc'd. */
char *errors_line(const char *s, size_t n, size_t max);

struct errors_place {     /* what was asked */
	const char *url;  /* of the request, as the user may see it */
	const char *what; /* "chat", "upload", "models", "embeddings" */
	bool has_key;
	const char *location; /* of a redirect, or NULL */
};
/* A reply with a status that is no success. malloc'd; *result says the class. */
char *errors_http(long status, const char *body, size_t n, const struct errors_place *place,
	enum upstream_result *result);
