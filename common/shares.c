/* Owners in a plain array: there are as many as accounts that are at work. */
#include "common/shares.h"

#include "common/mem.h"

#define REMEMBERED 1024

struct shares_owner {
	uint64_t key, had;
};

static struct shares_owner *find(const struct shares *s, uint64_t key)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].key == key)
			return &s->v[i];
	return NULL;
}

/* How far it has come; who was away does not come with all the time it did not take. */
static uint64_t place(const struct shares *s, uint64_t key)
{
	const struct shares_owner *o = find(s, key);
	uint64_t least = s->now > SHARES_AHEAD ? s->now - SHARES_AHEAD : 0;

	return o && o->had > least ? o->had : least;
}

bool shares_before(const struct shares *s, uint64_t a, uint64_t b)
{
	return place(s, a) < place(s, b);
}

/* Those that are not ahead of the others: at most they come a little earlier once more. */
static void forget(struct shares *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].had > s->now)
			s->v[kept++] = s->v[i];
	s->n = kept;
}

static struct shares_owner *owner(struct shares *s, uint64_t key)
{
	struct shares_owner *o = find(s, key);

	if (o)
		return o;
	if (s->n >= REMEMBERED)
		forget(s);
	s->v = mem_grow(s->v, &s->cap, s->n, sizeof(*s->v));
	o = &s->v[s->n++];
	*o = (struct shares_owner){ .key = key };
	return o;
}

void shares_choose(struct shares *s, uint64_t key)
{
	uint64_t at = place(s, key);

	owner(s, key)->had = at;
	if (at > s->now)
		s->now = at;
}

void shares_used(struct shares *s, uint64_t key, uint64_t us)
{
	owner(s, key)->had += us;
}

void shares_fini(struct shares *s)
{
	mem_free(s->v);
	*s = (struct shares){ 0 };
}
