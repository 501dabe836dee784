/* What was found, put before people and models: numbered sources, a prompt, an answer in quotes. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/library/retrieve_in.h"
#include "daemon/library/words.h"

#define NOWHERE_MAX 8 /* words that no document has, listed */

/* ---- sources ---- */

static int line_or_none(int line)
{
	return line > 0 ? line : -1;
}

/* Bytes [from, to) of a span. */
static void add_source(
	struct retrieve *r, struct source_list *to_list, size_t span, size_t from, size_t to, bool cited)
{
	const struct span *p = &r->spans.v[span];
	struct source s;

	source_init(&s);
	s.n = (int)to_list->n + 1;
	s.cited = cited;
	s.document = mem_dup(p->best->document);
	s.path = mem_dup(p->best->name);
	s.title = mem_dup(span_heading(p, from));
	s.quote = mem_ndup(p->text + from, to - from);
	s.sha256 = mem_dup(p->best->sha256);
	span_place(p, from, &s.page, &s.line);
	s.line = line_or_none(s.line);
	s.start = (int64_t)(p->start + from);
	s.end = (int64_t)(p->start + to);
	s.score = p->score;
	s.support = cited ? 1 : -1; /* a quote says what it says */
	source_list_add(to_list, &s);
}

int present_hits(struct retrieve *r)
{
	for (size_t i = 0; i < min_of(r->search.nhits, r->limit); i++) {
		const struct hit *h = &r->search.hits[i];
		struct source s;

		source_init(&s);
		s.n = (int)i + 1;
		s.document = mem_dup(h->document);
		s.path = mem_dup(h->name);
		s.title = mem_dup(h->heading);
		s.quote = mem_ndup(h->text, h->text_len);
		s.sha256 = mem_dup(h->sha256);
		s.page = h->page;
		s.line = line_or_none(h->line);
		s.start = (int64_t)h->start;
		s.end = (int64_t)h->end;
		s.score = h->score;
		source_list_add(&r->sources, &s);
	}
	return 0;
}

static bool is_quoted(const struct retrieve *r, size_t span)
{
	for (size_t i = 0; i < r->nquotes; i++)
		if (r->quotes[i].span == span)
			return true;
	return false;
}

/* With an answer the quotes come first, each a source; then the passages that were read besides. */
int present_sources(struct retrieve *r)
{
	for (size_t i = 0; i < r->nquotes; i++)
		add_source(r, &r->sources, r->quotes[i].span, r->quotes[i].start, r->quotes[i].end, true);
	for (size_t i = 0; i < r->shown; i++)
		if (!is_quoted(r, i))
			add_source(r, &r->sources, i, 0, r->spans.v[i].n, false);
	return 0;
}

/* For programs that read on by themselves: whole, in the order of their rank. */
int present_passages(struct retrieve *r)
{
	for (size_t i = 0; i < r->spans.n; i++)
		add_source(r, &r->read, i, 0, r->spans.v[i].n, false);
	return 0;
}

/* ---- prompt ---- */

static void add_attribute(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s=\"", name);
	for (; *value; value++) {
		if (*value == '"')
			buf_add_str(out, "&quot;");
		else if (*value == '<')
			buf_add_str(out, "&lt;");
		else if (*value == '&')
			buf_add_str(out, "&amp;");
		else
			buf_add_byte(out, (unsigned char)*value < ' ' ? ' ' : (uint8_t)*value);
	}
	buf_add_byte(out, '"');
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What a reader could take for a tag of ours at the '<' before s: "source", "/ SOURCE", "</ source". */
static bool opens_source(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (is_blank(s[i]) || s[i] == '/' || s[i] == '<'))
		i++;
	return n - i >= 6 && !strncasecmp(s + i, "source", 6);
}

/* A text cannot close its own element or open another one. */
static void add_body(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '<' && opens_source(s + i + 1, n - i - 1))
			buf_add_str(out, "&lt;");
		else
			buf_add_byte(out, (uint8_t)s[i]);
	}
}

