/* cancel, get, wait, sources, list: turns as the wire sees them. */
#include <string.h>

#include "daemon/ipc/turn_call.h"
#include "daemon/server.h"
#include "proto/limits.h"

static void reply_cancelled(struct call *call, const struct turn_row *row)
{
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_kv_text(&p, "turn", row->id);
	pack_kv_text(&p, "state", turn_state_name(row->state));
	reply_end(call, &p);
}

static bool end_has_room(void *ctx)
{
	(void)ctx;
	return false;
}

static void end_drop(void *ctx)
{
	call_drop(ctx);
}

static void cancel_done(void *ctx, const struct turn *t)
{
	reply_cancelled(ctx, &t->row);
}

static const struct sub_ops cancel_ops = { .has_room = end_has_room, .done = cancel_done, .drop = end_drop };

/* Answer this call, in the ops' way, when the turn has ended. */
static void at_the_end(struct call *call, struct turn *t, const struct sub_ops *ops)
{
	struct conn *c = call_conn(call);
	struct sub *sub;

	if (!c)
		return;
	sub = fanout_subscribe(t, 0, 0, 0, ops, call_keep(call));
	sub->ends_only = true;
	list_push_back(&c->subs, &sub->of_owner);
}

/* The answer comes when what was there is on disk and the state is final. */
static void then_cancel(struct turn_call *tc, struct turn_row *row, struct turn *live)
{
	if (!live) {
		reply_cancelled(&tc->call, row);
		return;
	}
	chat_cancel(live);
	at_the_end(&tc->call, live, &cancel_ops);
}

void rpc_cancel(struct call *call, struct args *a)
{
	struct turn_call *tc = turn_call_new(call, then_cancel);

	tc->own = true;
	turn_call_go(tc, a, 0);
}

/* ---- get, wait, sources ---- */

static void reply_turn(struct call *call, const struct turn_row *row, const struct turn *live)
{
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_key(&p, "turn");
	pack_turn(&p, row, live, true);
	reply_end(call, &p);
}

static void then_get(struct turn_call *tc, struct turn_row *row, struct turn *live)
{
	reply_turn(&tc->call, row, live);
}

void rpc_turn_get(struct call *call, struct args *a)
{
	turn_call_go(turn_call_new(call, then_get), a, LIMIT_TEXT_IN_RESULT);
}

static void wait_done(void *ctx, const struct turn *t)
{
	reply_turn(ctx, &t->row, t);
}

static const struct sub_ops wait_ops = { .has_room = end_has_room, .done = wait_done, .drop = end_drop };

static void then_wait(struct turn_call *tc, struct turn_row *row, struct turn *live)
{
	if (live)
		at_the_end(&tc->call, live, &wait_ops);
	else
		reply_turn(&tc->call, row, NULL);
}

void rpc_turn_wait(struct call *call, struct args *a)
{
	turn_call_go(turn_call_new(call, then_wait), a, LIMIT_TEXT_IN_RESULT);
}

static void then_sources(struct turn_call *tc, struct turn_row *row, struct turn *live)
{
	const struct source_list *l = live ? &live->row.sources : &row->sources;
	struct pack p;

	if (!reply_begin(&tc->call, &p))
		return;
	pack_kv_text(&p, "turn", row->id);
	pack_key(&p, "sources");
	pack_array(&p);
	for (size_t i = 0; i < l->n; i++)
		pack_source(&p, &l->v[i]);
	pack_close(&p);
	pack_json_opt(&p, "marks", live ? live->row.marks : row->marks);
	reply_end(&tc->call, &p);
}

void rpc_source_list(struct call *call, struct args *a)
{
	turn_call_go(turn_call_new(call, then_sources), a, 1);
}

/* ---- list ---- */

static void reply_live(struct call *call)
{
	const struct chat *chat = &call->server->chat;
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_key(&p, "turns");
	pack_array(&p);
	list_foreach(it, &chat->live) {
		const struct turn *t = list_entry(it, struct turn, link);

		if (pack_half_full(&p))
			break; /* past some hundred running answers the newest are not shown */
		if (!strcmp(t->account.id, call->account.id))
			pack_turn_brief(&p, &t->row, t);
	}
	pack_close(&p);
	reply_end(call, &p);
}

static void on_listed(struct job *j)
{
	struct op_turn_list *op = container_of(j, struct op_turn_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "turns");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++)
			pack_turn_brief(&p, &op->rows[i], chat_find(&call->server->chat, &call->account, op->rows[i].id));
		pack_close(&p);
		if (op->next)
			pack_kv_text(&p, "next", op->next);
		reply_end(call, &p);
	}
	call_drop(call);
	op_turn_list_free(op);
}

void rpc_turn_list(struct call *call, struct args *a)
{
	bool live = args_bool(a, "live", false);
	struct arg_str before = args_str(a, "before", ARG_OPTIONAL, 1, LIMIT_NAME);
	int64_t limit = args_int(a, "limit", 1, LIMIT_PAGE, 50);
	struct op_turn_list *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	if (live) {
		reply_live(call);
		return;
	}
	op = op_turn_list_new();
	op->account = account_copy(&call->account);
	op->before = args_dup(before);
	op->limit = (int)limit;
	op->max_question = 512;
	op->max_bytes = LIMIT_FRAME / 2;
	call_submit(call, STORE_KEYED, &op->job, op_turn_list_run, on_listed);
}
