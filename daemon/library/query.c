/* Questions into terms and units, and the coverage of a text by what it has of them. */
#include "daemon/library/query.h"

#include <math.h>
#include <string.h>

#include "common/attr.h"
#include "daemon/library/stop.h"
#include "daemon/library/words.h"

_Static_assert(sizeof(((struct query *)0)->bytes) >= QUERY_TERMS * WORD_MAX, "room for every term");

/* ---- terms ---- */

static size_t slot_of(const struct query *q, const char *term, size_t n)
{
	uint32_t h = 0x811c9dc5u;
	size_t at;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)term[i]) * 0x01000193u;
	for (at = h % array_len(q->slots); q->slots[at]; at = (at + 1) % array_len(q->slots)) {
		const struct term_weight *t = &q->terms[q->slots[at] - 1];

		if (t->n == n && !memcmp(t->term, term, n))
			break;
	}
	return at;
}

static int word_of(const struct query *q, int term)
{
	return term >= 0 && q->terms[term].same ? q->terms[term].same - 1 : term;
}

int query_find(const struct query *q, const char *term, size_t n)
{
	return word_of(q, (int)q->slots[slot_of(q, term, n)] - 1);
}

#define JOINED_WEIGHT 0.5 /* of foo_bar as a whole beside foo and bar, which say most of it */

/* Add to a term's weight; a new one only while there are fewer than `cap`. Its index, or -1. */
static int add_term(struct query *q, const char *term, size_t n, double weight, size_t cap)
{
	size_t slot = slot_of(q, term, n);
	char *copy;

	if (q->slots[slot]) {
		int known = word_of(q, q->slots[slot] - 1);

		q->terms[known].weight += weight;
		q->terms[known].name_only = false;
		return known;
	}
	if (q->nterms >= min_of(cap, (size_t)QUERY_TERMS) || n > WORD_MAX)
		return -1;
	copy = q->bytes + q->nbytes;
	memcpy(copy, term, n);
	q->nbytes += n;
	q->terms[q->nterms++] = (struct term_weight){ .term = copy, .n = n, .weight = weight };
	q->slots[slot] = (uint16_t)q->nterms;
	return (int)q->nterms - 1;
}

/* ---- what a name says by a term ---- */

static void says(struct query *q, int term, uint8_t word)
{
	uint8_t *v = q->terms[term].says;

	for (size_t i = 0; word && i < TERM_SAYS && v[i] != word; i++) {
		if (v[i])
			continue;
		v[i] = word;
		return;
	}
}

/* One or two letters beside figures (the FY of FY2018): every name that has them would be meant. */
static bool says_nothing(const struct term_weight *t)
{
	return t->n <= 2 && (t->term[0] < '0' || t->term[0] > '9');
}

/* ---- the question ---- */

#define SPELLED_MAX 256 /* words of a text that are spelled by other languages as well */

struct asking {
	struct query *q;
	const struct stop_list *stops; /* NULL: all words count */
	bool units;                    /* make units of it */
	double weight;
	size_t cap, words, max_words;
	size_t verb;         /* where that which only asks begins */
	size_t group;        /* of the unit made last, + 1 */
	size_t chain;        /* of the chain that is read, + 1; its last part, what stands for all of it */
	int part, whole[2];
	size_t nwhole;
	char last[WORD_MAX]; /* the plain word before, for gluing */
	uint8_t glued[2];    /* numbers of the words that are glued */
	size_t nlast, last_end;
	size_t nspelled; /* what became of each word given out: */
	int16_t spelled[SPELLED_MAX]; /* its term, or -1 */
};

static bool unit_known(const struct query *q, int term)
{
	for (size_t i = 0; i < q->nparts; i++)
		if (q->parts[i].term == term)
			return true;
	return false;
}

/* A gram is a unit of its own, the terms of a chain are one together; what is said twice counts
 * once. */
static void add_unit(struct asking *a, const struct word *w, int term)
{
	struct query *q = a->q;
	bool new_unit = w->gram || a->group != w->group + 1;

	if (q->nparts == array_len(q->parts) || unit_known(q, term))
		return;
	if (new_unit) {
		if (q->nunits == array_len(q->units))
			return;
		q->units[q->nunits++] =
			(struct query_unit){ .start = w->start, .end = w->end, .gram = w->gram, .triple = w->triple };
		a->group = w->group + 1;
	}
	q->units[q->nunits - 1].start = min_of(q->units[q->nunits - 1].start, w->start);
	q->units[q->nunits - 1].end = max_of(q->units[q->nunits - 1].end, w->end);
	q->parts[q->nparts++] = (struct query_part){
		.unit = (uint16_t)(q->nunits - 1),
		.term = (uint16_t)term,
		.whole = w->whole,
		.joined = w->joined,
	};
}

