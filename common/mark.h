/*
 * How the markers of an answer hold: a verdict for each number of each [n]. The answer's text keeps
 * them as they were sent; whoever shows it to people draws the verdicts into it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Stored by name: never rename. */
enum mark_verdict {
	MARK_OK,
	MARK_WEAK,    /* the source says little of what the sentence says */
	MARK_UNKNOWN, /* no source has this number */
};
const char *mark_verdict_name(enum mark_verdict v); /* "ok", "weak", "unknown" */

struct mark {
	int n;
	size_t off, len; /* bytes of the text: the bracket, shared by all numbers in it */
	enum mark_verdict verdict;
	double support; /* 0..1; < 0: there is no such source */
};
struct marks {
	struct mark *v;
	size_t n, cap;
};
#define MARKS_MAX 4096 /* of one answer; what comes after them is not judged */

void marks_add(struct marks *l, struct mark m); /* by rising off */
void marks_fini(struct marks *l);
bool marks_all_hold(const struct marks *l);

/* "[7], [9] name no source": a line that names each once, the first few; nothing when all have one. */
#define STRANGERS_TOLD 8
void marks_strangers(const struct marks *l, struct buf *out);

/* [{"n":1,"off":40,"len":3,"verdict":"ok","support":0.71},...] */
void marks_write(const struct marks *l, struct buf *out);
void marks_read(struct marks *l, const char *json, size_t n); /* what is none of ours is passed over */

/*
 * The text with its verdicts: [2] of weak support becomes [2?], one without a source is struck as
 * Markdown does it: ~~[7]~~, or [~~7~~] where it is glued to something. A bracket of several numbers is taken apart where one of them does not
 * hold. Marks that do not lie on a bracket of this text are left out.
 */
void marks_draw(const struct marks *l, const char *text, size_t n, struct buf *out);
