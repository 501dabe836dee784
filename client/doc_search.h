/* Searching the library from the command line: `search --docs` and `docs search`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/option.h"
#include "client/term.h"

struct client;
struct format;
struct opts;

struct doc_search {
	const char *collection; /* or NULL: all */
	const char *thread;     /* its last turn weighs in; or NULL */
	struct option_list documents; /* to keep to; none: all */
	int64_t limit;
	bool whole; /* a line for each document, in the order of whole documents */
	const struct format *format; /* wanted, or NULL */
	bool json, jsonl;
	enum color_when color;
};

#define DOC_SEARCH_LIMIT 10
/* For --by. 0, or said: o->status. */
int doc_search_by(struct doc_search *s, struct opts *o);
/* The words are the text, "-" alone stands for stdin. A status. */
int doc_search_run(const struct doc_search *s, struct client *c, char *const *words, size_t n);
