/* Scores sentences: what of the question is in them, in what is beside them, and how well their
 * passage ranks. */
#include "daemon/library/quote.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "common/attr.h"
#include "common/utf8.h"
#include "daemon/library/chunk.h"
#include "daemon/library/fold.h"
#include "daemon/library/sentence.h"

#define NEIGHBOUR 0.25 /* worth of a question's word that only the sentence beside it has */
#define PASSAGE 0.5    /* worth of the passage's rank */
#define KIND 0.12      /* ... of holding a number where one is asked for, a name where one is */
#define SHORT_WORDS 5
#define LONG_WORDS 60
#define SIGNS 0.1      /* of a sentence's bytes: more of them is markup, a prototype, a table of contents */
#define WORTH 0.6   /* a further quote covers so much of what the best one covers */
#define LINES_MAX 8 /* of source in one quote */
#define QUOTE_BYTES 400 /* of a sentence with those beside it: more would not be read */

/* What kind of thing answers the question. */
enum wanted { WANTED_ANYTHING, WANTED_NUMBER, WANTED_YEAR, WANTED_NAME };

struct sentence {
	size_t start, end;
	size_t words;
	size_t signs; /* bytes of punctuation */
	bool number, year, name;
	bool code;    /* of a fenced block: its lines */
	size_t table; /* where the table begins whose row it is, + 1; 0: none */
	struct query_seen seen;
};

/* ---- what is asked for ---- */

static bool begins_with(const char *s, size_t n, const char *word)
{
	size_t len = strlen(word);

	return n >= len && !strncasecmp(s, word, len) &&
	       (n == len || fold_script((unsigned char)s[len]) == SCRIPT_NONE);
}

/* Question words anywhere: "In what year", "Since when", "The battle was won by whom". English
 * only. */
static enum wanted wanted_of(const char *s, size_t n)
{
	static const struct {
		const char *words;
		enum wanted wanted;
	} signs[] = {
		{ "how many", WANTED_NUMBER },
		{ "how much", WANTED_NUMBER },
		{ "how old", WANTED_NUMBER },
		{ "how long", WANTED_NUMBER },
		{ "how far", WANTED_NUMBER },
		{ "how large", WANTED_NUMBER },
		{ "how tall", WANTED_NUMBER },
		{ "how high", WANTED_NUMBER },
		{ "how fast", WANTED_NUMBER },
		{ "how often", WANTED_NUMBER },
		{ "what percentage", WANTED_NUMBER },
		{ "what percent", WANTED_NUMBER },
		{ "what number", WANTED_NUMBER },
		{ "what year", WANTED_YEAR },
		{ "which year", WANTED_YEAR },
		{ "what date", WANTED_YEAR },
		{ "what century", WANTED_NUMBER },
		{ "when", WANTED_YEAR },
		{ "who", WANTED_NAME },
		{ "whom", WANTED_NAME },
		{ "whose", WANTED_NAME },
	};

	for (size_t at = 0; at < n; at++) {
		if (at && fold_script((unsigned char)s[at - 1]) != SCRIPT_NONE)
			continue;
		for (size_t i = 0; i < array_len(signs); i++)
			if (begins_with(s + at, n - at, signs[i].words))
				return signs[i].wanted;
	}
	return WANTED_ANYTHING;
}

