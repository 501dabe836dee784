/*
 * Which rows make up a question and its answer. A run hangs on its question, an answer on its run,
 * perhaps with tool steps between; messages of older versions hang on the question, or on nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/mem.h"
#include "daemon/store/adopt_in.h"

#define DEPTH_MAX 64 /* of steps within steps; guards against a ring, too */

static struct pair *add_pair(struct steps *s, int user, int run, int64_t us)
{
	s->pairs = mem_grow(s->pairs, &s->pairs_cap, s->npairs, sizeof(*s->pairs));
	s->pairs[s->npairs] = (struct pair){ .user = user, .run = run, .answer = -1, .us = us };
	return &s->pairs[s->npairs++];
}

/* The pair of a question that has no run yet, or the one with that run; NULL none. */
static struct pair *pair_of(struct steps *s, int user, int run)
{
	for (size_t i = s->npairs; i-- > 0;)
		if (s->pairs[i].run == run && (run >= 0 || s->pairs[i].user == user))
			return &s->pairs[i];
	return NULL;
}

/* Up the parents to a question or a run. -1: none there. */
static int owner_of(const struct steps *s, int at)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		at = steps_find(s, s->v[at].parent);
		if (at < 0)
			return -1;
		if (s->v[at].kind == STEP_USER || s->v[at].kind == STEP_RUN || s->v[at].kind == STEP_GREETING)
			return at;
	}
	return -1;
}

/* Each question and each run that answers one, in order of time. */
static void find_questions(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct step *step = &s->v[i];
		int parent;

		if (step->kind == STEP_USER) {
			add_pair(s, (int)i, -1, step->us);
			continue;
		}
		if (step->kind != STEP_RUN && step->kind != STEP_GREETING)
			continue;
		parent = steps_find(s, step->parent);
		if (parent >= 0 && s->v[parent].kind == STEP_USER) {
			struct pair *p = pair_of(s, parent, -1);

			step->kind = STEP_RUN; /* whatever its name */
			if (p)
				p->run = (int)i;
			else
				add_pair(s, parent, (int)i, step->us);
		} else if (step->kind == STEP_RUN) {
			add_pair(s, -1, (int)i, step->us); /* its question's row was lost */
		}
	}
}

/* The last one that says something; an empty row stands until then. */
static void give_answer(const struct steps *s, struct pair *p, int answer)
{
	if (p->answer < 0 || s->v[answer].text_len)
		p->answer = answer;
}

/* The newest pair that began before, and has a run or not. */
static struct pair *pair_before(struct steps *s, int64_t us, bool without_run)
{
	for (size_t i = s->npairs; i-- > 0;)
		if (s->pairs[i].us <= us && (!without_run || s->pairs[i].run < 0))
			return &s->pairs[i];
	return NULL;
}

static void place_answer(struct steps *s, int at)
{
	const struct step *step = &s->v[at];
	int owner = owner_of(s, at);
	struct pair *p = NULL;

	if (owner >= 0 && s->v[owner].kind == STEP_GREETING)
		return;
	if (owner >= 0 && s->v[owner].kind == STEP_RUN) {
		p = pair_of(s, -1, owner);
	} else if (owner >= 0) {
		for (size_t i = 0; i < s->npairs && !p; i++)
			p = s->pairs[i].user == owner ? &s->pairs[i] : NULL;
	} else if (step->text_len) {
		p = pair_before(s, step->us, false);
		if (p && p->run >= 0)
			p = NULL; /* a message sent outside of its run: a download, a greeting */
	}
	if (p)
		give_answer(s, p, at);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->us != y->us)
		return x->us < y->us ? -1 : 1;
	return (x->run > y->run) - (x->run < y->run);
}

static bool same_question_answered(const struct steps *s, const struct pair *p)
{
	for (size_t i = 0; i < s->npairs; i++)
		if (&s->pairs[i] != p && s->pairs[i].user == p->user && s->pairs[i].answer >= 0)
			return true;
	return false;
}

/*
 * Runs whose messages an edit has deleted: they are no questions any more. A question alone stays: its
 * answer was lost, or never came.
 */
static void drop_remains(struct steps *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->npairs; i++) {
		struct pair *p = &s->pairs[i];

		if (p->answer < 0 && p->run >= 0 && (p->user < 0 || same_question_answered(s, p)))
			p->us = INT64_MIN;
	}
	for (size_t i = 0; i < s->npairs; i++)
		if (s->pairs[i].us != INT64_MIN)
			s->pairs[kept++] = s->pairs[i];
	s->npairs = kept;
}

void steps_pair(struct steps *s)
{
	find_questions(s);
	if (s->npairs)
		qsort(s->pairs, s->npairs, sizeof(*s->pairs), compare_pairs);
	for (size_t i = 0; i < s->n; i++) {
		struct pair *p;

		if (s->v[i].kind == STEP_ANSWER)
			place_answer(s, (int)i);
		if (s->v[i].kind != STEP_NOTICE || !s->v[i].root)
			continue;
		p = pair_before(s, s->v[i].us, false);
		if (p)
			p->stopped = true;
	}
	drop_remains(s);
}
