/* Branches: all turns are read once for their places, and for JSON a second time for their texts. */
#include "client/branches.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/conversation.h"
#include "client/filter.h"
#include "client/link.h"
#include "client/say.h"
#include "client/term.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/errors.h"

#define LINE_MAX_BYTES 200
#define DEPTH_MAX 100

struct node {
	char *id, *parent, *line; /* line: what is shown of it */
	int64_t seq;
	size_t up;      /* of the parent, NONE: a first turn */
	bool current;
};
#define NONE SIZE_MAX

struct tree {
	struct node *v; /* by seq: a parent stands before its children */
	size_t n, cap;
	char *thread, *last;
};

static void tree_fini(struct tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		mem_free(t->v[i].id);
		mem_free(t->v[i].parent);
		mem_free(t->v[i].line);
	}
	mem_free(t->v);
	mem_free(t->thread);
	mem_free(t->last);
}

static char *line_of(struct val turn)
{
	struct val state = val_get(turn, "state"), rating = val_get(val_get(turn, "rating"), "value");
	char *name = val_get_text(turn, "state");
	struct buf line = { 0 };
	const char *s = "";
	size_t n = 0;

	if (val_present(val_get(turn, "of")))
		(void)buf_add_str(&line, "(again) ");
	(void)val_get_str(turn, "question", &s, &n);
	filter_line(term_filter_out(), s, n, LINE_MAX_BYTES, &line);
	if (name && !val_str_is(state, "done"))
		(void)buf_addf(&line, "  (%s)", name);
	if (val_str_is(rating, "up") || val_str_is(rating, "down"))
		(void)buf_add_str(&line, val_str_is(rating, "up") ? "  +1" : "  -1");
	mem_free(name);
	return buf_steal(&line, NULL);
}

static size_t find(const struct tree *t, const char *id)
{
	for (size_t i = t->n; id && i-- > 0;) /* mostly the one just before */
		if (t->v[i].id && !strcmp(t->v[i].id, id))
			return i;
	return NONE;
}

static void add(struct tree *t, struct val turn)
{
	struct node node = { .id = val_get_text(turn, "turn"), .parent = val_get_text(turn, "parent"), .line = line_of(turn),
		.seq = val_get_int(turn, "seq", 0) };

	node.up = find(t, node.parent);
	t->v = mem_grow(t->v, &t->cap, t->n, sizeof(*t->v));
	t->v[t->n++] = node;
}

static void mark(struct tree *t)
{
	for (size_t i = find(t, t->last); i != NONE; i = t->v[i].up)
		t->v[i].current = true;
}

/* Every page of the thread to `each`; what it does with the link's message must not outlive it. */
static int pages(struct link *l, const char *ref, int (*each)(void *ctx, struct link *l), void *ctx)
{
	char *id = mem_dup(ref);
	int64_t after = 0;
	bool first = true;
	int r;

	do {
		struct pack *p = link_request(l, "message.list");

		pack_kv_text(p, "thread", id);
		pack_kv_int(p, "after", after);
		r = link_call(l, 0);
		if (r) {
			r = first && r == LINK_E_REMOTE && l->error.code == PROTO_E_NOT_FOUND ? STATUS_NOT_FOUND : link_fail(l, r);
			break;
		}
		first = false;
		after = val_get_int(l->msg.result, "next", 0);
		mem_free(id);
		id = val_get_text(val_get(l->msg.result, "thread"), "thread");
		r = each(ctx, l);
	} while (!r && after);
	mem_free(id);
	return r;
}

static int take_page(void *ctx, struct link *l)
{
	struct val thread = val_get(l->msg.result, "thread"), turns = val_get(l->msg.result, "turns");
	struct tree *t = ctx;

	mem_free(t->thread);
	mem_free(t->last);
	t->thread = val_get_text(thread, "thread");
	t->last = val_get_text(thread, "last");
	for (size_t i = 0; i < val_count(turns); i++)
		add(t, val_at(turns, i));
	return 0;
}

/* ---- drawn ---- */

/* A chain goes straight down; where it parts, each branch is drawn behind a bar of its own. */
struct drawing {
	const struct tree *t;
	size_t *first, *next; /* children, in order */
	bool utf8;
	unsigned width;
	struct buf *out;
};

