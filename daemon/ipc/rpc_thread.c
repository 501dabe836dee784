/* thread.list, thread.get, message.list: conversations as the wire sees them. */
#include <string.h>

#include "common/clock.h"
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
		if (op->cut)
			pack_kv_bool(&p, "cut", true);
		reply_end(call, &p);
	}
	call_drop(call);
	op_thread_list_free(op);
}

/* "running": whatever has not ended. */
static bool state_of(struct args *a, struct op_thread_list *op)
{
	struct arg_str s = args_str(a, "state", ARG_OPTIONAL, 1, 32);

	if (!s.s)
		return !a->bad;
	for (int state = TURN_DONE; state <= TURN_INTERRUPTED; state++)
		if (strlen(turn_state_name((enum turn_state)state)) == s.n && !memcmp(turn_state_name((enum turn_state)state), s.s, s.n))
			op->state = state;
	if (s.n == 7 && !memcmp(s.s, "running", 7))
		op->state = TURN_QUEUED;
	if (op->state >= 0)
		return true;
	a->bad = true;
	(void)snprintf(a->why, sizeof(a->why), "state must be running, done, failed, cancelled or interrupted");
	return false;
}

static bool take_filters(struct args *a, struct op_thread_list *op)
{
	args_time(a, "since", &op->since_us);
	args_time(a, "until", &op->until_us);
	op->tag = args_dup(args_str(a, "tag", ARG_OPTIONAL, 1, LIMIT_TAG));
	op->text = args_dup(args_str(a, "text", ARG_OPTIONAL, 1, LIMIT_NAME));
	if (!args_ok(a) || !state_of(a, op))
		return false;
	op->filtered = op->tag || op->text || op->state >= 0 || op->since_us || op->until_us != INT64_MAX;
	return true;
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
	if (!take_filters(a, op)) {
		reply_bad_args(call, a);
		op_thread_list_free(op);
		return;
	}
	op->job.goes_on = op->filtered;
	op->job.deadline_ms = op->filtered ? clock_mono_ms() + (uint64_t)call->server->config->search_timeout : 0;
	call_submit(call, op->filtered ? STORE_SCAN : STORE_KEYED, &op->job, op_thread_list_run, on_threads);
}

void reply_thread(struct call *call, const struct job *j, const struct candidates *candidates, const struct thread_row *thread)
{
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "thread");
		pack_thread(&p, thread);
		reply_end(call, &p);
	}
}

static void on_thread(struct job *j)
{
	struct op_thread_get *op = container_of(j, struct op_thread_get, job);
	struct call *call = call_of(j);

	reply_thread(call, j, &op->candidates, &op->thread);
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
