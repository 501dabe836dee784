/*
 * A hash table from id to object, linear probing. Ids rise by one, so the id is its own hash and
 * ids alive at the same time rarely meet. A removed entry leaves a mark (its id without an object)
 * instead of moving others: that keeps a visit in progress whole. Marks go at the next rehash.
 */
#include "common/idmap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/mem.h"

struct idmap_slot {
	uint64_t id; /* 0: never used */
	void *object;
};

#define IDMAP_FIRST 16

void idmap_init(struct idmap *m)
{
	*m = (struct idmap){ 0 };
}

void idmap_fini(struct idmap *m)
{
	free(m->slots);
	/* Ids go on rising: one from before must not find an object from after. */
	*m = (struct idmap){ .next = m->next };
}

static struct idmap_slot *idmap_find(const struct idmap *m, uint64_t id)
{
	size_t mask = m->cap - 1;

	if (!m->cap || !id)
		return NULL;
	for (size_t i = id & mask; m->slots[i].id; i = (i + 1) & mask)
		if (m->slots[i].id == id)
			return m->slots[i].object ? &m->slots[i] : NULL;
	return NULL;
}

static void idmap_put(struct idmap *m, uint64_t id, void *object)
{
	size_t mask = m->cap - 1, i = id & mask;

	while (m->slots[i].id)
		i = (i + 1) & mask;
	m->slots[i] = (struct idmap_slot){ .id = id, .object = object };
	m->used++;
	m->filled++;
}

/* At most half full afterwards; shrinks too, so that a visit after a rush stays cheap. */
static void idmap_rehash(struct idmap *m)
{
	struct idmap old = *m;
	size_t cap = IDMAP_FIRST;

	while (cap / 2 <= old.used)
		cap *= 2;
	m->slots = mem_new(cap * sizeof(*m->slots));
	m->cap = cap;
	m->used = m->filled = 0;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].object)
			idmap_put(m, old.slots[i].id, old.slots[i].object);
	free(old.slots);
}

uint64_t idmap_add(struct idmap *m, void *object)
{
	assert(object);
	if (m->filled >= m->cap / 4 * 3)
		idmap_rehash(m);
	idmap_put(m, ++m->next, object);
	return m->next;
}

void *idmap_get(const struct idmap *m, uint64_t id)
{
	const struct idmap_slot *slot = idmap_find(m, id);

	return slot ? slot->object : NULL;
}

void *idmap_remove(struct idmap *m, uint64_t id)
{
	struct idmap_slot *slot = idmap_find(m, id);
	void *object = slot ? slot->object : NULL;

	if (slot) {
		slot->object = NULL;
		m->used--;
	}
	return object;
}

size_t idmap_count(const struct idmap *m)
{
	return m->used;
}

void *idmap_each(const struct idmap *m, size_t *cursor)
{
	while (*cursor < m->cap) {
		void *object = m->slots[(*cursor)++].object;

		if (object)
			return object;
	}
	return NULL;
}
