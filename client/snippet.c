/* Pieces of text with words in bold. */
#include "client/snippet.h"

#include <string.h>
#include <strings.h>

#include "client/filter.h"
#include "client/term.h"
#include "common/attr.h"

#define SNIPPET_INDENT 4
#define PIECE_MAX 600 /* bytes between two marks */
#define STEM_LEAST 4  /* bytes that a word has to begin with as the query's does */
#define ENDING 2      /* bytes of the query's word that may be another ending, */
#define LONGER 4      /* and those that may follow */

void snippet_begin(struct snippet *s, unsigned width, bool bold)
{
	*s = (struct snippet){ .look = { .width = width, .styled = bold, .utf8 = term_utf8() } };
	s->flow = (struct flow){ .look = &s->look, .links = &s->links, .first_columns = SNIPPET_INDENT, .rest_columns = SNIPPET_INDENT };
	(void)buf_addf(&s->flow.first, "%*s", SNIPPET_INDENT, "");
	(void)buf_addf(&s->flow.rest, "%*s", SNIPPET_INDENT, "");
}

void snippet_add(struct snippet *s, const char *text, size_t n, bool marked, struct buf *out)
{
	struct buf clean = { 0 };

	filter_line(term_filter_out(), text, n, PIECE_MAX, &clean);
	flow_text(&s->flow, buf_cstr(&clean), clean.len, marked && s->look.styled ? INK_BOLD : 0, out);
	buf_fini(&clean);
}

void snippet_end(struct snippet *s, struct buf *out)
{
	flow_break(&s->flow, out);
	flow_fini(&s->flow);
	links_fini(&s->links);
}

/* ---- words of a query ---- */

static bool is_letter(char c)
{
	return (c & 0x80) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t word_at(const char *s, size_t n)
{
	size_t len = 0;

	while (len < n && is_letter(s[len]))
		len++;
	return len;
}

static bool fits(const char *word, size_t n, const char *wanted, size_t wanted_n)
{
	size_t stem = wanted_n > STEM_LEAST + ENDING ? wanted_n - ENDING : min_of(wanted_n, (size_t)STEM_LEAST);

	return n >= stem && n <= wanted_n + LONGER && !strncasecmp(word, wanted, stem) && (stem >= STEM_LEAST || n == wanted_n);
}

static bool is_wanted(const char *word, size_t n, const char *query)
{
	size_t len, left = strlen(query);

	for (; left; query += len, left -= len) {
		len = word_at(query, left);
		if (len && fits(word, n, query, len))
			return true;
		len = len ? len : 1;
	}
	return false;
}

void snippet_text(unsigned width, bool bold, const char *text, size_t n, const char *query, struct buf *out)
{
	struct snippet s;
	size_t from = 0, len;

	snippet_begin(&s, width, bold);
	for (size_t i = 0; i < n; i += len) {
		len = word_at(text + i, n - i);
		if (len && is_wanted(text + i, len, query)) {
			snippet_add(&s, text + from, i - from, false, out);
			snippet_add(&s, text + i, len, true, out);
			from = i + len;
		}
		len = len ? len : 1;
	}
	snippet_add(&s, text + from, n - from, false, out);
	snippet_end(&s, out);
}
