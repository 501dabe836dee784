/* A turn by its REF, then what is to be done with it. */
#include "daemon/ipc/turn_call.h"

#include "common/mem.h"
#include "daemon/server.h"
#include "proto/limits.h"

static void turn_call_free(struct turn_call *tc)
{
	if (!tc)
		return;
	mem_free(tc->call.account.name);
	ask_options_fini(&tc->ask);
	mem_free(tc->key);
	mem_free(tc->text);
	mem_free(tc);
}

static void turn_call_read(struct turn_call *tc, const char *ref, uint64_t max_text);

static int run_nothing(struct db *db, struct job *j)
{
	(void)db;
	(void)j;
	return 0;
}

static void on_writer_reached(struct job *j)
{
	struct op_turn_get *op = container_of(j, struct op_turn_get, job);
	struct turn_call *tc = j->ctx;
	struct turn *live = chat_live(&tc->call.server->chat, op->turn.id);

	if (live) {
		tc->then(tc, &op->turn, live);
		turn_call_free(tc);
	} else {
		turn_call_read(tc, op->turn.id, op->max_text);
	}
	op_turn_get_free(op);
}

/*
 * On disk it runs, and here it does not: its begin or its end is written, and the writer has not come to tell it yet. It tells
 * in its order, so what is told of a job behind those comes after them.
 */
static void behind_the_writer(struct turn_call *tc, struct op_turn_get *op)
{
	tc->again = true;
	op->job.run = run_nothing;
	op->job.done = on_writer_reached;
	if (store_submit(tc->call.server->store, STORE_WRITER, &op->job) != 0)
		on_writer_reached(&op->job);
}

static void on_turn_read(struct job *j)
{
	struct op_turn_get *op = container_of(j, struct op_turn_get, job);
	struct turn_call *tc = j->ctx;
	struct turn *live;

	if (j->r != 0) {
		reply_store_error(&tc->call, j->r, j->why, &op->candidates, "turn");
		turn_call_free(tc);
		op_turn_get_free(op);
		return;
	}
	live = chat_live(&tc->call.server->chat, op->turn.id);
	tc->shared = op->shared;
	if (!live && !turn_state_ended(op->turn.state) && !tc->again) {
		behind_the_writer(tc, op);
		return;
	}
	tc->then(tc, &op->turn, live);
	turn_call_free(tc);
	op_turn_get_free(op);
}

static void turn_call_read(struct turn_call *tc, const char *ref, uint64_t max_text)
{
	struct op_turn_get *op = op_turn_get_new();

	op->account = account_copy(&tc->call.account);
	op->ref = mem_dup(ref);
	op->max_text = max_text;
	op->with_sources = max_text > 0;
	op->own = tc->own;
	op->job.run = op_turn_get_run;
	op->job.done = on_turn_read;
	op->job.ctx = tc;
	if (store_submit(tc->call.server->store, STORE_KEYED, &op->job) == 0)
		return;
	op->job.r = STORE_E_BUSY;
	on_turn_read(&op->job);
}

struct turn_call *turn_call_new(struct call *call, void (*then)(struct turn_call *, struct turn_row *, struct turn *))
{
	struct turn_call *tc = mem_new(sizeof(*tc));

	tc->call = *call;
	tc->call.account = account_copy(&call->account);
	tc->then = then;
	return tc;
}

/* A live turn asked for by its id needs no look at the database. */
void turn_call_go(struct turn_call *tc, struct args *a, uint64_t max_text)
{
	struct arg_str ref = args_str(a, "turn", ARG_NEEDED, 1, LIMIT_NAME);
	struct turn *live;
	char *name;

	if (!args_ok(a)) {
		reply_bad_args(&tc->call, a);
		turn_call_free(tc);
		return;
	}
	name = args_dup(ref);
	live = chat_find(&tc->call.server->chat, &tc->call.account, name);
	if (live) {
		tc->then(tc, &live->row, live);
		turn_call_free(tc);
	} else {
		turn_call_read(tc, name, max_text);
	}
	mem_free(name);
}
