/*
 * Cuts text into terms. A chain (foo_bar2.c) is read into parts first, each folded as it comes;
 * only then its terms are given out, so that the whole can stand at the place of its first part.
 */
#include <errno.h>
#include <libstemmer.h>
#include <pthread.h>
#include <string.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/library/words_in.h"

/* ---- one code point of the text ---- */

struct rune rune_far(const struct words *w, size_t at)
{
	struct rune r = { .script = SCRIPT_NONE, .n = 1 };
	int used;

	if (at >= w->n)
		return (struct rune){ 0 };
	used = utf8_decode(w->text + at, w->n - at, &r.cp);
	r.n = (size_t)(used < 0 ? -used : used);
	r.script = used < 0 ? SCRIPT_NONE : fold_script(r.cp);
	return r;
}

/* ---- folding into a part ---- */

static void part_add_folded(struct part *p, uint32_t cp)
{
	uint32_t composed = p->n ? fold_compose(p->last, cp) : 0;
	char bytes[4];
	size_t n;

	if (composed) {
		p->n -= utf8_encode(p->last, bytes);
		cp = composed;
	} else if (fold_drops(cp)) {
		return;
	}
	n = utf8_encode(cp, bytes);
	if (n > sizeof(p->text) - p->n)
		return;
	memcpy(p->text + p->n, bytes, n);
	p->n += n;
	p->last = cp;
}

/* A text that is full takes nothing more, lest a later short character follow a longer one left
 * out. */
void part_add(struct part *p, uint32_t cp)
{
	uint32_t folded[FOLD_MAX];
	size_t n;

	if (cp < 0x80 && p->n < sizeof(p->text)) {
		p->last = fold_char(cp, folded) ? folded[0] : cp;
		p->text[p->n++] = (char)p->last;
		return;
	}
	if (p->n > sizeof(p->text) - 4)
		return;
	n = fold_char(cp, folded);
	for (size_t i = 0; i < n; i++)
		part_add_folded(p, folded[i]);
}

/* ---- giving out ---- */

static const char *const algorithms[SCRIPT_CJK] = {
	[SCRIPT_GREEK] = "greek",
	[SCRIPT_CYRILLIC] = "russian",
	[SCRIPT_ARMENIAN] = "armenian",
	[SCRIPT_ARABIC] = "arabic",
	[SCRIPT_DEVANAGARI] = "hindi",
	[SCRIPT_TAMIL] = "tamil",
};

/*
 * What a thread keeps between two texts: its stemmers, and the stems of words that come again and
 * again. Few words make most of a text, and stemming is most of the work on a word.
 */
#define STEM_MAX 18 /* bytes of a word that is remembered */
#define STEMS 4096  /* a power of two; 39 bytes each */
struct stem {
	uint8_t plain_n, n, language;
	char plain[STEM_MAX], term[STEM_MAX];
};
struct stems {
	struct sb_stemmer *stemmers[SCRIPT_CJK], *latin[LANGUAGES];
	struct stem known[STEMS];
};

static pthread_once_t stems_once = PTHREAD_ONCE_INIT;
static pthread_key_t stems_key;

static void stems_free(void *p)
{
	struct stems *stems = p;

	for (size_t i = 0; i < SCRIPT_CJK; i++)
		sb_stemmer_delete(stems->stemmers[i]);
	for (size_t i = 0; i < LANGUAGES; i++)
		sb_stemmer_delete(stems->latin[i]);
	mem_free(stems);
}

static void stems_make_key(void)
{
	(void)pthread_key_create(&stems_key, stems_free);
}

static struct stems *stems_of_thread(void)
{
	struct stems *stems;

	(void)pthread_once(&stems_once, stems_make_key);
	stems = pthread_getspecific(stems_key);
	if (!stems) {
		stems = mem_new(sizeof(*stems));
		(void)pthread_setspecific(stems_key, stems);
	}
	return stems;
}

static struct stem *slot_of(struct stems *stems, enum language language, const struct word *word)
{
	uint32_t h = 0x811c9dc5 ^ language;

	for (size_t i = 0; i < word->plain_n; i++)
		h = (h ^ (uint8_t)word->plain[i]) * 0x01000193u;
	return &stems->known[(h ^ h >> 15) & (STEMS - 1)];
}

static bool is_known(const struct stem *known, enum language language, const struct word *word)
{
	return known->plain_n == word->plain_n && word->plain_n && known->language == language &&
	       !memcmp(known->plain, word->plain, word->plain_n);
}