static void draw_line(struct drawing *d, const struct node *node, const struct buf *bars, const char *joint)
{
	struct buf line = { 0 };

	(void)buf_addf(&line, "%c %.8s %4lld  ", node->current ? '*' : ' ', node->id, (long long)node->seq);
	if (bars->len)
		(void)buf_add(&line, bars->data, bars->len);
	(void)buf_addf(&line, "%s%s", joint, node->line);
	if (d->width)
		term_shorten(&line, 0, d->width);
	(void)buf_add(d->out, line.data, line.len);
	(void)buf_add_byte(d->out, '\n');
	buf_fini(&line);
}

/* `at`: the first of siblings. */
static void draw(struct drawing *d, size_t at, struct buf *bars, unsigned depth)
{
	size_t length = bars->len;

	while (at != NONE && d->next[at] == NONE) {
		draw_line(d, &d->t->v[at], bars, "");
		at = d->first[at];
	}
	if (depth == DEPTH_MAX && at != NONE) {
		(void)buf_add_str(d->out, "  ... deeper branches are not drawn\n");
		return;
	}
	for (; at != NONE; at = d->next[at]) {
		bool last = d->next[at] == NONE;

		draw_line(d, &d->t->v[at], bars, d->utf8 ? (last ? "\u2514 " : "\u251c ") : "+ ");
		(void)buf_add_str(bars, last ? "  " : d->utf8 ? "\u2502 " : "| ");
		draw(d, d->first[at], bars, depth + 1);
		bars->len = length;
	}
}

int branches_draw(struct link *l, const char *ref, struct buf *out)
{
	struct tree t = { .n = 0 };
	struct drawing d = { .t = &t, .utf8 = term_utf8(), .width = isatty(STDOUT_FILENO) ? term_width(STDOUT_FILENO) : 0, .out = out };
	struct buf bars = { 0 };
	size_t root = NONE;
	int r = pages(l, ref, take_page, &t);

	mark(&t);
	d.first = mem_new((t.n + 1) * sizeof(*d.first));
	d.next = mem_new((t.n + 1) * sizeof(*d.next));
	for (size_t i = 0; i < t.n; i++)
		d.first[i] = NONE;
	for (size_t i = t.n; i-- > 0;) {
		size_t *head = t.v[i].up == NONE ? &root : &d.first[t.v[i].up];

		d.next[i] = *head;
		*head = i;
	}
	if (!r)
		draw(&d, root, &bars, 0);
	buf_fini(&bars);
	mem_free(d.first);
	mem_free(d.next);
	tree_fini(&t);
	return r;
}

/* ---- in JSON ---- */

struct writing {
	const struct tree *t;
	struct json_out w;
	bool begun;
};

static void add_place(struct writing *k, size_t at)
{
	const struct tree *t = k->t;

	json_out_key(&k->w, "current");
	json_out_bool(&k->w, at != NONE && t->v[at].current);
	json_out_key(&k->w, "siblings");
	json_out_array(&k->w);
	for (size_t i = 0; at != NONE && i < t->n; i++)
		if (i != at && t->v[i].up == t->v[at].up)
			json_out_str(&k->w, t->v[i].id);
	json_out_array_end(&k->w);
}

static int write_page(void *ctx, struct link *l)
{
	struct writing *k = ctx;
	struct val turns = val_get(l->msg.result, "turns");
	int r = 0;

	if (!k->begun) {
		json_out_object(&k->w);
		json_out_key(&k->w, "thread");
		val_to_json(val_get(l->msg.result, "thread"), &k->w);
		json_out_key(&k->w, "turns");
		json_out_array(&k->w);
		k->begun = true;
	}
	for (size_t i = 0; !r && i < val_count(turns); i++) {
		char *id = val_get_text(val_at(turns, i), "turn");

		json_out_object(&k->w);
		r = turn_json_pairs(l->client, val_at(turns, i), &k->w);
		add_place(k, find(k->t, id));
		json_out_object_end(&k->w);
		mem_free(id);
	}
	return r;
}

int branches_json(struct link *l, const char *ref, struct buf *out)
{
	struct tree t = { .n = 0 };
	struct writing k = { .t = &t };
	int r = pages(l, ref, take_page, &t);

	mark(&t);
	json_out_init(&k.w, out);
	if (!r)
		r = pages(l, t.thread ? t.thread : ref, write_page, &k);
	if (!r) {
		json_out_array_end(&k.w);
		json_out_object_end(&k.w);
		(void)buf_add_byte(out, '\n');
	}
	tree_fini(&t);
	return r;
}
