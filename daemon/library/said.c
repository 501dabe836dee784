/* Typed words to an expression of FTS5 in which every term is quoted. */
#include "daemon/library/said.h"

#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "daemon/library/words.h"

struct unit { /* a word, a chain, a run of CJK */
	size_t group, first, n; /* terms of the query */
	bool gram, whole;
	size_t end;             /* in the text */
	char plain[WORD_MAX + 1];
};

struct reading {
	struct search_query *q;
	struct unit units[SAID_WORDS];
	size_t n;
	bool phrase;
};

static void add_term(struct search_query *q, const char *s, size_t n, bool prefix)
{
	if (q->n == SEARCH_TERMS)
		return;
	q->terms[q->n++] = (struct search_term){ .text = mem_ndup(s, n), .n = n, .prefix = prefix };
}

static void drop_terms(struct search_query *q, size_t from)
{
	while (q->n > from)
		mem_free(q->terms[--q->n].text);
}

/* Of a chain the whole is enough: it is there however the parts are joined. */
static int on_word(void *ctx, const struct word *w)
{
	struct reading *r = ctx;
	struct unit *u = r->n ? &r->units[r->n - 1] : NULL;

	if (!u || u->group != w->group) {
		if (r->n == SAID_WORDS || r->q->n == SEARCH_TERMS)
			return 1;
		u = &r->units[r->n++];
		*u = (struct unit){ .group = w->group, .first = r->q->n };
	} else if (u->whole || (w->colocated && !w->whole)) {
		return 0;
	}
	if (w->whole) {
		drop_terms(r->q, u->first);
		u->n = 0;
		u->whole = true;
	}
	u->gram = w->gram;
	u->end = w->end;
	(void)snprintf(u->plain, sizeof(u->plain), "%.*s", (int)min_of(w->plain_n, (size_t)WORD_MAX), w->plain);
	add_term(r->q, w->term, w->n, false);
	u->n = r->q->n - u->first;
	return 0;
}

static void put(struct buf *out, const char *s, size_t n)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"')
			buf_add_byte(out, '"');
		buf_add_byte(out, (uint8_t)s[i]);
	}
	buf_add_byte(out, '"');
}

static void put_unit(struct buf *out, const struct search_query *q, const struct unit *u)
{
	for (size_t i = 0; i < u->n; i++) {
		buf_add_str(out, i ? " + " : "");
		put(out, q->terms[u->first + i].text, q->terms[u->first + i].n);
	}
}

/* A single character of CJK stands in the index with the one behind it. */
static bool is_single(const struct unit *u)
{
	unsigned char c = (unsigned char)u->plain[0];
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 1;

	return c >= 0xe0 && strlen(u->plain) == n;
}

static void put_open(struct buf *out, struct search_query *q, const struct unit *u)
{
	buf_add_byte(out, '(');
	put_unit(out, q, u);
	buf_add_str(out, " OR ");
	put(out, u->plain, strlen(u->plain));
	buf_add_str(out, " *)");
	add_term(q, u->plain, strlen(u->plain), true);
}

/* A stretch outside or inside quotes. `last`: nothing follows it; q->must is then what stands before an open end. */
static void read_stretch(struct search_query *q, const char *s, size_t n, bool phrase, bool last, struct buf *out)
{
	struct reading r = { .q = q, .phrase = phrase };

	(void)words_each(s, n, &r, on_word);
	for (size_t i = 0; i < r.n; i++) {
		const struct unit *u = &r.units[i];
		bool open = last && !phrase && i + 1 == r.n && u->end == n && u->n == 1 && !u->whole && !u->gram && strlen(u->plain) >= 3;

		if (!u->n)
			continue;
		if (open && out->len)
			q->must = mem_dup(buf_cstr(out));
		if (out->len)
			buf_add_str(out, phrase && i ? " + " : " AND ");
		if (open || (u->n == 1 && is_single(u)))
			put_open(out, q, u);
		else
			put_unit(out, q, u);
	}
}

bool said_query(const char *text, size_t n, struct search_query *q)
{
	struct buf out;
	bool phrase = false;

	*q = (struct search_query){ .n = 0 };
	buf_init(&out, 0);
	for (size_t at = 0; at <= n; phrase = !phrase) {
		const char *quote = memchr(text + at, '"', n - at);
		size_t end = quote ? (size_t)(quote - text) : n;

		if (end > at)
			read_stretch(q, text + at, end - at, phrase && quote, end == n, &out);
		at = end + 1;
	}
	if (out.len)
		q->match = mem_dup(buf_cstr(&out));
	buf_fini(&out);
	return q->match != NULL;
}