static void add_element(struct buf *out, size_t n, const struct span *p)
{
	buf_addf(out, "<source id=\"%zu\"", n);
	add_attribute(out, "doc", p->best->name);
	if (p->page > 0)
		buf_addf(out, " page=\"%d\"", p->page);
	else if (p->line > 0)
		buf_addf(out, " line=\"%d\"", p->line);
	if (span_heading(p, 0))
		add_attribute(out, "heading", span_heading(p, 0));
	buf_add_str(out, ">\n");
	add_body(out, p->text, p->n);
	buf_add_str(out, "\n</source>\n");
}

/* The whole passage stands under the number of its first quote. */
int present_prompt(struct retrieve *r)
{
	bool given[SPANS_MAX] = { false };
	size_t n = 0;

	for (size_t i = 0; i < r->nquotes; i++) {
		n++;
		if (given[r->quotes[i].span])
			continue;
		given[r->quotes[i].span] = true;
		add_element(&r->prompt, n, &r->spans.v[r->quotes[i].span]);
	}
	for (size_t i = 0; i < r->shown; i++)
		if (!given[i])
			add_element(&r->prompt, ++n, &r->spans.v[i]);
	return r->prompt.failed ? -ENOMEM : 0;
}

/* ---- the question's words in the quotes ---- */

#define MATCHED_BYTES 2048

struct matches {
	const struct query *q;
	const char *text;
	struct buf out;
};

static bool has_line(const struct buf *lines, const char *s, size_t n)
{
	const char *at = (const char *)lines->data;
	size_t left = lines->len;

	while (left) {
		const char *end = memchr(at, '\n', left);
		size_t len = end ? (size_t)(end - at) : left;

		if (len == n && !strncasecmp(at, s, n))
			return true;
		left -= min_of(left, len + 1);
		at += len + 1;
	}
	return false;
}

static int match_word(void *ctx, const struct word *w)
{
	struct matches *m = ctx;
	int term = query_find(m->q, w->term, w->n);
	const char *s = m->text + w->start;
	size_t n = w->end - w->start;

	if (term < 0 || !m->q->terms[term].own || has_line(&m->out, s, n))
		return 0;
	return m->out.len + n >= MATCHED_BYTES || buf_add(&m->out, s, n) < 0 || buf_add_byte(&m->out, '\n') < 0;
}

static void find_matches(struct retrieve *r)
{
	struct matches m = { .q = r->query };

	buf_init(&m.out, MATCHED_BYTES);
	for (size_t i = 0; i < r->nquotes; i++) {
		const struct quote *q = &r->quotes[i];

		m.text = r->spans.v[q->span].text + q->start;
		words_each_own(m.text, q->end - q->start, &m, match_word);
	}
	r->matched = m.out.len ? buf_steal(&m.out, NULL) : NULL;
	buf_fini(&m.out);
}

/* ---- words asked for as others ---- */

#define INSTEAD_BYTES 512

struct spelled {
	const struct query *q;
	size_t unit;
	const char *text;
	struct buf *out;
	int terms[2]; /* told already, + 1 */
};

/* A term of the unit, as the text spells it. */
static int spell(void *ctx, const struct word *w)
{
	struct spelled *s = ctx;
	int term = query_find(s->q, w->term, w->n);

	for (size_t i = 0; term >= 0 && i < s->q->nparts; i++) {
		const struct query_part *p = &s->q->parts[i];

		if (p->unit != s->unit || p->term != term || s->terms[0] == term + 1 || s->terms[1] == term + 1)
			continue;
		buf_addf(s->out, "%s\"", s->terms[0] ? " and " : "");
		buf_add(s->out, s->text + w->start, w->end - w->start);
		buf_add_str(s->out, "\"");
		s->terms[s->terms[0] != 0] = term + 1;
	}
	return 0;
}

