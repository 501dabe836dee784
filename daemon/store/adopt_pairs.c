/*
 * Which rows make up a question and its answer. A run hangs on its question, an answer on its run,
 * perhaps with tool steps between; messages of older versions hang on the question, or on nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/store/adopt_in.h"
#include "daemon/store/steps.h"

#define DEPTH_MAX 64 /* of steps within steps; guards against a ring, too */

static int add_pair(struct steps *s, int user, int run, int64_t us)
{
	s->pairs = mem_grow(s->pairs, &s->pairs_cap, s->npairs, sizeof(*s->pairs));
	s->pairs[s->npairs] = (struct pair){ .user = user, .run = run, .answer = -1, .us = us };
	return (int)s->npairs++;
}

/* Up the parents to a question or a run. -1: none there. */
static int owner_of(const struct steps *s, int at)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		at = steps_find(s, s->v[at].parent);
		if (at < 0)
			return -1;
		if (s->v[at].kind == STEP_USER || s->v[at].kind == STEP_RUN ||
			s->v[at].kind == STEP_GREETING)
			return at;
	}
	return -1;
}

/* A run that answers a question; a question asked again has several. */
static void add_run(struct steps *s, int at)
{
	struct step *run = &s->v[at];
	int parent = steps_find(s, run->parent);

	if (parent >= 0 && s->v[parent].kind == STEP_USER) {
		struct pair *first = &s->pairs[s->v[parent].pair];

		run->kind = STEP_RUN; /* whatever its name */
		if (first->run < 0)
			first->run = at;
		else
			add_pair(s, parent, at, run->us);
	} else if (run->kind == STEP_RUN) {
		add_pair(s, -1, at, run->us); /* its question's row was lost */
	}
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->us != y->us)
		return x->us < y->us ? -1 : 1;
	return (x->run > y->run) - (x->run < y->run);
}

static void find_questions(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind == STEP_USER)
			s->v[i].pair = add_pair(s, (int)i, -1, s->v[i].us);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind == STEP_RUN || s->v[i].kind == STEP_GREETING)
			add_run(s, (int)i);
	if (s->npairs)
		qsort(s->pairs, s->npairs, sizeof(*s->pairs), compare_pairs);
	for (size_t i = s->npairs; i-- > 0;) { /* backwards: a question points at its first */
		if (s->pairs[i].user >= 0)
			s->v[s->pairs[i].user].pair = (int)i;
		if (s->pairs[i].run >= 0)
			s->v[s->pairs[i].run].pair = (int)i;
	}
}

/* The last one that says something; an empty row stands until then. */
static void give_answer(struct steps *s, struct pair *p, int answer)
{
	if (p->answer < 0 || s->v[answer].text_len)
		p->answer = answer;
	if (p->user >= 0)
		s->v[p->user].answered = true;
}

/* The newest pair that began no later; NULL none. */
static struct pair *pair_before(const struct steps *s, int64_t us)
{
	size_t from = 0, to = s->npairs;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (s->pairs[mid].us <= us)
			from = mid + 1;
		else
			to = mid;
	}
	return from ? &s->pairs[from - 1] : NULL;
}

static void place_answer(struct steps *s, int at)
{
	const struct step *step = &s->v[at];
	int owner = owner_of(s, at);
	struct pair *p = NULL;

	if (owner >= 0 && s->v[owner].pair >= 0)
		p = &s->pairs[s->v[owner].pair];
	else if (owner < 0 && step->text_len)
		p = pair_before(s, step->us);
	if (owner < 0 && p && p->run >= 0)
		p = NULL; /* a message sent outside of its run: a greeting, a download */
	if (p)
		give_answer(s, p, at);
}

static void place_notice(const struct steps *s, const struct step *notice)
{
	struct pair *p = pair_before(s, notice->us);

	if (p && notice->root && !strcmp(notice->text, STEP_NOTICE_STOPPED))
		p->stopped = true;
}

/*
 * Runs whose messages an edit has deleted are no questions any more. A question alone stays: its
 * answer was lost, or never came.
 */
static void drop_remains(struct steps *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->npairs; i++) {
		const struct pair *p = &s->pairs[i];
		bool deleted =
			p->answer < 0 && p->run >= 0 && (p->user < 0 || s->v[p->user].answered);

		if (!deleted)
			s->pairs[kept++] = *p;
	}
	s->npairs = kept;
}

void steps_pair(struct steps *s)
{
	find_questions(s);
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].kind == STEP_ANSWER)
			place_answer(s, (int)i);
		else if (s->v[i].kind == STEP_NOTICE)
			place_notice(s, &s->v[i]);
	}
	drop_remains(s);
}
