/* The check of an answer that cites: what its numbers name, and whether that says the same. */
#include <math.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/library/cite_words.h"
#include "daemon/library/library.h"
#include "daemon/library/marker.h"
#include "daemon/library/sentence.h"
#include "daemon/library/stop.h"

/* below this share of a sentence's words in the passage it cites: doubt */
#define WEAK 0.30
#define PENDING_MAX 32  /* numbers on one sentence */
#define FIGURES_MAX 8   /* that are in no source, named */
#define NAMING 0.5      /* a line of a list of sources has this share of its words in the name of one */
#define PREFIX_MAX 64   /* bytes of marks of quotations and lists before a line's text */
#define CODE_MAX 4096   /* of inline code: what is longer is a backtick by itself */

/* ---- the check ---- */

struct check {
	const char *s;
	size_t n;
	struct source_list *sources;
	struct marks *out;
	struct hashes *words; /* of each source */
	struct hashes *names; /* ... of what it is called */
	bool listing;         /* the sentence is a line that a marker begins */
	struct buf text; /* of the sentence read now, without its markers */
	struct mark pending[PENDING_MAX]; /* the markers of that sentence */
	size_t npending;
	struct hashes sentence;
	char *figures[FIGURES_MAX]; /* in the answer and in no source */
	size_t nfigures;
	size_t prose_end, code_end; /* of the prose and of the inline code that is read now */
};

static void read_sources(struct check *c)
{
	c->words = mem_new((c->sources->n + 1) * sizeof(*c->words));
	c->names = mem_new((c->sources->n + 1) * sizeof(*c->names));
	for (size_t i = 0; i < c->sources->n; i++) {
		struct source *s = &c->sources->v[i];

		s->cited = false;
		s->support = -1;
		hashes_add(&c->words[i], s->quote);
		hashes_add(&c->words[i], s->title);
		hashes_add(&c->names[i], s->path);
		hashes_add(&c->names[i], s->title);
		hashes_add(&c->names[i], s->url);
		hashes_sort(&c->words[i]);
		hashes_sort(&c->names[i]);
	}
}

/* A word that many of the sources have tells little about one of them. */
static double weight_of(const struct check *c, uint64_t word)
{
	double df = 0;

	for (size_t i = 0; i < c->sources->n; i++)
		df += hashes_have(&c->words[i], word);
	return log(1 + ((double)c->sources->n + 1) / (df + 0.5));
}

/* The share of the sentence's words, by weight, that a source has. */
static double share_in(const struct check *c, size_t source)
{
	double all = 0, has = 0;

	for (size_t i = 0; i < c->sentence.n; i++) {
		double weight = weight_of(c, c->sentence.v[i]);

		all += weight;
		has += hashes_have(&c->words[source], c->sentence.v[i]) ? weight : 0;
	}
	return all > 0 ? has / all : 1; /* "Yes. [1]": nothing to hold against it */
}

/* "[1] report.txt, page 3": a list of sources, as many answers end with, says nothing that a source could hold. */
static bool names_source(const struct check *c, size_t source)
{
	size_t has = 0;

	for (size_t i = 0; i < c->sentence.n; i++)
		has += hashes_have(&c->names[source], c->sentence.v[i]);
	return c->listing && has && (double)has >= NAMING * (double)c->sentence.n;
}

/* Its index, or the number of sources. */
static size_t source_numbered(const struct check *c, int n)
{
	size_t i = 0;

	while (i < c->sources->n && c->sources->v[i].n != n)
		i++;
	return i;
}

static void judge_mark(struct check *c, struct mark m, double parts)
{
	size_t at = source_numbered(c, m.n);
	struct source *source = &c->sources->v[at];

	m.support = -1;
	m.verdict = MARK_UNKNOWN;
	if (at < c->sources->n) {
		m.support = names_source(c, at) ? 1 : fmin(1, share_in(c, at) * parts);
		m.verdict = m.support < WEAK ? MARK_WEAK : MARK_OK;
		source->support = source->cited ? fmin(source->support, m.support) : m.support;
		source->cited = true;
	}
	marks_add(c->out, m);
}

static size_t distinct_numbers(const struct check *c)
{
	size_t distinct = 0;

	for (size_t i = 0; i < c->npending; i++) {
		size_t k = 0;

		while (k < i && c->pending[k].n != c->pending[i].n)
			k++;
		distinct += k == i;
	}
	return distinct;
}

/* ---- figures ---- */

