/*
 * Cuts text into terms. A chain (foo_bar2.c) is read into parts first, each folded as it comes;
 * only then its terms are given out, so that the whole can stand at the place of its first part.
 */
#include "daemon/library/words.h"

#include <errno.h>
#include <libstemmer.h>
#include <string.h>

#include "common/utf8.h"
#include "daemon/library/fold.h"

#define PARTS_MAX 12 /* of one chain; a longer one goes on as another */
#define WHOLE_PARTS 6 /* past that a chain is a path or a list, and its whole is nobody's question */

struct part {
	char text[WORD_MAX];
	size_t n;
	uint32_t last; /* its last code point, for fold_compose */
	size_t start, end;
	enum script script;
	bool joined;   /* '_', '.', '-' or the like before it: a new word of the chain */
	char joint;    /* ... that character */
	bool hidden;   /* too little to be a term of its own */
};

struct words {
	const char *text;
	size_t n, pos;
	void *ctx;
	word_fn fn;
	size_t group;
	struct part parts[PARTS_MAX];
	size_t nparts;
	struct sb_stemmer *stemmers[SCRIPT_CJK];
};

/* ---- one code point of the text ---- */

struct rune {
	uint32_t cp;
	size_t n;
	enum script script;
};

static struct rune rune_at(const struct words *w, size_t at)
{
	struct rune r = { .script = SCRIPT_NONE, .n = 1 };
	unsigned char c;
	int used;

	if (at >= w->n)
		return (struct rune){ 0 };
	c = (unsigned char)w->text[at];
	if (c < 0x80) {
		r.cp = c;
		r.script = fold_script(c);
		return r;
	}
	used = utf8_decode(w->text + at, w->n - at, &r.cp);
	r.n = (size_t)(used < 0 ? -used : used);
	r.script = used < 0 ? SCRIPT_NONE : fold_script(r.cp);
	return r;
}

static bool rune_in_chain(const struct rune *r)
{
	return r->script > SCRIPT_JOINED && r->script < SCRIPT_UNSPACED;
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

/* A text that is full takes nothing more, lest a later short character follow a longer one left out. */
static void part_add(struct part *p, uint32_t cp)
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
	[SCRIPT_LATIN] = "english",
	[SCRIPT_GREEK] = "greek",
	[SCRIPT_CYRILLIC] = "russian",
	[SCRIPT_ARMENIAN] = "armenian",
	[SCRIPT_ARABIC] = "arabic",
	[SCRIPT_DEVANAGARI] = "hindi",
	[SCRIPT_TAMIL] = "tamil",
};

/* Without a stemmer (an unknown build of the library) the word stays as it is. */
static int stem(struct words *w, enum script script, struct word *word)
{
	struct sb_stemmer *s = w->stemmers[script];
	const sb_symbol *out;

	word->term = word->plain;
	word->n = word->plain_n;
	if (!algorithms[script])
		return 0;
	if (!s)
		s = w->stemmers[script] = sb_stemmer_new(algorithms[script], "UTF_8");
	if (!s)
		return 0;
	out = sb_stemmer_stem(s, (const sb_symbol *)word->plain, (int)word->plain_n);
	if (!out)
		return -ENOMEM;
	if (sb_stemmer_length(s) > 0 && sb_stemmer_length(s) <= WORD_MAX) {
		word->term = (const char *)out;
		word->n = (size_t)sb_stemmer_length(s);
	}
	return 0;
}

static int give(struct words *w, enum script script, struct word *word)
{
	int r = stem(w, script, word);

	return r ? r : w->fn(w->ctx, word);
}

/* ---- the whole of several parts ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Between digits the joint has a meaning (3.5, 1.2.9, 2018-10-31), but for the comma of thousands. */
static bool joint_stays(const struct part *before, const struct part *p)
{
	return p->joined && p->joint != ',' && before->n && is_digit(before->text[before->n - 1]) &&
		is_digit(p->text[0]);
}

/* The parts from..to glued together. False: longer than a term may be. *letters: nothing but one script's. */
static bool whole_of(const struct words *w, size_t from, size_t to, char out[WORD_MAX], struct word *word,
	enum script *script)
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

	if (to - from < 2 || to - from > WHOLE_PARTS || !whole_of(w, from, to, text, &word, &script))
		return 0;
	word.colocated = *given;
	*given = true;
	return give(w, script, &word);
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

	return give(w, p->script, &word);
}

/* One word of the chain: its first visible part, the wholes that stand at its place, its other parts. */
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