/* A capital that does not begin the sentence is taken for a name's. */
static void look_at_kind(struct sentence *s, const char *text, size_t n)
{
	size_t digits = 0;

	for (size_t i = 0; i < n; i++) {
		bool begins =
			i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n' || text[i - 1] == '(';

		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
		s->number = s->number || digits;
		s->year = s->year || digits == 4;
		s->name = s->name || (i && begins && text[i] >= 'A' && text[i] <= 'Z');
		s->words += begins;
		s->signs += ispunct((unsigned char)text[i]) != 0;
	}
	/* writing without spaces: a third of the bytes are characters, two of which make a word */
	if (n && (text[0] & 0x80) && s->words < n / 60)
		s->words = n / 6;
}

static bool is_kind(const struct sentence *s, enum wanted wanted)
{
	switch (wanted) {
	case WANTED_NUMBER:
		return s->number;
	case WANTED_YEAR:
		return s->year;
	case WANTED_NAME:
		return s->name;
	case WANTED_ANYTHING:
		break;
	}
	return false;
}

/* ---- the sentences of a span ---- */

struct chooser {
	const struct query *q;
	const struct spans *spans;
	enum wanted wanted;
	struct quote best[QUOTES_MAX * 4]; /* more than are given, for those that say the same */
	size_t n;
};

static void keep(struct chooser *c, struct quote quote)
{
	size_t at = c->n;

	if (c->n == array_len(c->best) && quote.score <= c->best[c->n - 1].score)
		return;
	if (c->n < array_len(c->best))
		c->n++;
	else
		at--;
	for (; at && c->best[at - 1].score < quote.score; at--)
		c->best[at] = c->best[at - 1];
	c->best[at] = quote;
}

static double length_penalty(const struct sentence *s)
{
	if (s->words < SHORT_WORDS)
		return 0.06 * (double)(SHORT_WORDS - s->words);
	if (s->words > LONG_WORDS)
		return fmin(0.3, 0.005 * (double)(s->words - LONG_WORDS));
	return 0;
}

/* Who asks reads: what is made of signs says less, with the same words in it. Rows and source are made of them. */
static double signs_penalty(const struct sentence *s)
{
	double share = s->end > s->start ? (double)s->signs / (double)(s->end - s->start) : 0;

	return s->code || s->table || share <= SIGNS ? 0 : fmin(0.3, 2 * (share - SIGNS));
}

static void seen_add(struct query_seen *to, const struct query_seen *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to->terms[i] = to->terms[i] || from->terms[i];
}

/* |---|:--:|, which stands below the heads of a table's columns. */
static bool is_rule(const char *s, size_t n)
{
	size_t i = 0, dashes = 0;

	for (; i < n && s[i] != '\n' && s[i] != '\r'; i++) {
		if (!strchr("|-: \t", s[i]) || !s[i])
			return false;
		dashes += s[i] == '-';
	}
	return dashes > 0;
}

/* A heading, or what stands over a table: it tells what is said, but says nothing. A row says something. */
static bool is_title(const char *s, size_t n)
{
	const char *next = n ? memchr(s, '\n', n) : NULL;

	if (!n || *s == '#')
		return n > 0;
	return *s == '|' && (is_rule(s, n) || (next && is_rule(next + 1, n - (size_t)(next + 1 - s))));
}

/* `beside`: what is said around it, headings included. */
static void judge(struct chooser *c, size_t span, const struct sentence *s,
	const struct query_seen *beside, bool lines)
{
	const struct spans *all = c->spans;
	struct query_seen both = s->seen;
	double own = query_coverage(c->q, &s->seen), score;

	if (s->start == s->end || (!lines && is_title(all->v[span].text + s->start, all->v[span].n - s->start)))
		return;
	seen_add(&both, beside, c->q->nterms);
	own += NEIGHBOUR * (query_coverage(c->q, &both) - own);
	score = own + PASSAGE * all->v[span].score / all->v[0].score - length_penalty(s) -
		(lines ? 0 : signs_penalty(s)) + (is_kind(s, c->wanted) ? KIND : 0);
	keep(c, (struct quote){ span, s->table && s->end - s->table < QUOTE_BYTES ? s->table - 1 : s->start, s->end,
			lines || s->code || s->table, own, score });
}

static bool is_source(const struct span *s)
{
	return text_kind(s->best->name, "", 0) == TEXT_CODE;
}

/* Source: a few lines, to a blank line where there is one near. */
static size_t lines_end(const char *s, size_t n, size_t at)
{
	size_t count = 0;

	for (; at < n; at++) {
		if (s[at] != '\n')
			continue;
		if (++count == LINES_MAX || (at + 1 < n && s[at + 1] == '\n'))
			return at;
	}
	return n;
}

/* ``` or ~~~ at the beginning of a line. */
static bool is_fence(const char *s, size_t n, size_t at)
{
	return n - at >= 3 && (!memcmp(s + at, "```", 3) || !memcmp(s + at, "~~~", 3)) && (!at || s[at - 1] == '\n');
}

static size_t next_line(const char *s, size_t n, size_t at)
{
	const char *end = at < n ? memchr(s + at, '\n', n - at) : NULL;

	return end ? (size_t)(end - s) + 1 : n;
}

/* The lines within the fenced block at `at`, some of a long one; where it ends. */
static size_t take_fenced(const struct span *p, size_t at, struct sentence *s)
{
	size_t end = next_line(p->text, p->n, at), count = 0;

	s->code = true;
	s->start = s->end = end;
	for (; end < p->n && !is_fence(p->text, p->n, end); end = next_line(p->text, p->n, end))
		if (count++ < LINES_MAX)
			s->end = next_line(p->text, p->n, end);
	while (s->end > s->start && p->text[s->end - 1] == '\n')
		s->end--;
	return next_line(p->text, p->n, end);
}

static bool next_sentence(
	const struct chooser *c, const struct span *p, bool lines, size_t *at, struct sentence *s)
{
	size_t from = sentence_skip_space(p->text, p->n, *at);

	*s = (struct sentence){ .start = from };
	if (from >= p->n)
		return false;
	if (!lines && is_fence(p->text, p->n, from)) {
		*at = take_fenced(p, from, s);
	} else if (lines) {
		while (s->start > *at && p->text[s->start - 1] != '\n')
			s->start--; /* the indentation of its first line is part of it */
		*at = s->end = lines_end(p->text, p->n, s->start);
	} else {
		*at = s->end = sentence_end(p->text, p->n, from);
	}
	query_look(c->q, p->text + s->start, s->end - s->start, &s->seen);
	look_at_kind(s, p->text + s->start, s->end - s->start);
	return true;
}

struct table {
	size_t start; /* of the line over its columns, + 1; 0: none */
	struct query_seen heads;
};

/* A row of a table says what it says of its columns: the words over it are its own, and shown with it. */
static void take_row(const struct chooser *c, const struct span *p, struct sentence *s, struct table *t)
{
	if (s->code || p->text[s->start] != '|') {
		*t = (struct table){ 0 };
	} else if (is_title(p->text + s->start, p->n - s->start)) {
		t->start = t->start ? t->start : s->start + 1;
		seen_add(&t->heads, &s->seen, c->q->nterms);
	} else {
		s->table = t->start ? t->start : s->start + 1;
		seen_add(&s->seen, &t->heads, c->q->nterms);
	}
}

static void judge_span(struct chooser *c, size_t span)
{
	const struct span *p = &c->spans->v[span];
	struct query_seen titles = { 0 }, beside;
	struct table table = { 0 };
	struct sentence before = { 0 }, now, next;
	bool lines = is_source(p), more;
	size_t at = 0;

	for (size_t i = 0; i < p->nparts; i++)
		if (p->parts[i].heading)
			query_look(c->q, p->parts[i].heading, strlen(p->parts[i].heading), &titles);
	query_look(c->q, p->best->name, strlen(p->best->name), &titles);
	more = next_sentence(c, p, lines, &at, &now);
	while (more) {
		more = next_sentence(c, p, lines, &at, &next);
		if (!lines && now.start < now.end)
			take_row(c, p, &now, &table);
		beside = titles;
		seen_add(&beside, &before.seen, c->q->nterms);
		seen_add(&beside, &next.seen, c->q->nterms);
		judge(c, span, &now, &beside, lines);
		before = now;
		now = next;
	}
}

/* ---- the choice ---- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The same but for white space. */
static bool same_text(const char *a, size_t an, const char *b, size_t bn)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < an && is_space(a[i]))
			i++;
		while (j < bn && is_space(b[j]))
			j++;
		if (i == an || j == bn)
			return i == an && j == bn;
		if (a[i++] != b[j++])
			return false;
	}
}

