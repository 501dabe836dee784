/*
 * A question as the index is asked: its terms with weights, and the units (words, or pairs of CJK
 * characters) by which one tells how much of it a text covers.
 *
 * Stop words do not count unless nothing else is left; a question of stop words only ("tell me
 * more") that follows another is taken for that one. Words of the turn before count a little: a
 * follow-up mostly leaves out what it is about.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/library/language.h"
#include "daemon/store/documents.h"

#define QUERY_TERMS 240    /* distinct ones, history included */
#define QUERY_QUESTION 112 /* ... of the question itself */
#define QUERY_HISTORY 48   /* ... of each text before it */
#define QUERY_PREVIOUS_QUESTION 0.3
#define QUERY_PREVIOUS_ANSWER 0.1

struct query_unit {
	size_t start, end; /* bytes of query.asked */
	double weight;     /* set by query_weigh */
	bool gram;         /* a pair or triple of characters */
	bool triple;       /* ... of a script that is written without spaces */
	bool mended;       /* asked for as something else */
	bool guessed;      /* ... as one word that is near it, not as its halves */
	bool nowhere;      /* none of its terms is in any passage searched; set by query_weigh */
	bool whole_known;  /* private */
};
/* What a term of the question is to a unit. */
struct query_part {
	uint16_t unit, term;
	bool whole;    /* of a chain of parts: present, it covers the unit alone */
	bool joined;   /* ... of one with joints */
	double weight; /* set by query_weigh */
};
struct query {
	const char *asked; /* the text the units come from; borrowed */
	size_t asked_len;
	struct term_weight terms[QUERY_TERMS]; /* the terms themselves lie in `bytes` */
	size_t nterms;
	struct query_unit units[QUERY_QUESTION];
	size_t nunits;
	struct query_part parts[QUERY_QUESTION * 2];
	size_t nparts;
	double language;      /* stop_share of its language */
	bool paired;          /* its words are of several syllables with spaces between */
	uint32_t languages;   /* bits of those that the documents are in */
	enum language spoken; /* ... the one of them that the question is in, as far as can be told */
	double full;          /* what all of it is worth; set by query_weigh */
	uint16_t slots[1024]; /* private: terms by hash, 0 empty, else index + 1 */
	char bytes[QUERY_TERMS * 64];
	size_t nbytes;
	uint8_t nwords; /* of the question, as names are looked at for them */
};

struct query_text {
	const char *p;
	size_t n;
};
/* The query is large: keep it off small stacks. Its words are looked for as each of the languages spells them. */
void query_make(struct query *q, uint32_t languages, struct query_text question, struct query_text previous_question,
	struct query_text previous_answer);

/* After a search: what each unit is worth. idf and df per term. */
void query_weigh(struct query *q, const double *idf, const int64_t *df);

/* Which terms occur in a text. Added to what is set already. */
struct query_seen {
	bool terms[QUERY_TERMS];
};
void query_look(const struct query *q, const char *text, size_t n, struct query_seen *seen);
/* 0..1: the share of the question's weight that these terms cover; 0 for a question without units.
 */
double query_coverage(const struct query *q, const struct query_seen *seen);

/*
 * 0..1: how far the best passage answers. `best` is its hit.own, `most` that of the search: its
 * share of the score of a passage full of the question's words, scaled so that passages that answer
 * are mostly at QUERY_ANSWERED and above, others below; from QUERY_WELL on few do not.
 */
#define QUERY_ANSWERED 0.45
#define QUERY_WELL 0.55
double query_answered(const struct query *q, double best, double most);

int query_find(const struct query *q, const char *term, size_t n); /* index of the term that stands for the word, or -1 */
/* The word of this part is asked for as another one, or as two (second may be NULL), `weight` times what it was worth. */
void query_instead(struct query *q, size_t part, const struct term_weight *first, const struct term_weight *second, double weight);