int present_instead(struct retrieve *r)
{
	const struct query *q = r->query;
	struct buf out;

	buf_init(&out, INSTEAD_BYTES);
	for (size_t i = 0; i < q->nunits; i++) {
		const struct query_unit *u = &q->units[i];
		struct spelled s = { .q = q, .unit = i, .out = &out };

		if (!u->mended)
			continue;
		buf_addf(&out, "%s\"", out.len ? "; " : "");
		buf_add(&out, q->asked + u->start, u->end - u->start);
		buf_add_str(&out, "\" is in no document, searched for ");
		for (size_t h = 0; h < r->search.nhits && !s.terms[1]; h++) {
			s.text = r->search.hits[h].text;
			words_each_own(s.text, r->search.hits[h].text_len, &s, spell);
		}
		if (!s.terms[0])
			buf_add_str(&out, "a word near it");
		buf_add_str(&out, " instead");
	}
	r->instead = out.len && !out.failed ? buf_steal(&out, NULL) : NULL;
	buf_fini(&out);
	return 0;
}

/* ---- answer ---- */

static int add_piece(struct retrieve *r, struct buf *text)
{
	if (r->npieces == RETRIEVE_PIECES)
		return 0;
	r->pieces[r->npieces] = buf_steal(text, NULL);
	return r->pieces[r->npieces++] ? 0 : -ENOMEM;
}

/* A word broken at the end of its line: what is to be left out of it there, from the hyphen on. A plain one may be its own. */
static size_t broken_word(const char *s, size_t n)
{
	size_t hyphen = n > 3 && !memcmp(s, "\xe2\x80\x90", 3) ? 3 : n > 2 && !memcmp(s, "\xc2\xad", 2) ? 2 : 0;
	size_t at = hyphen + (hyphen < n && s[hyphen] == '\r');

	if (!hyphen || at >= n || s[at] != '\n')
		return 0;
	while (at < n && (s[at] == ' ' || (s[at] >= '\t' && s[at] <= '\r')))
		at++;
	return at < n ? at : 0;
}

/* Prose, each paragraph in one line of a block quote: its line ends were the file's, not the sentence's. */
static void quote_prose(struct buf *out, const char *s, size_t n, size_t number)
{
	size_t lines = 0;
	bool space = false;

	buf_add_str(out, "> ");
	for (size_t i = 0; i < n; i++) {
		size_t broken = broken_word(s + i, n - i);
		bool blank;

		i += broken;
		blank = s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r');
		lines += s[i] == '\n';
		if (!blank && space)
			buf_add_str(out, lines > 1 ? "\n>\n> " : " ");
		if (!blank)
			buf_add_byte(out, (uint8_t)s[i]);
		lines = blank ? lines : 0;
		space = blank;
	}
	buf_addf(out, " [%zu]\n\n", number);
}

/* Longer than any within it. */
static int fence_for(const char *s, size_t n)
{
	size_t run = 0, longest = 2;

	for (size_t i = 0; i < n; i++) {
		run = s[i] == '`' ? run + 1 : 0;
		longest = max_of(longest, min_of(run, (size_t)64));
	}
	return (int)longest + 1;
}

static void add_fence(struct buf *out, int length)
{
	while (length-- > 0)
		buf_add_byte(out, '`');
}

static void quote_lines(struct buf *out, const char *s, size_t n, size_t number)
{
	int fence = fence_for(s, n);

	buf_add_str(out, "> ");
	add_fence(out, fence);
	buf_add_str(out, "\n> ");
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\r')
			buf_add_byte(out, (uint8_t)s[i]);
		if (s[i] == '\n')
			buf_add_str(out, "> ");
	}
	buf_add_str(out, "\n> ");
	add_fence(out, fence);
	buf_addf(out, "\n> [%zu]\n\n", number);
}

