/*
 * The history that the tutorial's app keeps in its session, and Chainlit in threads.metadata: it
 * holds answers whose row was overwritten with '' when two writes came in the wrong order.
 * Questions are matched in their order, by text, so that a question asked twice finds its own
 * answer.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "daemon/store/adopt_in.h"
#include "daemon/store/steps.h"

#define MATCH_MAX 1500              /* of each side; the newest */
#define CONTENT_MAX ((size_t)64 << 20)
#define WRAPPED_MAX 4               /* JSON within a JSON string within... */

struct said {
	char *question, *answer; /* answer NULL: none */
};

struct history {
	struct said *v;
	size_t n, cap;
};

static void history_fini(struct history *h)
{
	for (size_t i = 0; i < h->n; i++) {
		mem_free(h->v[i].question);
		mem_free(h->v[i].answer);
	}
	mem_free(h->v);
}

/* An assistant's word belongs to the question before it, once; greetings come before any. */
static void add_message(struct history *h, const char *role, char *content)
{
	struct said *last = h->n ? &h->v[h->n - 1] : NULL;

	if (role && content && !strcmp(role, "user")) {
		h->v = mem_grow(h->v, &h->cap, h->n, sizeof(*h->v));
		h->v[h->n++] = (struct said){ .question = content };
		return;
	}
	if (role && content && !strcmp(role, "assistant") && last && !last->answer && *content &&
		strcmp(content, STEP_NOTICE_STOPPED) != 0 &&
		strncmp(content, "Ingesting documents", 19) != 0)
		last->answer = content;
	else
		mem_free(content);
}

static char *read_string(struct json *j)
{
	struct json_slice raw;

	if (json_string(j, &raw))
		return json_strdup(&raw, CONTENT_MAX);
	json_skip(j);
	return NULL;
}

static void read_message(struct json *j, struct history *h)
{
	char *role = NULL, *content = NULL;
	struct json_slice key;

	if (!json_object(j)) {
		json_skip(j);
		return;
	}
	while (json_key(j, &key)) {
		char **to = json_slice_is(&key, "role")      ? &role
			    : json_slice_is(&key, "content") ? &content
							     : NULL;

		if (to) {
			mem_free(*to);
			*to = read_string(j);
		} else {
			json_skip(j);
		}
	}
	add_message(h, role, content);
	mem_free(role);
}

static void read_history(struct json *j, struct history *h)
{
	struct json_slice key;

	while (json_key(j, &key)) {
		if (!json_slice_is(&key, "history") || !json_array(j)) {
			json_skip(j);
			continue;
		}
		while (json_item(j))
			read_message(j, h);
	}
}

/* The object may lie in a string: an edit in Chainlit encodes it once more each time. */
static void read_metadata(const char *text, size_t n, struct history *h)
{
	char *inner = NULL;
	struct json j;

	json_init(&j, text, n, 64);
	for (int depth = 0; depth < WRAPPED_MAX && json_peek(&j) == JSON_STRING; depth++) {
		char *next = read_string(&j);

		mem_free(inner);
		inner = next;
		json_init(&j, inner ? inner : "", inner ? strlen(inner) : 0, 64);
	}
	if (json_object(&j))
		read_history(&j, h);
	mem_free(inner);
}

static const char *question_of(const struct steps *s, const struct pair *p)
{
	if (p->user >= 0)
		return s->v[p->user].text;
	return p->run >= 0 && s->v[p->run].text_len ? s->v[p->run].text : NULL;
}

static const char *answer_of(const struct steps *s, const struct pair *p)
{
	return p->answer >= 0 && s->v[p->answer].text_len ? s->v[p->answer].text : NULL;
}

/* How well they fit; 0: not the same. Without either text on our side there is nothing to go by. */
static int fit(const struct steps *s, const struct pair *p, const struct said *said)
{
	const char *question = question_of(s, p), *answer = answer_of(s, p);

	if (question && strcmp(question, said->question) != 0)
		return 0;
	if (answer && said->answer)
		return strcmp(answer, said->answer) ? 0 : question ? 4 : 2;
	return question ? 2 : 0;
}

struct match {
	const struct steps *s;
	const struct history *h;
	size_t first_pair, first_said, np, nh;
	uint16_t *best; /* (np + 1) x (nh + 1): of what lies before (i, j) */
};

static uint16_t *cell(const struct match *m, size_t i, size_t k)
{
	return &m->best[i * (m->nh + 1) + k];
}

static int fit_at(const struct match *m, size_t i, size_t k)
{
	return fit(m->s, &m->s->pairs[m->first_pair + i], &m->h->v[m->first_said + k]);
}

/* The longest common order (Needleman and Wunsch). */
static void score(struct match *m)
{
	for (size_t i = 1; i <= m->np; i++)
		for (size_t k = 1; k <= m->nh; k++) {
			int f = fit_at(m, i - 1, k - 1);
			uint16_t with = (uint16_t)(f ? *cell(m, i - 1, k - 1) + f : 0);
			uint16_t without = max_of(*cell(m, i - 1, k), *cell(m, i, k - 1));

			*cell(m, i, k) = max_of(with, without);
		}
}

static void take_over(struct steps *s, struct pair *p, const struct said *said)
{
	if (!answer_of(s, p) && said->answer)
		p->found_answer = mem_dup(said->answer);
	if (p->user < 0)
		p->found_question = mem_dup(said->question);
}

/*
 * Back along the best path. A tie goes to the match: the later of two equal questions to the later
 * row.
 */
static void follow(struct steps *s, const struct match *m)
{
	size_t i = m->np, k = m->nh;

	while (i && k) {
		int f = fit_at(m, i - 1, k - 1);

		if (f && *cell(m, i, k) == *cell(m, i - 1, k - 1) + f) {
			take_over(s, &s->pairs[m->first_pair + --i], &m->h->v[m->first_said + --k]);
		} else if (*cell(m, i, k) == *cell(m, i - 1, k)) {
			i--;
		} else {
			k--;
		}
	}
}

static bool anything_missing(const struct steps *s)
{
	for (size_t i = 0; i < s->npairs; i++)
		if (!s->pairs[i].known && (!answer_of(s, &s->pairs[i]) || s->pairs[i].user < 0))
			return true;
	return false;
}

void history_match(struct steps *s, const char *metadata, size_t n)
{
	struct history h = { .n = 0 };
	struct match m = { .s = s, .h = &h };

	if (!metadata || !anything_missing(s))
		return;
	read_metadata(metadata, n, &h);
	m.np = min_of(s->npairs, MATCH_MAX);
	m.nh = min_of(h.n, MATCH_MAX);
	m.first_pair = s->npairs - m.np;
	m.first_said = h.n - m.nh;
	if (m.np && m.nh) {
		m.best = mem_new((m.np + 1) * (m.nh + 1) * sizeof(*m.best));
		score(&m);
		follow(s, &m);
		mem_free(m.best);
	}
	history_fini(&h);
}
