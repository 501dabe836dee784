/* What was found, with its text and its names: the last step of a search. */
#include "daemon/store/search_hits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "daemon/store/library_in.h"

struct showing {
	struct db *db;
	struct db_search *s;
	const struct rank *rank;
	char **why;
	size_t aliased; /* the hit whose other names are added */
	int said;       /* words of the question in the name that is shown; -1: not counted yet */
};

/* ---- names ---- */

static bool is_named(const struct db_search *s, const char *id, const char *name)
{
	for (size_t i = 0; i < s->ndocuments; i++)
		if (!strcmp(s->documents[i], id) || !strcmp(s->documents[i], name))
			return true;
	return false;
}

/* The name that was asked for is the one that is shown. */
static int show_as(void *ctx, const char *id, const char *name)
{
	struct showing *w = ctx;
	struct hit *h = &w->s->hits[w->s->nhits];

	if (is_named(w->s, h->document, h->name) || !is_named(w->s, id, name))
		return 0;
	(void)snprintf(h->document, sizeof(h->document), "%s", id);
	mem_free(h->name);
	h->name = mem_dup(name);
	return 0;
}

/* Where documents are ranked, each name is one. */
static int show_also(void *ctx, const char *id, const char *name)
{
	struct showing *w = ctx;
	struct db_search *s = w->s;
	const struct hit *of = &s->hits[w->aliased];
	struct hit *h = &s->hits[s->nhits];

	if (s->nhits >= (size_t)s->limit || (s->ndocuments && !is_named(s, id, name)) ||
		!strcmp(id, of->document))
		return 0;
	*h = *of;
	(void)snprintf(h->document, sizeof(h->document), "%s", id);
	h->name = mem_dup(name);
	h->heading = mem_dup(of->heading);
	h->text = mem_try_dup(of->text, of->text_len);
	s->nhits++;
	return h->text ? 0 : -ENOMEM;
}

/* How many of the question's own words a name has. */
struct naming {
	const struct db_search *s;
	uint64_t said; /* of the first 64 terms, those that stand in it */
};

static int take_word(void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	struct naming *k = ctx;

	(void)colocated;
	(void)start;
	(void)end;
	for (size_t i = 0; i < k->s->nterms && i < 64; i++)
		if (k->s->terms[i].own && k->s->terms[i].n == n && !memcmp(k->s->terms[i].term, term, n))
			k->said |= UINT64_C(1) << i;
	return 0;
}

static int words_said(const struct db_search *s, const char *name)
{
	struct naming k = { .s = s };

	(void)tokenizer_each(name, strlen(name), &k, take_word);
	return __builtin_popcountll(k.said);
}

/* Where no names were asked for, the one that the question says most of. */
static int show_said(void *ctx, const char *id, const char *name)
{
	struct showing *w = ctx;
	struct hit *h = &w->s->hits[w->s->nhits];
	int said = words_said(w->s, name);

	if (w->said < 0)
		w->said = words_said(w->s, h->name);
	if (said <= w->said)
		return 0;
	w->said = said;
	(void)snprintf(h->document, sizeof(h->document), "%s", id);
	mem_free(h->name);
	h->name = mem_dup(name);
	return 0;
}

static int load_names(struct showing *w)
{
	struct db_search *s = w->s;
	struct hit *h = &s->hits[s->nhits];
	id_str document;
	char *first;
	int r;

	if (!h->others) {
		s->nhits++;
		return 0;
	}
	first = mem_dup(h->name);
	memcpy(document, h->document, sizeof(document));
	w->said = -1;
	r = alias_each(w->db, document, s->ndocuments ? show_as : show_said, w, w->why);
	w->aliased = s->nhits++;
	if (r == 0 && s->whole)
		r = show_also(w, document, first);
	if (r == 0 && s->whole)
		r = alias_each(w->db, document, show_also, w, w->why);
	mem_free(first);
	return r;
}

/* ---- texts ---- */

struct order {
	int64_t id;
	size_t at; /* among the best */
};

static int by_id(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* In the order of the file, in which neighbours share pages; to the places that they have by rank. */
static int load(struct showing *w, struct order *v, struct hit *hits, bool *found)
{
	size_t n = w->rank->nhits;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct order){ w->rank->hits[i].id, i };
	qsort(v, n, sizeof(*v), by_id);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = hit_load(w->db, v[i].id, false, &hits[v[i].at], &found[v[i].at], w->why);
	return r;
}

static int show(struct showing *w, struct hit *h, const struct rank_hit *rank)
{
	struct db_search *s = w->s;

	h->score = rank->score;
	h->own = rank->own;
	s->hits[s->nhits] = *h;
	*h = (struct hit){ 0 };
	return load_names(w);
}

int search_hits(struct db *db, struct db_search *s, const struct rank *rank, char **why)
{
	struct showing w = { .db = db, .s = s, .rank = rank, .why = why };
	size_t n = rank->nhits, limit = s->limit > 0 ? (size_t)s->limit : 0;
	struct order *v = calloc(n + 1, sizeof(*v));
	struct hit *hits = calloc(n + 1, sizeof(*hits));
	bool *found = calloc(n + 1, sizeof(*found));
	int r = -ENOMEM;

	s->hits = calloc(n + limit + 1, sizeof(*s->hits));
	if (v && hits && found && s->hits)
		r = load(&w, v, hits, found);
	for (size_t i = 0; r == 0 && i < n && s->nhits < limit; i++)
		if (found[i])
			r = show(&w, &hits[i], &rank->hits[i]);
	for (size_t i = 0; hits && i < n; i++)
		hit_fini(&hits[i]);
	mem_free(v);
	mem_free(hits);
	mem_free(found);
	return r;
}