static int add_quote(struct retrieve *r, size_t i)
{
	const struct quote *q = &r->quotes[i];
	const char *s = r->spans.v[q->span].text + q->start;
	struct buf out;
	int e;

	buf_init(&out, 0);
	if (q->lines)
		quote_lines(&out, s, q->end - q->start, i + 1);
	else
		quote_prose(&out, s, q->end - q->start, i + 1);
	e = add_piece(r, &out);
	buf_fini(&out);
	return e;
}

static int add_words(struct retrieve *r, const char *fmt, ...) attr_printf(2, 3);
static int add_words(struct retrieve *r, const char *fmt, ...)
{
	struct buf out;
	va_list ap;
	int e;

	buf_init(&out, 0);
	va_start(ap, fmt);
	buf_vaddf(&out, fmt, ap);
	va_end(ap);
	e = add_piece(r, &out);
	buf_fini(&out);
	return e;
}

/* The question's words that stand in no document at all: the usual reason why nothing was found. */
static int add_nowhere(struct retrieve *r)
{
	const struct query *q = r->query;
	struct buf out;
	size_t n = 0;
	int e = 0;

	buf_init(&out, 0);
	for (size_t i = 0; i < q->nunits; i++) {
		const struct query_unit *u = &q->units[i];

		if (!u->nowhere || u->gram || n++ >= NOWHERE_MAX)
			continue;
		buf_add_str(
			&out, out.len ? ", " : "Words of the question that are in no document: ");
		buf_add(&out, q->asked + u->start, u->end - u->start);
	}
	if (out.len) {
		buf_add_str(&out, n > NOWHERE_MAX ? ", and others.\n" : ".\n");
		e = add_piece(r, &out);
	}
	buf_fini(&out);
	return e;
}

static int answer_without_documents(struct retrieve *r)
{
	if (r->ndocuments)
		return add_words(r, "None of the documents named is here. `ragchat docs ls` lists "
				    "those that are.\n");
	if (r->collection)
		return add_words(r,
			"There are no documents in the collection \"%s\". Put some there with "
			"`ragchat upload --to %s FILE...` and ask again.\n",
			r->collection, r->collection);
	return add_words(r, "You have no documents yet. Upload some with `ragchat upload FILE...` "
			    "and ask again.\n\n"
			    "Without documents a language model can still answer: set `backend` in "
			    "ragchat.conf.\n");
}

static int answer_not_found(struct retrieve *r)
{
	long long documents = (long long)r->search.documents_searched,
		  passages = (long long)r->search.passages_searched;
	int e = add_words(r, "I did not find this in your %lld document%s (%lld passage%s).\n\n%s",
		documents, documents == 1 ? "" : "s", passages, passages == 1 ? "" : "s",
		!r->nquotes ? ""
		: r->begun  ? "Without a language model a document can be searched, not summed up. It begins:\n\n"
			    : "The nearest miss:\n\n");

	return e || !r->nquotes ? e : add_quote(r, 0);
}

/* Whatever the passage as a whole is worth: of its best quote nobody says that it matches in part. */
static bool has_all_words(const struct retrieve *r)
{
	const struct quote *q = &r->quotes[0];
	struct query_seen seen = { 0 };

	if (!r->nquotes || r->begun)
		return false;
	query_look(r->query, r->spans.v[q->span].text + q->start, q->end - q->start, &seen);
	return query_coverage(r->query, &seen) > 0.999;
}

int present_answer(struct retrieve *r)
{
	int e;

	find_matches(r);
	if (!r->search.documents_searched)
		return answer_without_documents(r);
	if (r->band == FOUND_NOTHING) {
		e = answer_not_found(r);
		return e ? e : add_nowhere(r);
	}
	e = add_words(r, "%s",
		r->band == FOUND_GOOD || has_all_words(r)
			? "No language model is set up. The closest passages, quoted:\n\n"
			: "No language model is set up. These passages match the question in part "
			  "only; check them:\n\n");
	for (size_t i = 0; e == 0 && i < r->nquotes; i++)
		e = add_quote(r, i);
	return e ? e : add_nowhere(r);
}
