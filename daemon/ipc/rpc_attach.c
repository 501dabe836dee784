/* attach, detach: a connection follows a turn. */
#include "daemon/ipc/attach.h"

#include <string.h>

#include "daemon/ipc/turn_call.h"
#include "daemon/server.h"

void attach_subscribe(struct conn *c, struct turn *t, size_t off, size_t roff, uint64_t ev)
{
	struct sub *sub;

	list_foreach_safe(it, &c->subs) {
		struct sub *old = list_entry(it, struct sub, of_owner);

		if (old->turn == t && !old->ends_only)
			fanout_unsubscribe(old);
	}
	sub = fanout_subscribe(t, off, roff, ev, &stream_ops, c);
	list_push_back(&c->subs, &sub->of_owner);
}

void reply_accepted(struct call *call, const struct turn_row *row, const struct turn *live, bool duplicate)
{
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_kv_text_opt(&p, "thread", *row->thread ? row->thread : NULL);
	pack_kv_text(&p, "turn", row->id);
	pack_kv_int(&p, "off", 0);
	pack_kv_text(&p, "state", turn_state_name(live ? live->row.state : row->state));
	pack_kv_text_opt(&p, "name", row->thread_name);
	if (duplicate)
		pack_kv_bool(&p, "dup", true);
	reply_end(call, &p);
}

static void reply_attached(struct call *call, const struct turn *t, size_t off, size_t roff, uint64_t ev)
{
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_kv_text(&p, "turn", t->row.id);
	pack_kv_text_opt(&p, "thread", *t->row.thread ? t->row.thread : NULL);
	pack_kv_text_opt(&p, "name", t->row.thread_name);
	pack_kv_text(&p, "state", turn_state_name(t->row.state));
	pack_kv_int(&p, "off", (int64_t)off);
	pack_kv_int(&p, "roff", (int64_t)roff);
	pack_kv_int(&p, "ev", (int64_t)min_of(ev, t->ev_base + t->nevents));
	pack_kv_int(&p, "length", (int64_t)turn_length(t));
	pack_kv_bool(&p, "live", !turn_state_ended(t->row.state));
	reply_end(call, &p);
}

static void attach(struct call *call, struct turn *t, size_t off, size_t roff, uint64_t ev)
{
	struct conn *c = call_conn(call);

	if (!c)
		return;
	if (!fanout_offset_ok(t, off, roff)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "off is past the end (%zu bytes) or inside a code point", turn_length(t));
		return;
	}
	reply_attached(call, t, off, roff, ev);
	attach_subscribe(c, t, off, roff, ev);
}

void attach_row(struct call *call, struct turn_row *row, size_t off, size_t roff, uint64_t ev, bool accepted, bool shared)
{
	struct chat *chat = &call->server->chat;
	struct turn *t = chat_live(chat, row->id);
	struct conn *c = call_conn(call);

	if (!t)
		t = chat_load(chat, shared ? NULL : &call->account, row);
	if (!accepted) {
		attach(call, t, off, roff, ev);
	} else if (c) {
		reply_accepted(call, &t->row, t, true);
		attach_subscribe(c, t, off, roff, ev);
	}
}

static void then_attach(struct turn_call *tc, struct turn_row *row, struct turn *live)
{
	if (live)
		attach(&tc->call, live, tc->off, tc->roff, tc->ev);
	else
		attach_row(&tc->call, row, tc->off, tc->roff, tc->ev, false, tc->shared);
}

void rpc_attach(struct call *call, struct args *a)
{
	struct turn_call *tc = turn_call_new(call, then_attach);

	tc->off = (size_t)args_int(a, "off", 0, INT64_MAX, 0);
	tc->roff = (size_t)args_int(a, "roff", 0, INT64_MAX, 0);
	tc->ev = (uint64_t)args_int(a, "ev", 0, INT64_MAX, 0);
	turn_call_go(tc, a, UINT64_MAX);
}

static void then_detach(struct turn_call *tc, struct turn_row *row, struct turn *live)
{
	struct conn *c = call_conn(&tc->call);

	(void)live;
	if (!c)
		return;
	list_foreach_safe(it, &c->subs) {
		struct sub *sub = list_entry(it, struct sub, of_owner);

		if (!strcmp(sub->turn->row.id, row->id) && !sub->ends_only)
			fanout_unsubscribe(sub);
	}
	reply_empty(&tc->call);
}

void rpc_detach(struct call *call, struct args *a)
{
	turn_call_go(turn_call_new(call, then_detach), a, 0);
}
