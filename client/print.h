/*
 * An answer on its way to the reader, in the view's mode: text through the filter and the wrapper,
 * one JSON object at the end, or a line of JSON for each event.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/answer.h"
#include "client/filter.h"
#include "client/hold.h"
#include "client/markdown.h"
#include "client/out.h"
#include "client/term.h"
#include "client/view.h"
#include "client/wrap.h"
#include "common/buf.h"

struct link;

struct print {
	const struct view *view;
	bool verbose;
	struct out out;
	struct filter filter;
	struct hold hold; /* of markers, on a terminal */
	struct wrap wrap;
	struct markdown *markdown; /* on a terminal; NULL: the text as it is */
	struct progress progress;
	bool nothing; /* --extract found no code block */
	char last;    /* the last byte printed, 0: none yet */
	bool blank;   /* the last line printed is an empty one */
	bool table;   /* one is held, and that is said */
	bool sources; /* the list of sources follows the text */
	struct buf later; /* lines for stderr that wait until the text's last line has ended */
};

/* 0, or a status and said. */
int print_open(struct print *p, const struct view *v, bool verbose);
void print_accepted(struct print *p, struct val reply);
/* One notification and what answer_take made of it. */
void print_news(struct print *p, struct answer *a, enum answer_news news, struct val note,
	const char *s, size_t n);
/*
 * The end of the text, sources, the JSON object; `turn` is the stored turn's map when it could be
 * had.
 */
void print_end(struct print *p, struct answer *a, struct val turn);
/* After the output is written: what waited for that, the dim line, the usage. */
void print_summary(struct print *p, const struct answer *a);
/* A refusal before there was a turn. */
void print_refused(struct print *p, int code, const char *name, const char *message);
void print_fini(struct print *p);