static int glued_word(void *ctx, const struct word *w)
{
	struct asking *a = ctx;

	int known = query_find(a->q, w->term, w->n);
	int term = known >= 0 || w->whole ? -1 : add_term(a->q, w->term, w->n, a->weight, a->cap);

	if (term >= 0)
		a->q->terms[term].name_only = true;
	for (size_t i = 0; i < 2 && max_of(term, known) >= 0; i++)
		says(a->q, max_of(term, known), a->glued[i]);
	return 1;
}

/* american express is AMERICANEXPRESS in many a file's name: neighbours are asked for in one word
 * as well. */
static void glue(struct asking *a, const struct word *w)
{
	char both[WORD_MAX];
	bool near = a->nlast > 1 && w->start == a->last_end + 1;
	int term = query_find(a->q, w->term, w->n);

	if (w->gram || w->whole || w->n < 2 || !w->plain_n) {
		a->nlast = 0;
		return;
	}
	a->glued[0] = a->glued[1];
	a->glued[1] = term >= 0 ? a->q->terms[term].says[0] : 0;
	if (near && a->nlast + w->plain_n <= sizeof(both)) {
		memcpy(both, a->last, a->nlast);
		memcpy(both + a->nlast, w->plain, w->plain_n);
		words_each(both, a->nlast + w->plain_n, a, glued_word);
	}
	memcpy(a->last, w->plain, w->plain_n);
	a->nlast = w->plain_n;
	a->last_end = w->end;
}

static bool is_stop(const struct asking *a, const struct word *w)
{
	return a->stops && !w->gram && (w->start >= a->verb || stop_word(a->stops, w->plain, w->plain_n));
}

/* A word of its own, or a chain: by its parts, or by the whole of it. */
static void name_word(struct asking *a, const struct word *w, int term)
{
	struct query *q = a->q;

	if (a->chain != w->group + 1) {
		a->chain = w->group + 1;
		a->part = -1;
		a->nwhole = 0;
	}
	if (w->whole) {
		if (a->part >= 0 && !w->joined && says_nothing(&q->terms[a->part]))
			q->terms[a->part].says[0] = 0;
		else if (a->part >= 0)
			says(q, term, q->terms[a->part].says[0]);
		if (a->nwhole < array_len(a->whole))
			a->whole[a->nwhole++] = term;
		return;
	}
	a->part = term;
	if (!q->terms[term].says[0] && q->nwords < UINT8_MAX)
		says(q, term, ++q->nwords);
	for (size_t i = 0; i < a->nwhole; i++)
		says(q, a->whole[i], q->terms[term].says[0]);
}

static void note_spelled(struct asking *a, int term)
{
	if (a->nspelled < SPELLED_MAX)
		a->spelled[a->nspelled++] = (int16_t)term;
}

static int ask_word(void *ctx, const struct word *w)
{
	struct asking *a = ctx;
	int term;

	if (!w->colocated && a->words++ == a->max_words)
		return 1;
	if (is_stop(a, w)) {
		a->nlast = 0;
		note_spelled(a, -1);
		return 0;
	}
	term = add_term(a->q, w->term, w->n, a->weight * (w->joined ? JOINED_WEIGHT : 1), a->cap);
	note_spelled(a, term);
	if (term >= 0)
		name_word(a, w, term);
	/* pairs across a particle help to rank, but a good passage need not have them */
	if (a->units && term >= 0) {
		a->q->terms[term].own = true;
		add_unit(a, w, term);
	}
	return 0;
}

static int glue_word(void *ctx, const struct word *w)
{
	struct asking *a = ctx;

	if (is_stop(a, w))
		a->nlast = 0;
	else
		glue(a, w);
	return a->q->nterms >= a->cap;
}

struct respelling {
	struct asking *a;
	size_t at;
};

#define PAIR_WEIGHT 0.6 /* of two syllables of Vietnamese in one, beside each of them */

/* Syllables are in every text; together they are words, and in a question of that language they count as such. */
static void ask_pair(struct respelling *s, const struct word *w)
{
	const int16_t *words = s->a->spelled + s->at;
	struct query *q = s->a->q;
	int term = -1;

	if (s->at > 1 && (words[-1] >= 0 || words[-2] >= 0))
		term = add_term(q, w->term, w->n, s->a->weight * PAIR_WEIGHT, QUERY_TERMS);
	if (term < 0 || !s->a->units || !q->paired)
		return;
	q->terms[term].own = q->terms[term].pair = true;
}

