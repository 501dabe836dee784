/* Inside a retrieval: what the job gathers on the store's thread, for the callback on the loop's.
 */
#pragma once

#include "common/buf.h"
#include "daemon/library/library.h"
#include "daemon/library/query.h"
#include "daemon/library/quote.h"
#include "daemon/library/span.h"

#define RETRIEVE_PIECES (QUOTES_MAX + 3)

struct retrieve {
	struct job job;
	/* the request, copied */
	struct account account;
	char *question, *previous_question, *previous_answer, *collection;
	size_t question_len, previous_question_len, previous_answer_len;
	char **documents;
	size_t ndocuments;
	size_t budget, limit;
	bool answer, passages;
	bool whole; /* with `limit` alone */
	void (*done)(uint64_t owner, void *ctx, const struct retrieval *r);
	uint64_t owner;
	void *ctx;
	/* the result; made anew by each run */
	struct query *query;
	struct db_search search;
	struct spans spans;
	struct quote quotes[QUOTES_MAX];
	size_t nquotes;
	size_t shown; /* spans that become sources: fewer with an answer, for people read them */
	enum found_band band;
	double coverage;
	bool cut, all, begun;
	char *matched;
	char *instead; /* which words were asked for as others, in words; or NULL */
	/* the question's vector, made before the job; NULL: none */
	struct library *library;
	float *vector;
	size_t dimension;
	char *vectors_missing;
	struct source_list sources, read; /* read: all passages, where they are wanted */
	struct buf prompt;
	char *pieces[RETRIEVE_PIECES];
	size_t npieces;
};

/* fuse.c: the order by words and the order by vectors become one. 0, -errno. */
int fuse_run(struct retrieve *r, struct db *db);

/* present.c: spans and quotes as sources, as a prompt, as an answer. All 0 or -ENOMEM. */
int present_hits(struct retrieve *r); /* of a plain search: a source each */
int present_sources(struct retrieve *r);
int present_passages(struct retrieve *r);
int present_instead(struct retrieve *r);
int present_prompt(struct retrieve *r);
int present_answer(struct retrieve *r);
