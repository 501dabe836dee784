/* Shared by the files of inline Markdown: the text that is looked at, and what a mark in it turned out to be. */
#pragma once

#include "client/markdown_in.h"

#define SPAN_MAX 1000 /* bytes between the marks of emphasis, a code span, a link's text */
#define NESTING 8

struct scan {
	const char *s;
	size_t n;
	bool end;   /* nothing comes after n */
	const struct inlines *x;
	const struct sink *to;
	int depth;
};

/* What a mark turned out to be. */
enum verdict { LITERAL, TAKEN, WAIT };

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static inline bool is_punctuation(char c)
{
	return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static inline bool is_word(char c)
{
	return !is_space(c) && !is_punctuation(c);
}

size_t scan_run(const struct scan *c, size_t at, char mark); /* how many of it stand there */
void scan_put(const struct scan *c, const char *s, size_t n, ink k);
void scan_inner(const struct scan *c, size_t from, size_t n, ink k); /* a stretch, parsed for itself */
/* The bytes of what hides a mark: an escape, a code span, an address. 0: nothing of the kind is here. */
size_t scan_hidden(const struct scan *c, size_t i, bool *wait);

/* ---- links: client/markdown_link.c ---- */
size_t scan_angle(const struct scan *c, size_t at, bool *wait); /* of <...> that hides marks; 0: it does not */
size_t scan_link(const struct scan *c, size_t at, bool *wait);  /* of a link that begins there; 0: none */
enum verdict take_link(const struct scan *c, size_t at, ink k, size_t *used);
enum verdict take_angle(const struct scan *c, size_t at, ink k, size_t *used);
