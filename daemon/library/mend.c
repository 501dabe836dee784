/* Slips of one letter and compounds, by trial: a term that is in the index is a word of the documents. */
#include "daemon/library/mend.h"

#include <string.h>

#include "common/attr.h"
#include "daemon/library/words.h"

#define SLIP_LEAST 5  /* letters: shorter words are near too many others */
#define SLIP_MOST 20
#define HALF_LEAST 4  /* letters of each half of a compound */
#define WEIGHT 0.8    /* what is guessed says a little less than what was typed */

/* ---- which words ---- */

static const struct query_part *only_part(const struct query *q, size_t unit)
{
	const struct query_part *part = NULL;

	for (size_t i = 0; i < q->nparts; i++) {
		if (q->parts[i].unit != unit)
			continue;
		if (part)
			return NULL; /* a chain is spelled in many ways already */
		part = &q->parts[i];
	}
	return part;
}

struct spelling {
	char text[WORD_MAX];
	size_t n; /* 0: no plain word of Latin letters */
};

static int take_spelling(void *ctx, const struct word *w)
{
	struct spelling *s = ctx;

	for (size_t i = 0; i < w->plain_n; i++)
		if (w->plain[i] < 'a' || w->plain[i] > 'z')
			return 1;
	memcpy(s->text, w->plain, w->plain_n);
	s->n = w->plain_n < SLIP_LEAST ? 0 : w->plain_n;
	return 1;
}

/* As it was typed, folded: endings are taken off what it may have been, not off the slip. */
static struct spelling spelling_of(const struct query *q, size_t unit)
{
	const struct query_unit *u = &q->units[unit];
	struct spelling s = { .n = 0 };

	words_each(q->asked + u->start, u->end - u->start, &s, take_spelling);
	return s;
}

/* Where most words are in no document, the question is about something else. */
bool mend_wanted(const struct query *q, size_t unit)
{
	const struct query_part *part = q->units[unit].nowhere ? only_part(q, unit) : NULL;
	size_t nowhere = 0;

	for (size_t i = 0; i < q->nunits; i++)
		nowhere += q->units[i].nowhere;
	return part && spelling_of(q, unit).n && (nowhere == 1 || nowhere * 3 <= q->nunits);
}

/* ---- ways to read it ---- */

static size_t add(struct mend_tries *t, const char *s, size_t n)
{
	char *copy = t->bytes + t->nbytes;

	if (t->n == MEND_TRIES || n > sizeof(t->bytes) - t->nbytes)
		return SIZE_MAX;
	memcpy(copy, s, n);
	t->nbytes += n;
	t->terms[t->n] = (struct term_weight){ .term = copy, .n = n, .weight = 1 };
	return t->n++;
}

static void add_way(struct mend_tries *t, size_t first, size_t second)
{
	if (first == SIZE_MAX || t->nways == MEND_TRIES)
		return;
	t->ways[t->nways].first = first;
	t->ways[t->nways++].second = second;
}

struct one {
	struct mend_tries *t;
	size_t term;
};

static int take_term(void *ctx, const struct word *w)
{
	struct one *o = ctx;

	o->term = add(o->t, w->term, w->n);
	return 1;
}

/* As the index has it, without its ending. */
static size_t add_word(struct mend_tries *t, const char *s, size_t n)
{
	struct one o = { t, SIZE_MAX };

	words_each_in(t->language, s, n, &o, take_term);
	return o.term;
}

/* Bevoelkerungs-groesse: an s, n, en or es may stand between the halves. */
static void cut_at(struct mend_tries *t, const char *s, size_t n, size_t at)
{
	static const char *const joints[] = { "", "s", "n", "en", "es" };
	size_t right = add_word(t, s + at, n - at);

	for (size_t i = 0; right != SIZE_MAX && i < array_len(joints); i++) {
		size_t len = strlen(joints[i]);

		if (at < HALF_LEAST + len || memcmp(s + at - len, joints[i], len) != 0)
			continue;
		if (t->nways == MEND_TRIES)
			return;
		add_way(t, add_word(t, s, at - len), right);
	}
}

static void cuts(struct mend_tries *t, const char *s, size_t n)
{
	for (size_t at = HALF_LEAST; at + HALF_LEAST <= n; at++)
		cut_at(t, s, n, at);
	t->nsplits = t->nways;
}

static void slip(struct mend_tries *t, const char *s, size_t n)
{
	add_way(t, add_word(t, s, n), SIZE_MAX);
}

/* The first letter is hardly ever wrong. One kind a round, and the places by halves: so many are looked up at once. */
static void slips(struct mend_tries *t, const char *s, size_t n, unsigned round)
{
	char buf[SLIP_MOST + 2];
	size_t half = (n + 1) / 2, from = round % 2 ? half : 1, to = round % 2 ? n : half;

	for (size_t at = from; at < to || (round >= 4 && round % 2 && at == n); at++) {
		for (char c = 'a'; c <= 'z' && round >= 2; c++) {
			size_t skip = round < 4; /* the letter is put in the place of one, or before it */

			memcpy(buf, s, at);
			buf[at] = c;
			memcpy(buf + at + 1, s + at + skip, n - at - skip);
			slip(t, buf, n + 1 - skip);
		}
		if (round >= 2)
			continue;
		memcpy(buf, s, at);
		memcpy(buf + at, s + at + 1, n - at - 1);
		slip(t, buf, n - 1);
		memcpy(buf, s, n);
		buf[at] = s[at - 1];
		buf[at - 1] = s[at];
		slip(t, buf, n);
	}
}

#define ROUNDS 6

/* Rounds 0 and 1: compounds and letters left out or swapped; then wrong ones, then missing ones. In another language first, then as English. */
bool mend_tries(struct mend_tries *t, const struct query *q, size_t unit, unsigned round)
{
	struct spelling s = spelling_of(q, unit);

	t->language = round < ROUNDS ? q->spoken : LANGUAGE_ENGLISH;
	if (!s.n || round >= (q->spoken == LANGUAGE_ENGLISH ? ROUNDS : 2 * ROUNDS))
		return false;
	round %= ROUNDS;
	t->unit = unit;
	t->n = t->nbytes = t->nways = t->nsplits = 0;
	if (round == 0 && s.n >= 2 * HALF_LEAST)
		cuts(t, s.text, s.n);
	if (s.n <= SLIP_MOST)
		slips(t, s.text, s.n, round);
	return true;
}

/* ---- the choice ---- */

size_t mend_choose(const struct mend_tries *t, const int64_t *df)
{
	size_t best = SIZE_MAX, balance = 0;
	int64_t most = 0;

	for (size_t i = 0; i < t->nsplits; i++) {
		const struct term_weight *a = &t->terms[t->ways[i].first], *b = &t->terms[t->ways[i].second];
		size_t shorter = min_of(a->n, b->n);

		if (df[t->ways[i].first] && df[t->ways[i].second] && shorter > balance) {
			balance = shorter;
			best = i;
		}
	}
	for (size_t i = t->nsplits; best >= t->nsplits && i < t->nways; i++) {
		if (df[t->ways[i].first] <= most)
			continue;
		most = df[t->ways[i].first];
		best = i;
	}
	return best;
}

void mend_apply(struct query *q, const struct mend_tries *t, size_t way)
{
	size_t part = 0, second = t->ways[way].second;

	while (part < q->nparts && q->parts[part].unit != t->unit)
		part++;
	if (part == q->nparts)
		return;
	query_instead(q, part, &t->terms[t->ways[way].first], second == SIZE_MAX ? NULL : &t->terms[second], WEIGHT);
}
