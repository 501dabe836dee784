/* What may come next on a command line of ragchat, for the completions of the shells. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct client;

struct candidate {
	char *value, *about; /* about: filtered, or NULL */
};
struct candidates {
	struct candidate *v;
	size_t n, cap;
	bool files;   /* the shell knows files better */
	bool nospace; /* what is there is not complete: "--model=" */
};

/* words[0] is the program, the last one is being typed: all candidates begin with it. Starts no daemon, takes no longer than it may. */
void complete(struct client *c, char *const *words, size_t n, struct candidates *out);
void candidates_fini(struct candidates *c);

/* For complete.c and complete_ask.c. Copies; dropped when it does not begin with what was typed, or cannot be typed. */
void candidate_add(struct candidates *c, const char *typed, const char *value, const char *about, size_t nabout);
enum complete_kind { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_REF, COMPLETE_THREAD, COMPLETE_MODEL, COMPLETE_DOCUMENT, COMPLETE_COLLECTION,
	COMPLETE_VERB, COMPLETE_OPTION_NAME };
void complete_ask(struct client *c, enum complete_kind kind, const char *typed, struct candidates *out); /* complete_ask.c: of the daemon */
