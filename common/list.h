/* Intrusive doubly linked list: a head is a struct list that points at itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* A zeroed link, or one that was removed, is in no list. */
static inline bool list_linked(const struct list *l)
{
	return l->next && l->next != l;
}

static inline void list_push_back(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void list_push_front(struct list *head, struct list *l)
{
	list_push_back(head->next, l);
}

/* Safe on a link that is in no list. */
static inline void list_remove(struct list *l)
{
	if (!l->next)
		return;
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* Move all of `from` to the end of `to`; `from` is empty afterwards. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first(head, type, member)                                                             \
	(list_empty(head) ? (type *)NULL : list_entry((head)->next, type, member))
#define list_foreach(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
#define list_foreach_safe(it, head)                                                                \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                  \
		it = it##_next, it##_next = it->next)
