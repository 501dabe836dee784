/*
 * Ids for objects that outlive calls: what comes back from another thread or process carries an
 * id, never a pointer. An id is never 0 and never given twice within one run.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct idmap {
	struct idmap_slot *slots;
	size_t cap, used;
	uint64_t next;
	size_t filled; /* private: used slots and the marks of removed ones */
};

void idmap_init(struct idmap *m);
void idmap_fini(struct idmap *m);                   /* the map, not the objects */
uint64_t idmap_add(struct idmap *m, void *object);  /* not NULL; aborts when out of memory */
void *idmap_get(const struct idmap *m, uint64_t id); /* NULL: gone */
void *idmap_remove(struct idmap *m, uint64_t id);   /* the object, or NULL */
size_t idmap_count(const struct idmap *m);
/* Visit all; cursor starts at 0; NULL at the end. Adding while visiting is not allowed, removing the visited one is. */
void *idmap_each(const struct idmap *m, size_t *cursor);
