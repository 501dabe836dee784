/*
 * Texts by the million words that behave like language: few words are frequent, most are rare, new
 * ones never end, and each document keeps to some topics. From collections (folders with docs.jsonl,
 * queries.tsv) sentences are mixed and words exchanged; without any, words are made up. The same seed
 * gives the same texts.
 */
#pragma once

#include <ctype.h>
#include <dirent.h>
#include <math.h>

#include "common/buf.h"
#include "tests/bench/collection.h"

#define TEXTS_WORDS 300000 /* made up */
#define TEXTS_TOPICS 2000
#define TEXTS_OF_TOPIC 150

struct texts {
	uint64_t state;
	char **sources; /* documents of the collections */
	size_t n, cap;
	char **questions;
	size_t nquestions, cap_questions;
};

static inline uint32_t texts_chance(struct texts *t, uint32_t below)
{
	t->state = t->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((t->state >> 33) % below);
}

static inline void texts_load(struct texts *t, const char *dir)
{
	struct text all;
	char *rest, *line;

	if (!file_text(dir, "docs.jsonl", &all))
		return;
	for (rest = all.p; (line = next_line(&rest));) {
		char *text = field_of(line, "text");

		if (!text || strlen(text) < 200) {
			mem_free(text);
			continue;
		}
		t->sources = mem_grow(t->sources, &t->cap, t->n, sizeof(char *));
		t->sources[t->n++] = text;
	}
	mem_free(all.p);
	if (!file_text(dir, "queries.tsv", &all))
		return;
	for (rest = all.p; (line = next_line(&rest));) {
		t->questions = mem_grow(t->questions, &t->cap_questions, t->nquestions, sizeof(char *));
		if (strchr(line, '\t'))
			t->questions[t->nquestions++] = mem_dup(strchr(line, '\t') + 1);
	}
	mem_free(all.p);
}

/* English ones only: the peer has one analyser for all of a field. */
static inline void texts_init(struct texts *t, const char *collections)
{
	static const char *const names[] = { "covidqa", "squad2", "mtragun", "med" };

	*t = (struct texts){ .state = 20260101 };
	for (size_t i = 0; collections && *collections && i < sizeof(names) / sizeof(*names); i++) {
		char *dir = path_join(collections, names[i]);

		texts_load(t, dir);
		mem_free(dir);
	}
}

/* ---- made up ---- */

static inline void texts_word(uint32_t rank, struct buf *out)
{
	static const char *const frequent[] = { "the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as",
		"was", "with", "be", "by", "on", "not", "he", "his", "but", "at", "are", "this", "have", "had", "from",
		"or", "which", "one", "you", "were", "all", "her", "she", "there", "would", "their", "we", "him", "been",
		"has", "when", "who", "will", "more", "no", "if", "out", "so", "what" };
	static const char *const parts[] = { "ba", "ce", "di", "fo", "gu", "han", "ker", "lim", "mon", "nus", "pra",
		"quo", "res", "sil", "tor", "vu", "wen", "xa", "yel", "zor", "stra", "bel", "cor", "den", "fel", "gor" };

	if (rank < sizeof(frequent) / sizeof(*frequent)) {
		buf_add_str(out, frequent[rank]);
		return;
	}
	for (uint32_t v = rank * 7919u % 1000003u + 26; v; v /= 26)
		buf_add_str(out, parts[v % 26]);
}

static inline uint32_t texts_rank(struct texts *t)
{
	double u = (texts_chance(t, 1 << 24) + 1) / (double)(1 << 24);

	return (uint32_t)(pow(TEXTS_WORDS, u) - 1);
}

static inline uint32_t texts_rank_of_topic(struct texts *t, uint32_t topic)
{
	uint32_t i = (uint32_t)(pow(TEXTS_OF_TOPIC, (texts_chance(t, 1 << 20) + 1) / (double)(1 << 20)) - 1);

	return 300 + (uint32_t)(((uint64_t)topic * TEXTS_OF_TOPIC + i) * 2654435761u % (TEXTS_WORDS / 4));
}