/* The words come as they did before: only how they are spelled is another. */
static int spell_word(void *ctx, const struct word *w)
{
	struct respelling *s = ctx;
	struct query *q = s->a->q;
	int word, term;

	if (w->pair)
		ask_pair(s, w);
	if (s->at == s->a->nspelled)
		return 1;
	if (w->pair)
		return 0;
	word = s->a->spelled[s->at++];
	if (word < 0 || q->slots[slot_of(q, w->term, w->n)])
		return 0;
	term = add_term(q, w->term, w->n, 0, QUERY_TERMS);
	if (term >= 0)
		q->terms[term].same = (uint16_t)(word + 1);
	return 0;
}

static void ask_other_spellings(struct asking *a, struct query_text text)
{
	for (enum language l = LANGUAGE_ENGLISH + 1; l < LANGUAGES; l++) {
		struct respelling s = { .a = a };

		if (a->q->languages >> l & 1)
			words_each_in(l, text.p, text.n, &s, spell_word);
	}
}

/* A spelling is worth what the word is. */
static void weigh_spellings(struct query *q)
{
	for (size_t i = 0; i < q->nterms; i++) {
		struct term_weight *t = &q->terms[i];
		const struct term_weight *word = &q->terms[t->same ? t->same - 1u : i];

		if (!t->same)
			continue;
		t->weight = word->weight;
		t->own = word->own;
		memcpy(t->says, word->says, sizeof(t->says));
	}
}

static void ask(struct query *q, struct query_text text, const struct stop_list *stops, bool units,
	double weight, size_t cap)
{
	struct asking a = {
		.q = q,
		.stops = stops,
		.units = units,
		.weight = weight,
		.cap = q->nterms + cap,
		.max_words = units ? SIZE_MAX : 120,
		.verb = units && stops ? stop_verb(stops, text.p, text.n) : SIZE_MAX,
	};

	if (units) {
		q->asked = text.p;
		q->asked_len = text.n;
	}
	if (text.n)
		words_each(text.p, text.n, &a, ask_word);
	ask_other_spellings(&a, text);
}

static void ask_glued(struct query *q, struct query_text text)
{
	struct asking a = {
		.q = q,
		.stops = stop_guess(text.p, text.n, q->languages),
		.weight = 1,
		.cap = min_of(q->nterms + 24, (size_t)QUERY_TERMS),
		.verb = SIZE_MAX,
	};

	words_each(text.p, min_of(text.n, (size_t)1024), &a, glue_word);
}

/* Two words say little: where all documents are in one other language, it is that one. */
static enum language spoken_of(const struct stop_list *stops, uint32_t languages)
{
	uint32_t others = languages & ~1u;
	enum language l = stop_language(stops);

	if (others >> l & 1)
		return l;
	return __builtin_popcount(others) == 1 ? (enum language)__builtin_ctz(others) : LANGUAGE_ENGLISH;
}

void query_make(struct query *q, uint32_t languages, struct query_text question, struct query_text previous_question,
	struct query_text previous_answer)
{
	const struct stop_list *stops = stop_guess(question.p, question.n, languages), *spoken;

	memset(q, 0, sizeof(*q));
	q->languages = languages;
	q->spoken = spoken_of(stops, languages);
	spoken = stop_spoken(stops, question.p, question.n, languages);
	q->language = stop_share(spoken);
	q->paired = stop_language(spoken) == LANGUAGE_VIETNAMESE;
	ask(q, question, stops, true, 1, QUERY_QUESTION);
	if (!q->nunits && previous_question.n) {
		ask(q, previous_question, stops, true, 1, QUERY_QUESTION);
		previous_question.n = 0;
	}
	if (!q->nunits)
		ask(q, question, NULL, true, 1, QUERY_QUESTION);
	if (question.n)
		ask_glued(q, question);
	ask(q, previous_question, stops, false, QUERY_PREVIOUS_QUESTION, QUERY_HISTORY);
	ask(q, previous_answer, stops, false, QUERY_PREVIOUS_ANSWER, QUERY_HISTORY);
	weigh_spellings(q);
}

/* ---- a word that is in no document ---- */

static int ask_instead(struct query *q, const struct term_weight *w, double weight)
{
	int term = add_term(q, w->term, w->n, weight, QUERY_TERMS);

	if (term >= 0)
		q->terms[term].own = true;
	return term;
}