static void remember(struct stem *known, enum language language, const struct word *word)
{
	known->language = (uint8_t)language;
	known->plain_n = (uint8_t)word->plain_n;
	known->n = (uint8_t)word->n;
	memcpy(known->plain, word->plain, word->plain_n);
	memcpy(known->term, word->term, word->n);
}

/* Without a stemmer (an unknown build of the library) the word stays as it is. */
static int stem(struct words *w, enum script script, struct word *word)
{
	struct stems *stems = w->stems;
	bool latin = script == SCRIPT_LATIN;
	const char *algorithm = latin ? language_stemmer(w->language) : algorithms[script];
	struct sb_stemmer **s = latin ? &stems->latin[w->language] : &stems->stemmers[script];
	const sb_symbol *out;
	struct stem *known;

	word->term = word->plain;
	word->n = word->plain_n;
	if (!algorithm)
		return 0;
	known = latin && word->plain_n <= STEM_MAX ? slot_of(stems, w->language, word) : NULL;
	if (known && is_known(known, w->language, word)) {
		word->term = known->term;
		word->n = known->n;
		return 0;
	}
	if (!*s)
		*s = sb_stemmer_new(algorithm, "UTF_8");
	if (!*s)
		return 0;
	out = sb_stemmer_stem(*s, (const sb_symbol *)word->plain, (int)word->plain_n);
	if (!out)
		return -ENOMEM;
	if (sb_stemmer_length(*s) > 0 && sb_stemmer_length(*s) <= WORD_MAX) {
		word->term = (const char *)out;
		word->n = (size_t)sb_stemmer_length(*s);
	}
	if (known && word->n <= STEM_MAX)
		remember(known, w->language, word);
	return 0;
}

/* Two syllables with nothing but white space between, and what is to be the one before. */
static int give_pair(struct words *w, const struct word *word)
{
	struct word pair = { .start = w->last_start, .end = word->end, .group = w->group, .colocated = true, .pair = true };
	char both[WORD_MAX];
	size_t n = w->nlast;

	if (word->plain_n > sizeof(both) - n || word->start != w->last_end + 1 || (unsigned char)w->text[w->last_end] > ' ')
		n = 0;
	memcpy(both, w->last, n);
	memcpy(both + n, word->plain, n ? word->plain_n : 0);
	memcpy(w->last, word->plain, word->plain_n);
	w->nlast = word->plain_n;
	w->last_start = word->start;
	w->last_end = word->end;
	pair.plain = pair.term = both;
	pair.plain_n = pair.n = n + word->plain_n;
	return n ? w->fn(w->ctx, &pair) : 0;
}

int words_give(struct words *w, enum script script, struct word *word)
{
	int r = stem(w, script, word);

	if (r == 0)
		r = w->fn(w->ctx, word);
	if (r == 0 && w->language == LANGUAGE_VIETNAMESE && script == SCRIPT_LATIN && !word->whole)
		r = give_pair(w, word);
	return r;
}

/* ---- the whole of several parts ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Between digits the joint has a meaning (3.5, 1.2.9, 2018-10-31), but for the comma of thousands.
 */
static bool joint_stays(const struct part *before, const struct part *p)
{
	return p->joined && p->joint != ',' && before->n && is_digit(before->text[before->n - 1]) &&
	       is_digit(p->text[0]);
}

/* The parts from..to glued together. False: longer than a term may be. *letters: nothing but one
 * script's. */
static bool whole_of(const struct words *w, size_t from, size_t to, char out[WORD_MAX],
	struct word *word, enum script *script)
{
	bool joined = false;
	size_t n = 0;

	*script = w->parts[from].script;
	for (size_t i = from; i < to; i++) {
		const struct part *p = &w->parts[i];
		bool joint = i > from && joint_stays(&w->parts[i - 1], p);

		if (p->n + joint > WORD_MAX - n)
			return false;
		if (joint)
			out[n++] = p->joint;
		memcpy(out + n, p->text, p->n);
		n += p->n;
		joined = joined || (i > from && p->joined);
		if (p->script != *script)
			*script = SCRIPT_OTHER;
	}
	*word = (struct word){
		.plain = out,
		.plain_n = n,
		.start = w->parts[from].start,
		.end = w->parts[to - 1].end,
		.group = w->group,
		.whole = true,
		.joined = joined,
	};
	return true;
}

