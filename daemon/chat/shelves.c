/* What is known of collections' vectors, and whose turn it is. */
#include "daemon/chat/shelves.h"

#include <string.h>

#include "common/mem.h"

struct shelf *shelves_find(struct shelves *s, int64_t collection)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (s->v[middle].is.collection < collection)
			from = middle + 1;
		else
			to = middle;
	}
	return from < s->n && s->v[from].is.collection == collection ? &s->v[from] : NULL;
}

void shelves_set(struct shelves *s, const struct vectors_shelf *v, size_t n)
{
	struct shelves now = { .turns = s->turns };

	for (size_t i = 0; i < n; i++) {
		struct shelf *known = shelves_find(s, v[i].collection), *shelf;

		now.v = mem_grow(now.v, &now.cap, now.n, sizeof(*now.v));
		shelf = &now.v[now.n++];
		*shelf = known ? *known : (struct shelf){ .owner = fair_key(v[i].account) };
		shelf->is = v[i];
		shelf->end = false; /* what came stands behind the last: numbers only rise */
		if (shelf->again)
			shelf->after = shelf->counted = shelf->passed = 0;
		shelf->again = false;
	}
	mem_free(s->v);
	*s = now;
}

static bool is_of(const struct shelf *shelf, const char *account)
{
	return !account || !strcmp(shelf->is.account, account);
}

void shelves_recount(struct shelves *s, const char *account)
{
	for (size_t i = 0; i < s->n; i++)
		s->v[i].again |= is_of(&s->v[i], account);
}

struct shelf *shelves_next(struct shelves *s)
{
	struct shelf *best = NULL;

	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].end && (!best || fair_before(&s->turns, s->v[i].owner, best->owner)))
			best = &s->v[i];
	if (!best)
		return NULL;
	fair_take(&s->turns, best->owner);
	fair_give(&s->turns, best->owner);
	return best;
}

void shelf_count(struct shelf *shelf, int64_t have)
{
	shelf->counted += have;
	shelf->have = max_of(shelf->have, shelf->counted);
}

void shelf_end(struct shelf *shelf)
{
	shelf->end = true;
	shelf->have = shelf->counted;
}

struct shelves_figures shelves_figures(const struct shelves *s, const char *account)
{
	struct shelves_figures out = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		if (!is_of(&s->v[i], account))
			continue;
		out.have += min_of(s->v[i].have, s->v[i].is.passages);
		out.passed += s->v[i].passed;
		out.working |= !s->v[i].end;
		out.any |= s->v[i].is.has_some || s->v[i].have;
		out.passages += s->v[i].is.passages;
	}
	return out;
}

void shelves_fini(struct shelves *s)
{
	mem_free(s->v);
	fair_fini(&s->turns);
	*s = (struct shelves){ 0 };
}