static bool is_repeat(const struct spans *s, const struct quote *v, size_t n, const struct quote *q)
{
	const char *text = s->v[q->span].text + q->start;

	for (size_t i = 0; i < n; i++)
		if (same_text(s->v[v[i].span].text + v[i].start, v[i].end - v[i].start, text,
			    q->end - q->start))
			return true;
	return false;
}

size_t quotes_choose(const struct query *q, const struct spans *s, struct quote out[QUOTES_MAX])
{
	struct chooser c = { .q = q, .spans = s, .wanted = wanted_of(q->asked, q->asked_len) };
	size_t n = 0;

	for (size_t i = 0; i < min_of(s->n, (size_t)QUOTES_SPANS); i++)
		judge_span(&c, i);
	for (size_t i = 0; i < c.n && n < QUOTES_MAX; i++)
		if (c.best[i].own >= WORTH * c.best[0].own && !is_repeat(s, out, n, &c.best[i]))
			out[n++] = c.best[i];
	return n;
}

/* ---- reading on ---- */

#define BARE_BYTES 60 /* a sentence shorter than this says little alone */
#define BEFORE_BYTES 300

static bool leans_back(const char *s, size_t n)
{
	static const char *const pronouns[] = { "it", "its", "this", "that", "these", "those",
		"they", "their", "he", "she", "his", "her", "such", "both", "here", "there",
		"however", "therefore", "thus" };

	for (size_t i = 0; i < array_len(pronouns); i++)
		if (begins_with(s, n, pronouns[i]))
			return true;
	return n < BARE_BYTES;
}

