/* Inside the cutting of words: what is read (words_chain.c, words_gram.c) and what gives it out
 * (words.c). */
#pragma once

#include "daemon/library/fold.h"
#include "daemon/library/words.h"

struct stems;

#define PARTS_MAX 12 /* of one chain; a longer one goes on as another */
/* past that a chain is a path or a list, and its whole is nobody's question */
#define WHOLE_PARTS 6

struct part {
	char text[WORD_MAX];
	size_t n;
	uint32_t last; /* its last code point, for fold_compose */
	size_t start, end;
	enum script script;
	bool joined; /* '_', '.', '-' or the like before it: a new word of the chain */
	char joint;  /* ... that character */
	bool hidden; /* too little to be a term of its own */
};

struct words {
	const char *text;
	size_t n, pos;
	enum language language;
	void *ctx;
	word_fn fn;
	size_t group;
	struct part parts[PARTS_MAX];
	size_t nparts;
	struct stems *stems; /* of the thread */
	/* the syllable before, in Vietnamese */
	char last[WORD_MAX];
	size_t nlast, last_start, last_end;
};

/* One code point of the text; n is 0 at the end. */
struct rune {
	uint32_t cp;
	size_t n;
	enum script script;
};
struct rune rune_far(const struct words *w, size_t at); /* any */
static inline struct rune rune_at(const struct words *w, size_t at)
{
	unsigned char c = at < w->n ? (unsigned char)w->text[at] : 0xff;

	return c < 0x80 ? (struct rune){ c, 1, fold_script(c) } : rune_far(w, at);
}
static inline bool rune_in_chain(const struct rune *r)
{
	return r->script > SCRIPT_JOINED && r->script < SCRIPT_UNSPACED;
}

/* Fold one code point onto the end of a part. */
void part_add(struct part *p, uint32_t cp);
/* Stem the word and hand it to the caller. */
int words_give(struct words *w, enum script script, struct word *word);
/* Hand out the chain read into parts, and forget it. */
int words_give_chain(struct words *w);

/* Both begin at w->pos, leave it behind what they read, and give the terms out. */
int words_chain(struct words *w);
/* The word at w->pos, where a letter of ASCII stands, if it is nothing but those; false: it may be more than that. */
bool words_plain(struct words *w, int *r);
int words_grams(struct words *w, enum script script, size_t size);
