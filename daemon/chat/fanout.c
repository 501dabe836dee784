/* Subscribers of a turn: offsets into one text, served as far as each has room. */
#include "daemon/chat/fanout.h"

#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/chat/turn.h"

#define DELTA_MAX (64u << 10) /* one notification: a returning reader gets its backlog in pieces */

static bool boundary(const struct buf *b, size_t off)
{
	return off <= b->len && (off == b->len || (b->data[off] & 0xc0) != 0x80);
}

bool fanout_offset_ok(const struct turn *t, size_t off, size_t roff)
{
	return boundary(&t->text, off) && boundary(&t->reasoning, roff);
}

struct sub *fanout_subscribe(struct turn *t, size_t off, size_t roff, uint64_t ev, const struct sub_ops *ops, void *ctx)
{
	struct sub *s = mem_new(sizeof(*s));

	*s = (struct sub){ .turn = t, .off = off, .roff = roff, .ev = ev > t->ev_base ? min_of(ev - t->ev_base, t->nevents) : 0, .ops = ops, .ctx = ctx };
	list_init(&s->of_owner);
	list_push_back(&t->subs, &s->of_turn);
	turn_touch(t);
	return s;
}

void fanout_unsubscribe(struct sub *s)
{
	if (!s)
		return;
	list_remove(&s->of_turn);
	list_remove(&s->of_owner);
	if (s->ops->drop)
		s->ops->drop(s->ctx);
	mem_free(s);
}

/* One piece of `b` from *off up to `limit`. */
static void give(struct sub *s, const struct buf *b, size_t *off, size_t limit,
	void (*fn)(void *, const struct turn *, size_t, const char *, size_t))
{
	const char *p = (const char *)b->data + *off;
	size_t n = limit - *off;

	if (n > DELTA_MAX)
		n = utf8_floor(p, n, DELTA_MAX);
	fn(s->ctx, s->turn, *off, p, n);
	*off += n;
}

/* The next thing this subscriber lacks, in the order it happened. False: it has everything there is. */
static bool give_next(struct sub *s)
{
	struct turn *t = s->turn;
	const struct event *e = s->ev < t->nevents ? &t->events[s->ev] : NULL;
	size_t text = e ? min_of(e->off, t->text.len) : t->text.len;
	size_t reasoning = e ? min_of(e->roff, t->reasoning.len) : t->reasoning.len;

	if (s->roff < reasoning)
		give(s, &t->reasoning, &s->roff, reasoning, s->ops->reasoning);
	else if (s->off < text)
		give(s, &t->text, &s->off, text, s->ops->delta);
	else if (e)
		s->ops->event(s->ctx, t, t->ev_base + ++s->ev, e);
	else
		return false;
	return true;
}

bool fanout_pump(struct sub *s)
{
	struct turn *t = s->turn;
	bool behind = !s->ends_only;

	while (behind && s->ops->has_room(s->ctx))
		behind = give_next(s);
	if (behind || !turn_state_ended(t->row.state))
		return true;
	s->ops->done(s->ctx, t);
	fanout_unsubscribe(s);
	return false;
}

void fanout_pump_all(struct turn *t)
{
	list_foreach_safe(it, &t->subs)
		fanout_pump(list_entry(it, struct sub, of_turn));
}