/* Do two sentences stand in one paragraph, not in two items of a list? */
static bool same_paragraph(const struct span *p, size_t from, size_t to)
{
	size_t lines = 0, last = from;

	for (size_t i = from; i < to; i++) {
		if (p->text[i] == '\n' && ++lines > 1)
			return false;
		if (p->text[i] == '\n')
			last = i + 1;
	}
	return !lines || !sentence_line_opens(p->text, p->n, last);
}

/* Where the sentence before the one at `at` begins; `at` when there is none to go with it. */
static size_t sentence_before(const struct span *p, size_t at)
{
	size_t from = sentence_skip_space(p->text, p->n, 0), end = from;

	while (from < at) {
		size_t next;

		end = sentence_end(p->text, p->n, from);
		next = sentence_skip_space(p->text, p->n, end);
		if (next >= at)
			break;
		from = next;
	}
	if (from >= at || end > at || is_title(p->text + from, at - from) ||
		!same_paragraph(p, end, at))
		return at;
	return from;
}

/* The end of the sentence after the one that ends at `end`; `end` when there is none to go with it. */
static size_t sentence_after(const struct span *p, size_t end)
{
	size_t from = sentence_skip_space(p->text, p->n, end);

	if (from >= p->n || is_title(p->text + from, p->n - from) || !same_paragraph(p, end, from))
		return end;
	return sentence_end(p->text, p->n, from);
}

/* What a sentence leans on comes along in any case, the others beside it as far as there is room. */
static void widen(const struct spans *s, struct quote *q)
{
	const struct span *p = &s->v[q->span];
	size_t before, after;

	if (q->lines)
		return;
	before = sentence_before(p, q->start);
	if (q->start - before <= BEFORE_BYTES && (q->end - before <= QUOTE_BYTES ||
							 leans_back(p->text + q->start, q->end - q->start)))
		q->start = before;
	after = sentence_after(p, q->end);
	if (after - q->start <= QUOTE_BYTES)
		q->end = after;
}

/* Nothing but white space between them, or they overlap. */
static bool touch(const struct spans *s, const struct quote *a, const struct quote *b)
{
	if (a->span != b->span)
		return false;
	if (a->start > b->start)
		return touch(s, b, a);
	return sentence_skip_space(s->v[a->span].text, s->v[a->span].n, a->end) >= b->start;
}

size_t quotes_widen(const struct spans *s, struct quote *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t with = 0;

		widen(s, &v[i]);
		while (with < kept && !touch(s, &v[with], &v[i]))
			with++;
		if (with == kept) {
			v[kept++] = v[i];
			continue;
		}
		v[with].start = min_of(v[with].start, v[i].start);
		v[with].end = max_of(v[with].end, v[i].end);
	}
	return kept;
}