void query_instead(struct query *q, size_t part, const struct term_weight *first, const struct term_weight *second, double weight)
{
	struct query_part *p = &q->parts[part];
	struct term_weight *old = &q->terms[p->term];
	double worth = old->weight * weight;
	int a = ask_instead(q, first, worth), b = second ? ask_instead(q, second, worth) : -1;

	if (a < 0)
		return;
	old->weight = 0;
	old->own = false;
	*p = (struct query_part){ .unit = p->unit, .term = (uint16_t)a };
	q->units[p->unit].mended = true;
	q->units[p->unit].guessed = !second;
	if (b >= 0 && q->nparts < array_len(q->parts))
		q->parts[q->nparts++] = (struct query_part){ .unit = p->unit, .term = (uint16_t)b };
	weigh_spellings(q);
}

/* ---- coverage ---- */

/*
 * A chain is worth its parts and its whole together: of COVID-19 in a library that has neither, as
 * much is missing as of two words. Any spelling of the whole covers all of it.
 */
void query_weigh(struct query *q, const double *idf, const int64_t *df)
{
	for (size_t i = 0; i < q->nunits; i++) {
		q->units[i].weight = 0;
		q->units[i].nowhere = true;
		q->units[i].whole_known = false;
	}
	for (size_t i = 0; i < q->nparts; i++) {
		struct query_part *p = &q->parts[i];
		struct query_unit *u = &q->units[p->unit];

		p->weight = idf[p->term] * (p->joined ? JOINED_WEIGHT : 1);
		u->weight += p->weight;
		if (df[p->term])
			u->nowhere = false;
		if (df[p->term] && p->whole)
			u->whole_known = true;
	}
	q->full = 0;
	for (size_t i = 0; i < q->nparts; i++) {
		const struct query_part *p = &q->parts[i];

		/* iPhone is in the index as iphone: that there is no phone in it is no lack */
		if (df[p->term] || p->whole || !q->units[p->unit].whole_known)
			q->full += q->terms[p->term].weight * idf[p->term];
	}
	for (size_t i = 0; i < q->nterms; i++)
		q->full += q->terms[i].pair ? q->terms[i].weight * idf[i] : 0;
}

struct look {
	const struct query *q;
	struct query_seen *seen;
};

static int look_word(void *ctx, const struct word *w)
{
	const struct look *l = ctx;
	int term = query_find(l->q, w->term, w->n);

	if (term >= 0)
		l->seen->terms[term] = true;
	return 0;
}

void query_look(const struct query *q, const char *text, size_t n, struct query_seen *seen)
{
	struct look l = { q, seen };

	words_each_own(text, n, &l, look_word);
}

double query_coverage(const struct query *q, const struct query_seen *seen)
{
	double covered[QUERY_QUESTION] = { 0 };
	double all = 0, has = 0;

	for (size_t i = 0; i < q->nparts; i++) {
		const struct query_part *p = &q->parts[i];

		if (seen->terms[p->term])
			covered[p->unit] =
				p->whole ? q->units[p->unit].weight : covered[p->unit] + p->weight;
	}
	for (size_t i = 0; i < q->nunits; i++) {
		all += q->units[i].weight;
		has += fmin(covered[i], q->units[i].weight);
	}
	return all > 0 ? has / all : 0;
}

/*
 * What share of the full score a passage reaches that does answer: the less, the more is asked;
 * less for pairs of characters, which cross the borders of words, and in languages whose compounds
 * and endings are not undone. The factors bring shares that mean the same to the same number.
 * Measured with questions to collections that hold their answers, and to others that do not.
 */
#define ANSWERED 0.25 /* the share from which passages mostly answer, at FEW words */
#define WELL_ANSWERED 0.33
#define FEW 4.0
#define LENGTH_POWER 0.35
#define FACTOR_PAIRS 1.33
#define FACTOR_TRIPLES 0.65 /* of a script without spaces: many to a word, and the common ones are in every text */

double query_answered(const struct query *q, double best, double most)
{
	double grams = 0, share;
	size_t n = 0;

	if (q->full <= 0 || most <= 0 || !q->nunits)
		return 0;
	for (size_t i = 0; i < q->nunits; i++) {
		n += q->units[i].gram;
		grams += !q->units[i].gram ? 0 : q->units[i].triple ? FACTOR_TRIPLES : FACTOR_PAIRS;
	}
	share = best / (most * q->full) * pow(fmax((double)q->nunits, FEW - 1) / FEW, LENGTH_POWER);
	share *= (grams + q->language * (double)(q->nunits - n)) / (double)q->nunits;
	if (share < ANSWERED)
		return share / ANSWERED * QUERY_ANSWERED;
	share = QUERY_ANSWERED +
		(share - ANSWERED) / (WELL_ANSWERED - ANSWERED) * (QUERY_WELL - QUERY_ANSWERED);
	return fmin(1, share);
}
