/* A collection with known answers, as text files: questions, the documents that answer, what was
 * said before. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/path.h"
#include "common/str.h"

struct text {
	char *p;
	size_t n;
};

struct question {
	char *id, *text, *before, *answer_before;
	struct text *gold; /* documents */
	size_t ngold;
	char **answers;
	size_t nanswers;
};

struct collection {
	struct question *questions;
	size_t n;
	bool history;
};

static inline void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_retrieval: %s: %s\n", what, why ? why : "failed");
	exit(1);
}

static inline bool file_text(const char *dir, const char *name, struct text *out)
{
	char *path = path_join(dir, name);
	struct buf b;
	int r;

	buf_init(&b, 0);
	r = file_read(path, &b);
	mem_free(path);
	*out = (struct text){ 0 };
	if (r == 0)
		out->p = buf_steal(&b, &out->n);
	buf_fini(&b);
	return r == 0;
}

/* The next line of *rest without its end, NUL-terminated; NULL at the end. */
static inline char *next_line(char **rest)
{
	char *line = *rest, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	*rest = end ? end + 1 : NULL;
	return line;
}

static inline char *field_of(const char *line, const char *name)
{
	struct json_slice key, value;
	char *out = NULL;
	struct json j;

	json_init(&j, line, strlen(line), 32);
	if (json_object(&j))
		while (json_key(&j, &key))
			if (json_slice_is(&key, name) && json_string(&j, &value))
				out = json_strdup(&value, (size_t)64 << 20);
	return out;
}

static inline struct question *question_by(struct collection *b, const char *id)
{
	static size_t last;

	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->questions[(last + i) % b->n].id, id))
			return &b->questions[last = (last + i) % b->n];
	return NULL;
}

static inline void load_questions(struct collection *b, const char *dir)
{
	struct text all;
	size_t cap = 0;
	char *rest, *line;

	if (!file_text(dir, "queries.tsv", &all))
		die(dir, "no queries.tsv");
	for (rest = all.p; (line = next_line(&rest));) {
		char *tab = strchr(line, '\t');

		if (!tab)
			continue;
		*tab = '\0';
		b->questions = mem_grow(b->questions, &cap, b->n, sizeof(*b->questions));
		b->questions[b->n++] =
			(struct question){ .id = mem_dup(line), .text = mem_dup(tab + 1) };
	}
	mem_free(all.p);
}

static inline void load_gold(struct collection *b, const char *dir)
{
	char question[160], document[160];
	struct text all;
	char *rest, *line;
	int relevance;

	if (!file_text(dir, "qrels.txt", &all))
		die(dir, "no qrels.txt");
	for (rest = all.p; (line = next_line(&rest));) {
		struct question *q;
		size_t cap;

		if (sscanf(line, "%159s %*s %159s %d", question, document, &relevance) != 3 ||
			relevance < 1)
			continue;
		q = question_by(b, question);
		if (!q)
			continue;
		cap = q->ngold;
		q->gold = mem_grow(q->gold, &cap, q->ngold, sizeof(*q->gold));
		q->gold[q->ngold++] = (struct text){ mem_dup(document), strlen(document) };
	}
	mem_free(all.p);
}

static inline void load_answers(struct collection *b, const char *dir)
{
	struct text all;
	char *rest, *line;

	if (!file_text(dir, "answers.jsonl", &all))
		return;
	for (rest = all.p; (line = next_line(&rest));) {
		char *id = field_of(line, "qid");
		struct question *q = id ? question_by(b, id) : NULL;
		struct json_slice key, value;
		struct json j;

		json_init(&j, line, strlen(line), 32);
		while (q && (j.depth || json_object(&j)) && json_key(&j, &key)) {
			if (!json_slice_is(&key, "answers") || !json_array(&j))
				continue;
			while (json_item(&j)) {
				size_t cap = q->nanswers;

				if (!json_string(&j, &value))
					continue;
				q->answers = mem_grow(
					q->answers, &cap, q->nanswers, sizeof(*q->answers));
				q->answers[q->nanswers++] = str_trim(json_strdup(&value, 1 << 20));
			}
		}
		mem_free(id);
	}
	mem_free(all.p);
}

/* The last turn is the question; the question and the answer before it are its history. */
static inline void load_history(struct collection *b, const char *dir)
{
	struct text all;
	char *rest, *line;

	if (!file_text(dir, "conversations.jsonl", &all))
		return;
	b->history = true;
	for (rest = all.p; (line = next_line(&rest));) {
		char *id = field_of(line, "qid"), *users[3] = { NULL }, *agent = NULL;
		struct question *q = id ? question_by(b, id) : NULL;
		struct json_slice key, who, text;
		struct json j;

		json_init(&j, line, strlen(line), 32);
		if (q && json_object(&j))
			while (json_key(&j, &key)) {
				if (!json_slice_is(&key, "turns") || !json_array(&j))
					continue;
				while (json_item(&j)) {
					if (!json_array(&j) || !json_item(&j) ||
						!json_string(&j, &who) || !json_item(&j) ||
						!json_string(&j, &text))
						continue;
					while (json_item(&j))
						json_skip(&j);
					if (json_slice_is(&who, "user")) {
						mem_free(users[0]);
						users[0] = users[1];
						users[1] = json_strdup(&text, 1 << 20);
					} else {
						mem_free(agent);
						agent = json_strdup(&text, 1 << 20);
					}
				}
			}
		if (q) {
			q->before = users[0];
			q->answer_before = agent;
		}
		mem_free(users[1]);
		mem_free(id);
	}
	mem_free(all.p);
}

static inline void question_fini(struct question *q)
{
	mem_free(q->id);
	mem_free(q->text);
	mem_free(q->before);
	mem_free(q->answer_before);
	for (size_t i = 0; i < q->ngold; i++)
		mem_free(q->gold[i].p);
	for (size_t i = 0; i < q->nanswers; i++)
		mem_free(q->answers[i]);
	mem_free(q->gold);
	mem_free(q->answers);
}

static inline void collection_load(struct collection *b, const char *dir)
{
	load_questions(b, dir);
	load_gold(b, dir);
	load_answers(b, dir);
	load_history(b, dir);
}

static inline void collection_fini(struct collection *b)
{
	for (size_t i = 0; i < b->n; i++)
		question_fini(&b->questions[i]);
	mem_free(b->questions);
	*b = (struct collection){ 0 };
}
