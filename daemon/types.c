/* Names, copies and frees of the domain's plain data. */
#include "daemon/types.h"

#include <string.h>

#include "common/attr.h"
#include "common/mem.h"

static const char *const state_names[] = {
	[TURN_QUEUED] = "queued",
	[TURN_RETRIEVING] = "retrieving",
	[TURN_STREAMING] = "streaming",
	[TURN_FINISHING] = "finishing",
	[TURN_DONE] = "done",
	[TURN_FAILED] = "failed",
	[TURN_CANCELLED] = "cancelled",
	[TURN_INTERRUPTED] = "interrupted",
};

static const char *const error_names[] = {
	[TURN_ERROR_NONE] = "none",
	[TURN_ERROR_UPSTREAM] = "upstream",
	[TURN_ERROR_UPSTREAM_TIMEOUT] = "upstream_timeout",
	[TURN_ERROR_UPSTREAM_UNREACHABLE] = "upstream_unreachable",
	[TURN_ERROR_UPSTREAM_REFUSED] = "upstream_refused",
	[TURN_ERROR_UPSTREAM_BUSY] = "upstream_busy",
	[TURN_ERROR_UPSTREAM_TRUNCATED] = "upstream_truncated",
	[TURN_ERROR_UPSTREAM_PROTOCOL] = "upstream_protocol",
	[TURN_ERROR_TOO_LARGE] = "too_large",
	[TURN_ERROR_INTERRUPTED] = "interrupted",
	[TURN_ERROR_STORE] = "store",
	[TURN_ERROR_INTERNAL] = "internal",
};

static int name_index(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -1;
}

const char *turn_state_name(enum turn_state s)
{
	return state_names[s];
}

const char *turn_error_name(enum turn_error e)
{
	return error_names[e];
}

int turn_error_parse(const char *name)
{
	return name_index(error_names, array_len(error_names), name);
}

void source_init(struct source *s)
{
	*s = (struct source){ .page = -1, .line = -1, .start = -1, .end = -1, .score = -1, .support = -1 };
}

void source_fini(struct source *s)
{
	mem_free(s->document);
	mem_free(s->path);
	mem_free(s->title);
	mem_free(s->url);
	mem_free(s->quote);
	mem_free(s->sha256);
	source_init(s);
}

void source_copy(struct source *to, const struct source *from)
{
	*to = *from;
	to->document = mem_dup(from->document);
	to->path = mem_dup(from->path);
	to->title = mem_dup(from->title);
	to->url = mem_dup(from->url);
	to->quote = mem_dup(from->quote);
	to->sha256 = mem_dup(from->sha256);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool source_same(const struct source *a, const struct source *b)
{
	if (a->url || b->url)
		return same_text(a->url, b->url) && a->start == b->start && a->end == b->end;
	return same_text(a->document, b->document) && same_text(a->path, b->path) &&
		same_text(a->title, b->title) && a->page == b->page && a->line == b->line &&
		a->start == b->start;
}

void source_list_add(struct source_list *l, struct source *s)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].n == s->n && source_same(&l->v[i], s)) {
			source_fini(s);
			return;
		}
	}
	l->v = mem_grow(l->v, &l->cap, l->n, sizeof(*l->v));
	l->v[l->n++] = *s;
	source_init(s);
}

void source_list_fini(struct source_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		source_fini(&l->v[i]);
	mem_free(l->v);
	*l = (struct source_list){ 0 };
}

void source_list_copy(struct source_list *to, const struct source_list *from)
{
	*to = (struct source_list){ 0 };
	for (size_t i = 0; i < from->n; i++) {
		struct source s;

		source_copy(&s, &from->v[i]);
		to->v = mem_grow(to->v, &to->cap, to->n, sizeof(*to->v));
		to->v[to->n++] = s;
	}
}