static bool is_supported_figure(const struct check *c, const char *figure)
{
	for (size_t i = 0; i < c->sources->n; i++)
		if (c->sources->v[i].quote && figure_in(c->sources->v[i].quote, figure))
			return true;
	for (size_t i = 0; i < c->nfigures; i++)
		if (!strcmp(c->figures[i], figure))
			return true; /* said already */
	return false;
}

/* Of a sentence that cites: a single digit is mostly no figure but the number of an item. */
static void check_figures(struct check *c)
{
	const char *s = (const char *)c->text.data;
	char figure[32];
	size_t len, first = source_numbered(c, c->pending[0].n);

	if (first < c->sources->n && names_source(c, first))
		return; /* of a page, or a line */
	for (size_t i = 0; i < c->text.len && c->nfigures < FIGURES_MAX; i += len) {
		len = 1;
		if (s[i] < '0' || s[i] > '9')
			continue;
		len = figure_read(s + i, c->text.len - i, figure);
		if (strlen(figure) > 1 && !is_supported_figure(c, figure))
			c->figures[c->nfigures++] = mem_dup(figure);
	}
}

/* ---- sentences ---- */

/* A sentence that names several sources has its words from all of them together: each need hold its
 * part only. */
static void check_sentence(struct check *c)
{
	double parts = (double)min_of(distinct_numbers(c), (size_t)3);

	c->sentence.n = 0;
	if (c->npending) {
		c->sentence.stops = stop_guess((const char *)c->text.data, c->text.len, 0);
		hashes_read(&c->sentence, (const char *)c->text.data, c->text.len);
		hashes_sort(&c->sentence);
		check_figures(c);
	}
	for (size_t i = 0; i < c->npending; i++)
		judge_mark(c, c->pending[i], parts);
	c->npending = 0;
	c->listing = false;
	buf_reset(&c->text);
}

/* ---- markers and lines ---- */

/* Where its line begins, behind what makes it a quotation or the item of a list; n where that is far off. */
static size_t line_begin(const struct check *c, size_t at, bool *item)
{
	size_t from = at, digits;

	*item = false;
	while (from && c->s[from - 1] != '\n')
		if (at - --from > PREFIX_MAX)
			return c->n;
	while (from < at && memchr(" \t>-*+", c->s[from], 6)) {
		*item = *item || memchr("-*+", c->s[from], 3);
		from++;
	}
	for (digits = 0; from + digits < at && c->s[from + digits] >= '0' && c->s[from + digits] <= '9';)
		digits++;
	if (digits && from + digits < at && memchr(".)", c->s[from + digits], 2)) {
		*item = true;
		for (from += digits + 1; from < at && c->s[from] == ' ';)
			from++;
	}
	return from;
}

/* What stands before a line has ended: it is the first one, or a blank line, a full stop or a colon comes before. */
static bool begins_anew(const struct check *c, size_t line)
{
	size_t lines = 0;

	while (line && memchr(" \t\r\n*_", c->s[line - 1], 6))
		lines += c->s[--line] == '\n';
	return !line || lines > 1 || memchr(".:!?", c->s[line - 1], 4);
}

/* The marker begins its line, and words follow: they are what it stands for. */
static bool begins_line(const struct check *c, size_t at, size_t len, size_t to)
{
	bool item;
	size_t behind = at + len;

	if (line_begin(c, at, &item) != at)
		return false;
	while (behind < to && memchr(" \t:*_.,;", c->s[behind], 8))
		behind++;
	if (behind >= to || c->s[behind] == '\n' || c->s[behind] == '\r' || c->s[behind] == '[')
		return false;
	return item || c->listing || begins_anew(c, at);
}

/* The marker at `at`, if there is one: its bytes. "[^1]: words" is the footnote itself, which cites nothing. */
static size_t take_marker(struct check *c, size_t at, size_t to)
{
	struct marker m = { .n = 0 };
	size_t len = marker_read(c->s, to, at, &m);
	bool item;

	if (len && at + len < to && c->s[at + len] == ':' && c->s[at + 1] == '^' && line_begin(c, at, &item) == at)
		return 0;
	if (len && begins_line(c, at, len, to)) {
		check_sentence(c);
		c->listing = true;
	}
	for (size_t i = 0; len && i < m.n && c->npending < PENDING_MAX; i++)
		c->pending[c->npending++] = (struct mark){ .n = m.v[i], .off = at, .len = len };
	return len;
}