static int give_whole(struct words *w, size_t from, size_t to, bool *given)
{
	char text[WORD_MAX];
	struct word word;
	enum script script;

	if (to - from < 2 || to - from > WHOLE_PARTS ||
		!whole_of(w, from, to, text, &word, &script))
		return 0;
	word.colocated = *given;
	*given = true;
	return words_give(w, script, &word);
}

/* The end of the word (the parts without a joint between them) that begins at `from`. */
static size_t word_end(const struct words *w, size_t from)
{
	size_t to = from + 1;

	while (to < w->nparts && !w->parts[to].joined)
		to++;
	return to;
}

static int give_part(struct words *w, const struct part *p)
{
	struct word word = {
		.plain = p->text,
		.plain_n = p->n,
		.start = p->start,
		.end = p->end,
		.group = w->group,
	};

	return words_give(w, p->script, &word);
}

/* One word of the chain: its first visible part, the wholes that stand at its place, its other
 * parts. */
static int give_word(struct words *w, size_t from, size_t to)
{
	bool given = false;
	int r = 0;

	for (size_t i = from; i < to; i++) {
		if (!w->parts[i].hidden) {
			r = give_part(w, &w->parts[i]);
			given = true;
		}
		if (!r && i == from)
			r = give_whole(w, from, to, &given);
		if (!r && i == 0 && to < w->nparts)
			r = give_whole(w, 0, w->nparts, &given);
		if (r)
			return r;
	}
	return 0;
}

/* A single letter beside a number or another part (the K of 10K, the i of iPhone) says nothing
 * alone. */
static void hide_parts(struct words *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct part *p = &w->parts[i];

		p->hidden = !p->n || (to - from > 1 && p->n == 1 && p->script != SCRIPT_DIGIT);
	}
}

int words_give_chain(struct words *w)
{
	int r = 0;

	for (size_t from = 0, to; !r && from < w->nparts; from = to) {
		to = word_end(w, from);
		hide_parts(w, from, to);
		r = give_word(w, from, to);
	}
	if (w->nparts)
		w->group++;
	w->nparts = 0;
	return r;
}

/* ---- the text ---- */

int words_each_in(enum language l, const char *text, size_t n, void *ctx, word_fn fn)
{
	struct words w;
	int r = 0;

	w.text = text;
	w.n = n;
	w.pos = 0;
	w.language = l;
	w.ctx = ctx;
	w.fn = fn;
	w.group = 0;
	w.nparts = 0;
	w.nlast = w.last_start = w.last_end = 0;
	w.stems = stems_of_thread();
	while (!r && w.pos < n) {
		struct rune u = rune_at(&w, w.pos);

		if (u.script == SCRIPT_LATIN && u.n == 1 && words_plain(&w, &r))
			continue;
		if (rune_in_chain(&u))
			r = words_chain(&w);
		else if (u.script == SCRIPT_CJK)
			r = words_grams(&w, SCRIPT_CJK, 2);
		else if (u.script == SCRIPT_UNSPACED)
			r = words_grams(&w, SCRIPT_UNSPACED, 3);
		else
			w.pos += u.n;
	}
	return r;
}

int words_each(const char *text, size_t n, void *ctx, word_fn fn)
{
	return words_each_in(LANGUAGE_ENGLISH, text, n, ctx, fn);
}

int words_each_own(const char *text, size_t n, void *ctx, word_fn fn)
{
	return words_each_in(language_of(text, n), text, n, ctx, fn);
}

/* ---- for the index ---- */

struct split {
	void *ctx;
	words_emit_fn emit;
};

static int split_word(void *ctx, const struct word *w)
{
	struct split *s = ctx;

	return s->emit(s->ctx, w->colocated, w->term, w->n, w->start, w->end);
}

int words_split(const char *text, size_t n, uint32_t *language, void *ctx, words_emit_fn emit)
{
	enum language l = language ? language_of(text, n) : LANGUAGE_ENGLISH;
	struct split s = { ctx, emit };

	if (language)
		*language = 1u << l;
	return words_each_in(l, text, n, &s, split_word);
}

static int count_word(void *ctx, const struct word *w)
{
	*(size_t *)ctx += !w->colocated;
	return 0;
}

size_t words_count(const char *text, size_t n)
{
	size_t count = 0;

	words_each(text, n, &count, count_word);
	return count;
}
