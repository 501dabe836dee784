/* Putting hits together: which touch which, in what order, and how much of them. */
#include "daemon/library/span.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/library/cost.h"
#include "daemon/library/sentence.h"

/* While hits are gathered: which ones make up a span, and where it lies. */
struct gather {
	const struct hit *hits;
	size_t n;
	struct group {
		size_t best;
		uint64_t start, end;
	} groups[SPANS_MAX];
	size_t ngroups;
	size_t longest;
	size_t *group_of; /* per hit; SIZE_MAX: not taken */
	size_t cost;
};

static bool same_document(const struct hit *a, const struct hit *b)
{
	return !strcmp(a->document, b->document);
}

/* A group of the hit's document that it touches and does not make too long. */
static size_t touching(const struct gather *g, const struct hit *h)
{
	for (size_t i = 0; i < g->ngroups; i++) {
		const struct group *p = &g->groups[i];

		if (same_document(&g->hits[p->best], h) &&
			(p->end == h->start || p->start == h->end) &&
			p->end - p->start + (h->end - h->start) <= g->longest)
			return i;
	}
	return SIZE_MAX;
}

/* The hit may have closed the gap between its group and a later one: that one joins. */
static void join_groups(struct gather *g, size_t into)
{
	struct group *a = &g->groups[into];

	for (size_t i = 0; i < g->ngroups; i++) {
		struct group *b = &g->groups[i];

		if (i == into || !same_document(&g->hits[a->best], &g->hits[b->best]) ||
			(a->end != b->start && b->end != a->start) ||
			a->end - a->start + (b->end - b->start) > g->longest)
			continue;
		for (size_t h = 0; h < g->n; h++)
			if (g->group_of[h] == max_of(i, into))
				g->group_of[h] = min_of(i, into);
		g->groups[min_of(i, into)] = (struct group){
			.best = min_of(a->best, b->best),
			.start = min_of(a->start, b->start),
			.end = max_of(a->end, b->end),
		};
		g->groups[max_of(i, into)].start = g->groups[max_of(i, into)].end =
			UINT64_MAX; /* empty, touches nothing */
		return;
	}
}