/* A single letter beside a number or another part (the K of 10K, the i of iPhone) says nothing alone. */
static void hide_parts(struct words *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct part *p = &w->parts[i];

		p->hidden = !p->n || (to - from > 1 && p->n == 1 && p->script != SCRIPT_DIGIT);
	}
}

static int give_chain(struct words *w)
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

/* ---- reading a chain ---- */

/* Does a new part begin at `at`? One case, one script or digits alone make a part: foo|Bar, HTTP|Server, FY|2018. */
static bool part_begins(const struct words *w, size_t at, const struct rune *before, const struct rune *r)
{
	struct rune next, after;

	if (r->script != before->script)
		return true;
	if (!fold_upper(r->cp))
		return false;
	if (!fold_upper(before->cp))
		return true;
	next = rune_at(w, at + r->n);
	after = rune_at(w, at + r->n + next.n);
	return rune_in_chain(&next) && next.script == r->script && !fold_upper(next.cp) &&
		rune_in_chain(&after) && after.script == r->script && !fold_upper(after.cp);
}

/* Room for the part is the caller's care. */
static struct part *part_open(struct words *w, size_t at, enum script script, char joint)
{
	struct part *p = &w->parts[w->nparts++];

	p->n = 0;
	p->last = 0;
	p->start = p->end = at;
	p->script = script;
	p->joined = joint != 0;
	p->joint = joint;
	p->hidden = false;
	return p;
}

/* Letters and digits without a joint. False: the chain is full, and w->pos stands on what is left. */
static bool read_run(struct words *w, char joint)
{
	struct rune before = { 0 };
	struct part *p = NULL;

	for (;;) {
		struct rune r = rune_at(w, w->pos);

		if (r.script == SCRIPT_JOINED && p) {
			part_add(p, r.cp);
			w->pos += r.n;
			p->end = w->pos;
			continue;
		}
		if (!r.n || !rune_in_chain(&r))
			return true;
		if (!p || part_begins(w, w->pos, &before, &r)) {
			if (w->nparts == PARTS_MAX)
				return false;
			p = part_open(w, w->pos, r.script, p ? 0 : joint);
		}
		part_add(p, r.cp);
		w->pos += r.n;
		p->end = w->pos;
		before = r;
	}
}

/* An apostrophe inside a word: 1 byte, or 3 for the typographic ones; 0: none here. */
static size_t apostrophe(const struct words *w, size_t at)
{
	struct rune r = rune_at(w, at);

	return r.n && (r.cp == '\'' || r.cp == 0x2019 || r.cp == 0x02bc) ? r.n : 0;
}

/* After n't, 's, 'll and the like the word is over; what they are made of is not worth a term. */
static void skip_clitic(struct words *w)
{
	static const char *const clitics[] = { "s", "t", "d", "m", "ll", "re", "ve" };
	size_t mark = apostrophe(w, w->pos), at = w->pos + mark, len = 0;
	struct rune r;

	if (!mark || !w->nparts || w->parts[w->nparts - 1].script != SCRIPT_LATIN)
		return;
	while (len < 3 && at + len < w->n && fold_script((unsigned char)w->text[at + len]) == SCRIPT_LATIN)
		len++;
	r = rune_at(w, at + len);
	if (r.n && r.script != SCRIPT_NONE)
		return;
	for (size_t i = 0; i < sizeof(clitics) / sizeof(*clitics); i++)
		if (strlen(clitics[i]) == len && !strncasecmp(w->text + at, clitics[i], len))
			w->pos = at + len;
}

/* Does the chain go on behind a joint here? The joint, or 0. */
static char joint_at(const struct words *w)
{
	struct rune next;
	char c;

	if (w->pos + 1 >= w->n)
		return 0;
	c = w->text[w->pos];
	if (c != '_' && c != '.' && c != '-' && c != ',')
		return 0;
	next = rune_at(w, w->pos + 1);
	if (!rune_in_chain(&next))
		return 0;
	if (c == ',' && (next.script != SCRIPT_DIGIT || w->parts[w->nparts - 1].script != SCRIPT_DIGIT))
		return 0;
	return c;
}

