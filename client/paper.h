/*
 * What stored turns are written on for people: Markdown, plain text, or a terminal, where each question
 * and each answer is drawn for itself: a fence that one left open does not swallow the next.
 */
#pragma once

#include "client/markdown.h"
#include "common/buf.h"
#include "proto/val.h"

struct client;
struct marks;

enum paper_format {
	PAPER_MD,
	PAPER_TXT,
	PAPER_JSON,      /* nothing here writes it */
	PAPER_SENT = 16, /* as MD, but no verdicts are drawn into the text */
	PAPER_DRAWN,     /* through the terminal's filter, by `look`: nothing may filter it again */
};

struct paper {
	enum paper_format format;
	struct markdown_look look; /* PAPER_DRAWN */
};

void paper_title(const struct paper *p, struct val map, struct buf *out);
/* Its question, answer, state and sources. 0, or a status and said. */
int paper_turn(const struct paper *p, const struct client *c, struct val turn, struct buf *out);
void paper_end(struct buf *out); /* of the last turn: one final newline */
/* An answer's text with its verdicts, as the format has it. */
void paper_text(const struct paper *p, const struct marks *marks, const char *s, size_t n, struct buf *out);
