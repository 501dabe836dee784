/* Terms lie within their text, in order, never empty nor too long; questions and citations are
 * bounded. */
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "daemon/library/library.h"
#include "daemon/library/query.h"
#include "daemon/library/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

struct state {
	size_t n, start, group;
	bool any;
};

static int check_word(void *ctx, const struct word *w)
{
	struct state *s = ctx;

	require(w->n > 0 && w->n <= WORD_MAX);
	require(w->plain_n > 0 && w->plain_n <= WORD_MAX);
	require(w->start < w->end && w->end <= s->n);
	require(utf8_valid_no_nul(w->term, w->n) && utf8_valid_no_nul(w->plain, w->plain_n));
	require(w->colocated || w->start >= s->start);
	require(!w->colocated || s->any);
	require(w->group >= s->group);
	s->start = w->start;
	s->group = w->group;
	s->any = true;
	return 0;
}

static void check_citations(const char *s, size_t n)
{
	struct source_list sources = { 0 };
	struct marks marks = { .n = 0 };
	struct buf notes;

	for (int i = 1; i <= 3; i++) {
		struct source source;

		source_init(&source);
		source.n = i;
		source.line = i;
		source.quote = strdup("some words to be cited");
		source_list_add(&sources, &source);
	}
	buf_init(&notes, 4096);
	library_check_citations(s, n, &sources, &marks, &notes);
	require(sources.n == 3);
	for (size_t i = 0; i < sources.n; i++)
		require(!sources.v[i].cited ||
			(sources.v[i].support >= 0 && sources.v[i].support <= 1));
	source_list_fini(&sources);
	marks_fini(&marks);
	buf_fini(&notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct query q;
	const char *s = (const char *)data;
	struct state state = { .n = size };
	struct query_seen seen = { .terms = { false } };
	double idf[QUERY_TERMS];
	int64_t df[QUERY_TERMS];

	require(words_each(s, size, &state, check_word) == 0);
	query_make(&q, 0, (struct query_text){ s, size / 2 },
		(struct query_text){ s + size / 2, size - size / 2 },
		(struct query_text){ s, size });
	for (size_t i = 0; i < QUERY_TERMS; i++) {
		idf[i] = 1;
		df[i] = (int64_t)(i % 2);
	}
	query_weigh(&q, idf, df);
	query_look(&q, s, size, &seen);
	require(query_coverage(&q, &seen) >= 0 && query_coverage(&q, &seen) <= 1.000001);
	check_citations(s, size);
	return 0;
}