/* C++, C#, F#: a mark right behind one or two letters is part of the name. */
static int give_sharp(struct words *w)
{
	struct part *p = &w->parts[w->nparts - 1];
	size_t plus = 0;
	struct rune next;
	struct word word;
	char text[4];

	while (plus < 2 && w->pos + plus < w->n && w->text[w->pos + plus] == '+')
		plus++;
	if (plus != 2)
		plus = w->pos < w->n && w->text[w->pos] == '#' ? 1 : 0;
	next = rune_at(w, w->pos + plus);
	if (!plus || w->nparts != 1 || p->n > 2 || p->script != SCRIPT_LATIN || rune_in_chain(&next))
		return give_chain(w);
	memcpy(text, p->text, p->n);
	memcpy(text + p->n, w->text + w->pos, plus);
	word = (struct word){
		.plain = text,
		.plain_n = p->n + plus,
		.start = p->start,
		.end = p->end + plus,
		.group = w->group,
	};
	w->pos += plus;
	w->group++;
	w->nparts = 0;
	return give(w, SCRIPT_OTHER, &word);
}

static int chain(struct words *w)
{
	char joint = 0;

	while (read_run(w, joint)) {
		skip_clitic(w);
		joint = joint_at(w);
		if (!joint || w->nparts == PARTS_MAX)
			break;
		w->pos++;
	}
	return give_sharp(w);
}

/* ---- writing without spaces ---- */

/* The last characters read, each with its marks. */
struct ring {
	struct part v[3];
	size_t count; /* read so far: the last is v[(count - 1) % 3] */
};

static int give_gram(struct words *w, const struct ring *ring, size_t size)
{
	size_t first = ring->count > size ? ring->count - size : 0;
	char text[WORD_MAX];
	struct word word = { .plain = text, .start = ring->v[first % 3].start, .group = w->group, .gram = true };

	for (size_t i = first; i < ring->count; i++) {
		const struct part *p = &ring->v[i % 3];

		if (p->n > WORD_MAX - word.plain_n)
			break;
		memcpy(text + word.plain_n, p->text, p->n);
		word.plain_n += p->n;
		word.end = p->end;
	}
	return word.plain_n ? give(w, SCRIPT_OTHER, &word) : 0;
}

/* A mark, or a piece of a decomposed letter, belongs to the character before it. */
static bool joins(const struct ring *ring, const struct rune *r)
{
	uint32_t folded[FOLD_MAX];

	if (!ring->count || !r->n || r->script == SCRIPT_JOINED)
		return ring->count && r->n;
	return r->script == SCRIPT_CJK && fold_char(r->cp, folded) == 1 &&
		(fold_drops(folded[0]) || fold_compose(ring->v[(ring->count - 1) % 3].last, folded[0]));
}

/* Overlapping grams of `size` characters; a run shorter than that is one term. */
static int grams(struct words *w, enum script script, size_t size)
{
	struct ring ring = { .count = 0 };
	bool given = false;
	int r = 0;

	for (;;) {
		struct rune u = rune_at(w, w->pos);
		bool joined = joins(&ring, &u), more = joined || (u.n && u.script == script);
		struct part *p;

		/* only now it is sure that no mark follows the last one */
		if (!joined && (ring.count >= size || (!more && !given))) {
			given = true;
			r = give_gram(w, &ring, size);
		}
		if (r || !more)
			break;
		if (!joined)
			ring.v[ring.count++ % 3] = (struct part){ .start = w->pos };
		p = &ring.v[(ring.count - 1) % 3];
		part_add(p, u.cp);
		w->pos += u.n;
		p->end = w->pos;
	}
	w->group++;
	return r;
}

int words_each(const char *text, size_t n, void *ctx, word_fn fn)
{
	struct words w;
	int r = 0;

	w.text = text;
	w.n = n;
	w.pos = 0;
	w.ctx = ctx;
	w.fn = fn;
	w.group = 0;
	w.nparts = 0;
	memset(w.stemmers, 0, sizeof(w.stemmers));
	while (!r && w.pos < n) {
		struct rune u = rune_at(&w, w.pos);

		if (rune_in_chain(&u))
			r = chain(&w);
		else if (u.script == SCRIPT_CJK)
			r = grams(&w, SCRIPT_CJK, 2);
		else if (u.script == SCRIPT_UNSPACED)
			r = grams(&w, SCRIPT_UNSPACED, 3);
		else
			w.pos += u.n;
	}
	for (size_t i = 0; i < SCRIPT_CJK; i++)
		sb_stemmer_delete(w.stemmers[i]);
	return r;
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

int words_split(const char *text, size_t n, void *ctx, words_emit_fn emit)
{
	struct split s = { ctx, emit };

	return words_each(text, n, &s, split_word);
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
