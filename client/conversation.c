/* Reading what is stored. */
#include "client/conversation.h"

#include <string.h>

#include "client/answer.h"
#include "client/cmd.h"
#include "client/link.h"
#include "client/pretty.h"
#include "client/say.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "proto/errors.h"
#include "proto/limits.h"

/* ---- the whole text ---- */

/* Deltas of the turn until `length` bytes are here. */
static int take_until(struct link *l, struct answer *a, uint64_t length)
{
	struct link_wait w = { .signals = -1, .until_ms = clock_mono_ms() + LINK_CALL_MS };
	const char *s;
	size_t n;

	while (a->off < length && !a->state) {
		switch (link_next(l, &w)) {
		case LINK_MESSAGE:
			if (l->msg.type == MSG_NOTIFICATION && answer_is_for(a, l->msg.params))
				(void)answer_take(a, l->msg.params, &s, &n);
			break;
		case LINK_LOST:
			return link_fail(l, LINK_E_LOST);
		case LINK_TIMEOUT:
			return link_fail(l, LINK_E_TIMEOUT);
		case LINK_REFUSED:
			return l->status;
		default:
			break;
		}
	}
	return 0;
}

static int fetch_rest(
	const struct client *c, const char *turn, uint64_t off, uint64_t length, struct buf *out)
{
	struct link *l = link_new(c);
	struct pack *p = link_request(l, "attach");
	struct answer a;
	int r;

	answer_init(&a, true);
	answer_begin(&a, turn, off);
	pack_kv_text(p, "turn", turn);
	pack_kv_int(p, "off", (int64_t)off);
	r = link_call(l, 0);
	r = r ? link_fail(l, r) : take_until(l, &a, length);
	if (!r)
		(void)buf_add(out, a.text.data, a.text.len);
	answer_fini(&a);
	link_free(l);
	return r;
}

int turn_text(const struct client *c, struct val turn, struct buf *out)
{
	uint64_t length = 0;
	const char *s = "";
	size_t n = 0;
	char *id;
	int r = 0;

	(void)val_get_str(turn, "text", &s, &n);
	(void)buf_add(out, s, n);
	if (!val_uint(val_get(turn, "length"), &length) || length <= n)
		return 0;
	id = val_get_text(turn, "turn");
	if (id)
		r = fetch_rest(c, id, n, length, out);
	mem_free(id);
	return r;
}

int turn_json_pairs(const struct client *c, struct val turn, struct json_out *w)
{
	struct buf text = { 0 };
	int r = turn_text(c, turn, &text);

	pretty_pairs(w, turn, "text");
	json_out_key(w, "text");
	json_out_string(w, text.data ? (const char *)text.data : "", text.len);
	buf_fini(&text);
	return r;
}

int turn_json(const struct client *c, struct val turn, struct json_out *w)
{
	int r;

	json_out_object(w);
	r = turn_json_pairs(c, turn, w);
	json_out_object_end(w);
	return r;
}

int conversation_turn(
	struct link *l, const char *ref, const struct paper *paper, struct buf *out)
{
	struct json_out w;
	struct val turn;
	int r;

	pack_kv_text(link_request(l, "turn.get"), "turn", ref);
	r = link_call(l, 0);
	if (r)
		return link_fail(l, r);
	turn = val_get(l->msg.result, "turn");
	if (paper->format == PAPER_JSON) {
		json_out_init(&w, out);
		r = turn_json(l->client, turn, &w);
		(void)buf_add_byte(out, '\n');
		return r;
	}
	paper_title(paper, turn, out);
	r = paper_turn(paper, l->client, turn, out);
	paper_end(out);
	return r;
}

/* ---- a thread, page by page ---- */

struct pages {
	struct link *link;
	const struct paper *paper;
	struct buf *out;
	struct json_out w;
	bool begun;
};

static void begin_pages(struct pages *p, struct val thread)
{
	p->begun = true;
	if (p->paper->format != PAPER_JSON) {
		paper_title(p->paper, thread, p->out);
		return;
	}
	json_out_init(&p->w, p->out);
	json_out_object(&p->w);
	json_out_key(&p->w, "thread");
	val_to_json(thread, &p->w);
	json_out_key(&p->w, "turns");
	json_out_array(&p->w);
}