static size_t ticks_at(const struct check *c, size_t at)
{
	size_t n = 0;

	while (at + n < c->prose_end && n < CODE_MAX && c->s[at + n] == '`')
		n++;
	return n;
}

/* Where the inline code ends that begins at `at`: at as many backticks, wherever a sentence may seem to end before. */
static size_t code_end(const struct check *c, size_t at)
{
	size_t ticks = ticks_at(c, at), other, last = min_of(c->prose_end, at + ticks + CODE_MAX);

	for (size_t end = at + ticks; end < last; end += max_of(other, (size_t)1)) {
		other = ticks_at(c, end);
		if (other == ticks)
			return end + ticks;
	}
	return at + ticks; /* never closed: none */
}

/* Markers and words of s[from, to); the markers before the first word belong to the sentence
 * before. */
static void read_sentence(struct check *c, size_t from, size_t to)
{
	bool words = false;

	for (size_t at = from; at < to;) {
		bool code = at < c->code_end;
		size_t len = code ? 0 : take_marker(c, at, to);
		bool blank = c->s[at] == ' ' || (c->s[at] >= '\t' && c->s[at] <= '\r');

		words = words || (len && c->listing);
		if (!len && !blank && !words) {
			check_sentence(c);
			words = true;
		}
		if (!len && !code && c->s[at] == '`') { /* inline code does not cite */
			c->code_end = code_end(c, at);
			code = true;
		}
		if (code) {
			len = min_of(c->code_end, to) - at;
			buf_add(&c->text, c->s + at, len);
		} else if (!len) {
			buf_add_byte(&c->text, (uint8_t)c->s[at]);
			len = 1;
		}
		at += len;
	}
}

static bool is_fence(const char *s, size_t n, size_t at)
{
	while (at < n && (s[at] == ' ' || s[at] == '>'))
		at++;
	return n - at >= 3 && (!memcmp(s + at, "```", 3) || !memcmp(s + at, "~~~", 3));
}

/* The end of the prose that begins at a line: up to the next fence. */
static size_t prose_end(const char *s, size_t n, size_t at)
{
	while (at < n && !is_fence(s, n, at)) {
		const char *end = memchr(s + at, '\n', n - at);

		at = end ? (size_t)(end - s) + 1 : n;
	}
	return at;
}

static size_t fence_end(const char *s, size_t n, size_t at)
{
	bool first = true;

	while (at < n) {
		bool fence = is_fence(s, n, at);
		const char *end = memchr(s + at, '\n', n - at);

		at = end ? (size_t)(end - s) + 1 : n;
		if (fence && !first)
			break;
		first = false;
	}
	return at;
}

static void read_prose(struct check *c, size_t at, size_t to)
{
	c->prose_end = to;
	c->code_end = at;
	while ((at = sentence_skip_space(c->s, to, at)) < to) {
		size_t end = sentence_end(c->s, to, at);

		read_sentence(c, at, end);
		at = end;
	}
}

static void report(struct check *c, struct buf *notes)
{
	size_t weak = 0;

	marks_strangers(c->out, notes);
	for (size_t i = 0; i < c->sources->n; i++)
		if (c->sources->v[i].cited && c->sources->v[i].support < WEAK)
			buf_addf(notes, "%s[%d]", weak++ ? ", " : "", c->sources->v[i].n);
	if (weak)
		buf_add_str(notes, weak > 1 ? " are weakly supported\n" : " is weakly supported\n");
	for (size_t i = 0; i < c->nfigures; i++) {
		buf_addf(notes, "%s is in no source\n", c->figures[i]);
		c->figures[i] = mem_free(c->figures[i]);
	}
}

void library_check_citations(
	const char *answer, size_t n, struct source_list *sources, struct marks *marks, struct buf *notes)
{
	struct check c = { .s = answer, .n = n, .sources = sources, .out = marks };

	buf_init(&c.text, 65536);
	read_sources(&c);
	for (size_t at = 0; at < n;) {
		size_t end = prose_end(answer, n, at);

		read_prose(&c, at, end);
		check_sentence(&c);
		at = fence_end(answer, n, end);
	}
	report(&c, notes);
	for (size_t i = 0; i < sources->n; i++) {
		mem_free(c.words[i].v);
		mem_free(c.names[i].v);
	}
	mem_free(c.words);
	mem_free(c.names);
	mem_free(c.sentence.v);
	buf_fini(&c.text);
}
