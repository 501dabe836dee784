/* Searching what was said, from the command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/term.h"

struct client;
struct format;

struct said_search {
	const char *thread, *tag; /* or NULL */
	const char *before;       /* where an earlier search broke off, or NULL */
	int64_t since_us, until_us; /* 0: no bound */
	int64_t limit;
	const struct format *format; /* wanted, or NULL */
	bool rank, json, jsonl;
	enum color_when color;
};

#define SAID_SEARCH_LIMIT 20
/* A status. */
int said_search_run(const struct said_search *s, struct client *c, char *const *words, size_t n);
