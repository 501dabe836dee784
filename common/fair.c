/* Owners in a plain array: there are as many as accounts that are at work. */
#include "common/fair.h"

#include <assert.h>

#include "common/mem.h"

#define REMEMBERED 1024

struct fair_owner {
	uint64_t key;
	size_t held;
	uint64_t last; /* `given` when it got its newest place */
};

uint64_t fair_key(const char *id)
{
	uint64_t h = 14695981039346656037u;

	for (; id && *id; id++)
		h = (h ^ (uint8_t)*id) * 1099511628211u;
	return h;
}

static struct fair_owner *find(const struct fair *f, uint64_t key)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].key == key)
			return &f->v[i];
	return NULL;
}

static void forget_idle(struct fair *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].held)
			f->v[kept++] = f->v[i];
	f->n = kept;
}

void fair_take(struct fair *f, uint64_t owner)
{
	struct fair_owner *o = find(f, owner);

	if (!o) {
		if (f->n >= REMEMBERED)
			forget_idle(f);
		f->v = mem_grow(f->v, &f->cap, f->n, sizeof(*f->v));
		o = &f->v[f->n++];
		*o = (struct fair_owner){ .key = owner };
	}
	o->held++;
	o->last = ++f->given;
	f->held++;
}

void fair_give(struct fair *f, uint64_t owner)
{
	struct fair_owner *o = find(f, owner);

	assert(o && o->held && f->held);
	o->held--;
	f->held--;
}

size_t fair_held(const struct fair *f, uint64_t owner)
{
	const struct fair_owner *o = find(f, owner);

	return o ? o->held : 0;
}

bool fair_before(const struct fair *f, uint64_t a, uint64_t b)
{
	static const struct fair_owner stranger = { 0 };
	const struct fair_owner *x = find(f, a), *y = find(f, b);

	x = x ? x : &stranger;
	y = y ? y : &stranger;
	return x->held != y->held ? x->held < y->held : x->last < y->last;
}

void fair_fini(struct fair *f)
{
	mem_free(f->v);
	*f = (struct fair){ 0 };
}