static inline void texts_make_up(struct texts *t, uint32_t topic, unsigned words, struct buf *out)
{
	while (words--) {
		size_t at = out->len;

		texts_word(texts_chance(t, 10) < 4 ? texts_rank_of_topic(t, topic + texts_chance(t, 3)) : texts_rank(t), out);
		(void)at;
		buf_add_str(out, words ? texts_chance(t, 14) ? " " : ", " : ". ");
	}
}

/* ---- from collections ---- */

static inline bool texts_is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Some word of a source: any, so that frequent ones come often. */
static inline const char *texts_some_word(struct texts *t, const char *source, size_t *n)
{
	const char *p = source + texts_chance(t, (uint32_t)strlen(source));

	while (p > source && texts_is_word(p[-1]))
		p--;
	while (*p && !texts_is_word(*p))
		p++;
	for (*n = 0; texts_is_word(p[*n]);)
		++*n;
	return p;
}

/* A sentence of one source with every third long word taken from another one, or new. */
static inline void texts_mix(struct texts *t, const char *source, const char *other, struct buf *out)
{
	const char *p = source + texts_chance(t, (uint32_t)strlen(source)), *end;
	size_t n;

	while (*p && *p != '.')
		p++;
	while (*p == '.' || isspace((unsigned char)*p))
		p++;
	end = strchr(p, '.');
	if (!end || end - p > 400)
		end = p + strnlen(p, 200);
	while (p < end) {
		const char *word = p;

		while (p < end && texts_is_word(*p))
			p++;
		n = (size_t)(p - word);
		if (n > 3 && texts_chance(t, 3) == 0) {
			if (texts_chance(t, 12) == 0)
				texts_word(texts_rank(t) + 60, out);
			else {
				word = texts_some_word(t, other, &n);
				buf_add(out, word, n);
			}
		} else {
			buf_add(out, word, n);
		}
		for (; p < end && !texts_is_word(*p); p++)
			buf_add_byte(out, isspace((unsigned char)*p) ? ' ' : (uint8_t)*p);
	}
	buf_add_str(out, ". ");
}

/* ---- documents and questions ---- */

static inline void texts_document(struct texts *t, struct buf *out)
{
	uint32_t topic = texts_chance(t, TEXTS_TOPICS), a = t->n ? texts_chance(t, (uint32_t)t->n) : 0,
		 b = t->n ? texts_chance(t, (uint32_t)t->n) : 0;

	for (unsigned paragraphs = 10 + texts_chance(t, 60); paragraphs; paragraphs--) {
		for (unsigned sentences = 2 + texts_chance(t, 5); sentences; sentences--) {
			if (t->n)
				texts_mix(t, t->sources[texts_chance(t, 3) ? a : b],
					t->sources[texts_chance(t, 4) ? b : texts_chance(t, (uint32_t)t->n)], out);
			else
				texts_make_up(t, topic, 6 + texts_chance(t, 22), out);
		}
		buf_add_str(out, "\n\n");
	}
}

static inline void texts_question(struct texts *t, struct buf *out)
{
	if (t->nquestions) {
		buf_add_str(out, t->questions[texts_chance(t, (uint32_t)t->nquestions)]);
		return;
	}
	uint32_t topic = texts_chance(t, TEXTS_TOPICS);

	buf_add_str(out, texts_chance(t, 2) ? "what is the " : "how does ");
	for (unsigned n = 2 + texts_chance(t, 5); n; n--) {
		texts_word(texts_chance(t, 3) ? texts_rank_of_topic(t, topic) : 60 + texts_rank(t) % 20000, out);
		buf_add_str(out, n == 1 ? "?" : texts_chance(t, 3) ? " " : " of the ");
	}
}

static inline void texts_fini(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		mem_free(t->sources[i]);
	for (size_t i = 0; i < t->nquestions; i++)
		mem_free(t->questions[i]);
	mem_free(t->sources);
	mem_free(t->questions);
}
