/*
 * What the check of citations compares: the words of a sentence and of a source, and figures. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stop_list;

/* Terms as hashes: two that collide would at worst make a weak sentence look supported. */
struct hashes {
	uint64_t *v; /* mem_free() */
	size_t n, cap;
	const struct stop_list *stops; /* NULL: all words */
};
void hashes_read(struct hashes *h, const char *s, size_t n);
void hashes_add(struct hashes *h, const char *s); /* s may be NULL */
void hashes_sort(struct hashes *h);               /* each once: to be searched */
bool hashes_have(const struct hashes *h, uint64_t hash);

/* 1,234.5 at s: its bytes, and its digits and point alone in out (NUL-terminated). */
size_t figure_read(const char *s, size_t n, char out[32]);
bool figure_in(const char *s, const char *figure);
