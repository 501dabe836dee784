/* thread.list, thread.get, message.list: conversations as the wire sees them. */
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

static void on_threads(struct job *j)
{
	struct op_thread_list *op = container_of(j, struct op_thread_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "cursor");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "threads");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++)
			pack_thread(&p, &op->rows[i]);
		pack_close(&p);
		pack_kv_text_opt(&p, "next", op->next);
		reply_end(call, &p);
	}
	call_drop(call);
	op_thread_list_free(op);
}

void rpc_thread_list(struct call *call, struct args *a)
{
	int64_t limit = args_int(a, "limit", 1, LIMIT_PAGE, 50);
	struct arg_str before = args_str(a, "before", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct op_thread_list *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_thread_list_new();
	op->account = account_copy(&call->account);
	op->limit = (int)limit;
	op->before = args_dup(before);
	call_submit(call, STORE_KEYED, &op->job, op_thread_list_run, on_threads);
}

static void on_thread(struct job *j)
{
	struct op_thread_get *op = container_of(j, struct op_thread_get, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "thread");
		pack_thread(&p, &op->thread);
		reply_end(call, &p);
	}
	call_drop(call);
	op_thread_get_free(op);
}

void rpc_thread_get(struct call *call, struct args *a)
{
	struct arg_str ref = args_str(a, "thread", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct arg_str terminal = args_str(a, "terminal", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct op_thread_get *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_thread_get_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	op->terminal = args_dup(terminal);
	call_submit(call, STORE_KEYED, &op->job, op_thread_get_run, on_thread);
}

static void on_messages(struct job *j)
{
	struct op_turn_list *op = container_of(j, struct op_turn_list, job);
	struct call *call = call_of(j);
	struct pack p;
	size_t i = 0;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "thread");
		pack_thread(&p, &op->thread);
		pack_key(&p, "turns");
		pack_array(&p);
		for (; i < op->n && !(i && pack_half_full(&p)); i++)
			pack_turn(&p, &op->rows[i], chat_live(&call->server->chat, op->rows[i].id), true);
		pack_close(&p);
		if (op->branch)
			pack_kv_text_opt(&p, "earlier", i < op->n ? op->rows[i].id : op->next);
		else if (i && (op->more || i < op->n))
			pack_kv_int(&p, "next", op->rows[i - 1].seq);
		reply_end(call, &p);
	}
	call_drop(call);
	op_turn_list_free(op);
}

void rpc_message_list(struct call *call, struct args *a)
{
	struct arg_str ref = args_str(a, "thread", ARG_NEEDED, 1, LIMIT_NAME);
	int64_t limit = args_int(a, "limit", 1, LIMIT_PAGE, 50);
	int64_t after = args_int(a, "after", 0, INT64_MAX, 0);
	struct arg_str from = args_str(a, "from", ARG_OPTIONAL, 1, ID_LEN);
	bool branch = args_bool(a, "branch", false);
	struct op_turn_list *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_turn_list_new();
	op->account = account_copy(&call->account);
	op->thread_ref = args_dup(ref);
	op->after = after;
	op->branch = branch;
	op->before = args_dup(from);
	op->limit = (int)limit;
	op->max_text = op->max_question = LIMIT_TEXT_IN_RESULT;
	op->max_bytes = LIMIT_FRAME / 2; /* rows beyond go to the next page */
	op->with_sources = true;
	call_submit(call, STORE_KEYED, &op->job, op_turn_list_run, on_messages);
}