static void gather_hits(struct gather *g, size_t budget)
{
	for (size_t i = 0; i < g->n && g->cost < budget; i++) {
		const struct hit *h = &g->hits[i];
		size_t at = touching(g, h);

		if (at == SIZE_MAX) {
			if (g->ngroups == SPANS_MAX)
				break;
			at = g->ngroups++;
			g->groups[at] = (struct group){ i, h->start, h->end };
			g->group_of[i] = at;
		} else {
			g->groups[at].start = min_of(g->groups[at].start, h->start);
			g->groups[at].end = max_of(g->groups[at].end, h->end);
			g->group_of[i] = at;
			join_groups(g, at);
		}
		g->cost += cost_of(h->text, h->text_len);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct span_part *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* The passages of a group lie side by side: each goes to its place. The first one. */
static const struct hit *join(const struct gather *g, size_t group, struct span *out)
{
	const struct group *p = &g->groups[group];
	const struct hit *first = NULL;

	out->n = (size_t)(p->end - p->start);
	out->text = mem_try(out->n + 1);
	out->parts = mem_try(g->n * sizeof(*out->parts));
	for (size_t i = 0; out->text && out->parts && i < g->n; i++) {
		const struct hit *h = &g->hits[i];

		if (g->group_of[i] != group)
			continue;
		memcpy(out->text + (h->start - p->start), h->text, h->text_len);
		out->parts[out->nparts++] =
			(struct span_part){
				(size_t)(h->start - p->start), h->heading, h->line, h->page };
		if (h->start == p->start)
			first = h;
	}
	if (out->nparts)
		qsort(out->parts, out->nparts, sizeof(*out->parts), by_place);
	return first;
}

const char *span_heading(const struct span *s, size_t at)
{
	size_t i = s->nparts;

	while (i > 1 && s->parts[i - 1].at > at)
		i--;
	return i ? s->parts[i - 1].heading : NULL;
}

/* A text without any line feed ends its lines as old Macs did. */
void span_place(const struct span *s, size_t at, int *page, int *line)
{
	char mark = memchr(s->text, '\n', s->n) ? '\n' : '\r';
	size_t i = s->nparts, from = 0;

	while (i > 1 && s->parts[i - 1].at > at)
		i--;
	*page = s->page;
	*line = s->line;
	if (i > 1) { /* of the first one the span itself knows, trimmed as it is */
		from = s->parts[i - 1].at;
		*page = s->parts[i - 1].page;
		*line = s->parts[i - 1].line;
	}
	for (; from < at; from++) {
		/* rows of a sheet are not lines: of those the passage's first one is told */
		*line += *line > 0 && *page <= 0 && s->text[from] == mark;
		*page += *page > 0 && s->text[from] == '\f';
	}
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* No white space at the ends; line and page follow. */
static void trim(struct span *s)
{
	size_t skip = 0;

	while (s->n && is_space(s->text[s->n - 1])) {
		s->n--;
		s->end--;
	}
	for (; skip < s->n && is_space(s->text[skip]); skip++) {
		s->line += s->line > 0 && s->text[skip] == '\n';
		s->page += s->page > 0 && s->text[skip] == '\f';
	}
	memmove(s->text, s->text + skip, s->n - skip);
	s->n -= skip;
	s->start += skip;
	for (size_t i = 0; i < s->nparts; i++)
		s->parts[i].at -= min_of(s->parts[i].at, skip);
}

/* The longest beginning of whole sentences that has at most `max` bytes; 0 when the first is
 * longer. */
static size_t whole_sentences(const char *s, size_t n, size_t max)
{
	size_t fits = 0;

	while (fits < n) {
		size_t from = sentence_skip_space(s, n, fits), end;

		if (from >= n)
			break;
		end = sentence_end(s, n, from);
		if (end > max)
			break;
		fits = end;
	}
	return fits;
}

static void span_fini(struct span *s)
{
	mem_free(s->text);
	mem_free(s->parts);
	*s = (struct span){ 0 };
}

static void cut_to(struct span *s, size_t left, bool only)
{
	size_t fits = whole_sentences(s->text, s->n, left);

	/* the best one is not left out for being one long sentence */
	s->n = fits || !only ? fits : utf8_floor(s->text, s->n, left);
	s->end = s->start + s->n;
}

static int make_span(struct spans *s, const struct gather *g, size_t group, size_t left)
{
	const struct group *p = &g->groups[group];
	struct span *out = &s->v[s->n];
	const struct hit *first;

	*out = (struct span){
		.best = &g->hits[p->best],
		.start = p->start,
		.end = p->end,
		.score = g->hits[p->best].score,
	};
	for (size_t i = 0; i < g->n; i++)
		if (g->group_of[i] == group)
			out->score = max_of(out->score, g->hits[i].score);
	first = join(g, group, out);
	if (!first) {
		bool memory = !out->text || !out->parts;

		span_fini(out);
		return memory ? -ENOMEM : 0;
	}
	out->line = first->line;
	out->page = first->page;
	trim(out);
	if (cost_of(out->text, out->n) > left)
		cut_to(out, cost_fits(out->text, out->n, left), s->n == 0);
	if (!out->n) {
		span_fini(out);
		return 0;
	}
	s->cost += cost_of(out->text, out->n);
	s->n++;
	return 0;
}

static void fill_unused(struct gather *g)
{
	for (size_t i = 0; i < g->n; i++)
		g->group_of[i] = SIZE_MAX;
}

int spans_make(struct spans *s, const struct hit *hits, size_t n, size_t budget, size_t longest)
{
	struct gather g = { .hits = hits, .n = n, .longest = longest, .group_of = mem_try(n * sizeof(size_t)) };
	int r = g.group_of ? 0 : -ENOMEM;

	s->n = 0;
	s->cost = 0;
	if (r == 0) {
		fill_unused(&g);
		gather_hits(&g, budget);
	}
	for (size_t i = 0; r == 0 && i < g.ngroups; i++)
		if (g.groups[i].end > g.groups[i].start && s->cost < budget)
			r = make_span(s, &g, i, budget - s->cost);
	mem_free(g.group_of);
	if (r != 0)
		spans_fini(s);
	return r;
}

void spans_fini(struct spans *s)
{
	for (size_t i = 0; i < s->n; i++)
		span_fini(&s->v[i]);
	s->n = 0;
	s->cost = 0;
}
