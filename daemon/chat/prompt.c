/*
 * The messages of one request: system text, the turns before, the question with its sources.
 * Roles alternate by construction: the context holds only whole turns, a question with its answer.
 */
#include <string.h>

#include "common/mem.h"
#include "daemon/chat/chat.h"

/* Pieces are appended to the arena first and turned into pointers last: the arena may move while it grows. */
struct draft {
	struct buf *arena;
	struct { const char *role; size_t at, n; } *v;
	size_t n, cap;
};

static void draft_begin(struct draft *d, const char *role)
{
	d->v = mem_grow(d->v, &d->cap, d->n, sizeof(*d->v));
	d->v[d->n].role = role;
	d->v[d->n].at = d->arena->len;
	d->n++;
}

static void draft_add(struct draft *d, const char *s, size_t n)
{
	buf_add(d->arena, s, n);
}

static void draft_end(struct draft *d)
{
	size_t i = d->n - 1;

	d->v[i].n = d->arena->len - d->v[i].at;
}

static void draft_message(struct draft *d, const char *role, const char *s, size_t n)
{
	draft_begin(d, role);
	draft_add(d, s, n);
	draft_end(d);
}

static void draft_system(struct draft *d, const struct chat *c, const struct turn *t)
{
	const char *own = t->ask.system ? t->ask.system : c->config->system;
	const char *cite = t->passages ? library_system_prompt() : NULL;

	if (!own && !cite)
		return;
	draft_begin(d, "system");
	if (own)
		draft_add(d, own, strlen(own));
	if (own && cite)
		draft_add(d, "\n\n", 2);
	if (cite)
		draft_add(d, cite, strlen(cite));
	draft_end(d);
}

static void draft_question(struct draft *d, const struct turn *t)
{
	draft_begin(d, "user");
	if (t->passages) {
		draft_add(d, t->passages, strlen(t->passages));
		draft_add(d, "\n", 1);
	}
	draft_add(d, t->row.question, t->row.question_len);
	draft_end(d);
}

void prompt_build(const struct chat *c, const struct turn *t, struct chat_request *req, struct buf *arena)
{
	struct draft d = { .arena = arena };
	struct chat_message *m;
	size_t text;

	draft_system(&d, c, t);
	for (size_t i = 0; i < t->ncontext; i++) {
		draft_message(&d, "user", t->context[i].question, t->context[i].question_len);
		draft_message(&d, "assistant", t->context[i].answer, t->context[i].answer_len);
	}
	draft_question(&d, t);

	/* the message array lies behind the text in the same arena, aligned */
	text = (arena->len + 15) & ~(size_t)15;
	if (buf_reserve(arena, text - arena->len + d.n * sizeof(*m)) == 0) {
		m = (struct chat_message *)(void *)(arena->data + text);
		for (size_t i = 0; i < d.n; i++)
			m[i] = (struct chat_message){ .role = d.v[i].role, .text = (const char *)arena->data + d.v[i].at, .n = d.v[i].n };
		*req = (struct chat_request){ .messages = m, .nmessages = d.n, .model = t->ask.model, .options = t->ask.options, .owner = t->owner };
	} else {
		arena->failed = true;
		*req = (struct chat_request){ 0 };
	}
	mem_free(d.v);
}