static int add_page(struct pages *p, struct val result)
{
	const struct client *c = p->link->client;
	struct val turns = val_get(result, "turns");
	int r = 0;

	if (!p->begun)
		begin_pages(p, val_get(result, "thread"));
	for (size_t i = 0; !r && i < val_count(turns); i++)
		r = p->paper->format == PAPER_JSON
			    ? turn_json(c, val_at(turns, i), &p->w)
			    : paper_turn(p->paper, c, val_at(turns, i), p->out);
	return r;
}

static void end_pages(struct pages *p)
{
	if (p->paper->format == PAPER_JSON) {
		json_out_array_end(&p->w);
		json_out_object_end(&p->w);
		(void)buf_add_byte(p->out, '\n');
	} else {
		paper_end(p->out);
	}
}

int conversation_thread(
	struct link *l, const char *ref, const struct paper *paper, struct buf *out)
{
	struct pages p = { .link = l, .paper = paper, .out = out };
	char *id = mem_dup(ref);
	int64_t after = 0;
	int r;

	do {
		struct pack *q = link_request(l, "message.list");

		pack_kv_text(q, "thread", id);
		pack_kv_int(q, "after", after);
		r = link_call(l, 0);
		if (r) {
			mem_free(id);
			return p.begun || r != LINK_E_REMOTE || l->error.code != PROTO_E_NOT_FOUND
				       ? link_fail(l, r)
				       : STATUS_NOT_FOUND;
		}
		after = val_get_int(l->msg.result, "next", 0);
		/* "last" could name another thread by the time of the second page. */
		mem_free(id);
		id = val_get_text(val_get(l->msg.result, "thread"), "thread");
		if (!id)
			id = mem_dup(ref);
		r = add_page(&p, l->msg.result);
	} while (!r && after);
	mem_free(id);
	if (!r)
		end_pages(&p);
	return r;
}

/* ---- one branch, from its end ---- */

struct texts {
	struct buf *v;
	size_t n, cap;
};

static int add_earlier(struct link *l, struct val turns, int64_t most, const struct paper *paper, struct texts *t)
{
	int r = 0;

	for (size_t i = 0; !r && i < val_count(turns) && (!most || (int64_t)t->n < most); i++) {
		t->v = mem_grow(t->v, &t->cap, t->n, sizeof(*t->v));
		buf_init(&t->v[t->n], 0);
		r = paper_turn(paper, l->client, val_at(turns, i), &t->v[t->n++]);
	}
	return r;
}

static bool is_rising(struct val turns)
{
	size_t n = val_count(turns);

	return n > 1 && val_get_int(val_at(turns, 0), "seq", 0) < val_get_int(val_at(turns, n - 1), "seq", 0);
}

int conversation_branch(struct link *l, const char *ref, int64_t most, const struct paper *paper, int64_t *others, struct buf *out)
{
	struct texts t = { .n = 0 };
	char *id = mem_dup(ref), *from = NULL;
	int64_t turns = 0;
	int r;

	do {
		struct pack *p = link_request(l, "message.list");

		pack_kv_text(p, "thread", id);
		pack_kv_bool(p, "branch", true);
		pack_kv_text_opt(p, "from", from);
		if (most)
			pack_kv_int(p, "limit", min_of(most - (int64_t)t.n, (int64_t)LIMIT_PAGE));
		from = mem_free(from);
		r = link_call(l, 0);
		if (r) {
			r = t.n || r != LINK_E_REMOTE || l->error.code != PROTO_E_NOT_FOUND ? link_fail(l, r) : STATUS_NOT_FOUND;
			break;
		}
		if (!t.n && is_rising(val_get(l->msg.result, "turns")))
			break; /* a daemon that knows of no branches */
		if (!t.n) {
			paper_title(paper, val_get(l->msg.result, "thread"), out);
			turns = val_get_int(val_get(l->msg.result, "thread"), "turns", 0);
		}
		mem_free(id);
		id = val_get_text(val_get(l->msg.result, "thread"), "thread");
		from = val_get_text(l->msg.result, "earlier");
		r = add_earlier(l, val_get(l->msg.result, "turns"), most, paper, &t);
	} while (!r && from && (!most || (int64_t)t.n < most));
	*others = from ? -1 : t.n ? turns - (int64_t)t.n : 0;
	for (size_t i = t.n; i-- > 0;) {
		(void)buf_add(out, t.v[i].data, t.v[i].len);
		buf_fini(&t.v[i]);
	}
	if (t.n)
		paper_end(out);
	else if (!r)
		r = conversation_thread(l, id, paper, out);
	mem_free(t.v);
	mem_free(from);
	mem_free(id);
	return r;
}
