/* source.get and source.find: what answers cite, opened and looked for. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define AROUND_MAX 65536

static void on_got(struct job *j)
{
	struct op_source_get *op = container_of(j, struct op_source_get, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "source");
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "turn", op->turn.id);
		pack_key(&p, "source");
		pack_source(&p, &op->source);
		if (op->text) {
			pack_kv_str(&p, "text", op->text, op->text_len);
			pack_kv_int(&p, "at", (int64_t)op->at);
		}
		reply_end(call, &p);
	}
	call_drop(call);
	op_source_get_free(op);
}

void rpc_source_get(struct call *call, struct args *a)
{
	struct arg_str ref = args_str(a, "turn", ARG_NEEDED, 1, LIMIT_NAME);
	int64_t n = args_int(a, "n", 1, INT32_MAX, 0), around = args_int(a, "around", 0, AROUND_MAX, 500);
	struct op_source_get *op;

	if (!val_present(val_get(a->map, "n")) && args_ok(a)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "n is missing: the number of a source");
		return;
	}
	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_source_get_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	op->n = (int)n;
	op->around = (size_t)around;
	call_submit(call, STORE_KEYED, &op->job, op_source_get_run, on_got);
}

static void pack_found(struct pack *p, const struct call *call, const struct turn_row *row)
{
	bool stale = false;

	pack_map(p);
	pack_key(p, "turn");
	pack_turn_brief(p, row, chat_find(&call->server->chat, &call->account, row->id));
	pack_key(p, "sources");
	pack_array(p);
	for (size_t i = 0; i < row->sources.n; i++) {
		pack_source(p, &row->sources.v[i]);
		stale = stale || row->sources.v[i].stale;
	}
	pack_close(p);
	if (stale)
		pack_kv_bool(p, "stale", true);
	pack_close(p);
}

static void on_found(struct job *j)
{
	struct op_source_find *op = container_of(j, struct op_source_find, job);
	struct call *call = call_of(j);
	size_t i = 0;
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "answer");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "results");
		pack_array(&p);
		for (; i < op->n && !pack_half_full(&p); i++)
			pack_found(&p, call, &op->rows[i]);
		pack_close(&p);
		if (i < op->n && i) { /* the frame is full before the page is */
			mem_free(op->next);
			op->next = source_find_after(&op->rows[i - 1]);
		}
		if (op->next)
			pack_kv_text(&p, "next", op->next);
		if (op->cut)
			pack_kv_bool(&p, "cut", true);
		reply_end(call, &p);
	}
	call_drop(call);
	op_source_find_free(op);
}

void rpc_source_find(struct call *call, struct args *a)
{
	struct arg_str source = args_str(a, "source", ARG_NEEDED, 1, LIMIT_NAME);
	struct arg_str before = args_str(a, "before", ARG_OPTIONAL, 1, LIMIT_NAME);
	int64_t limit = args_int(a, "limit", 1, LIMIT_PAGE, 50);
	struct op_source_find *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_source_find_new();
	op->account = account_copy(&call->account);
	op->source = args_dup(source);
	op->before = args_dup(before);
	op->limit = (int)limit;
	op->job.deadline_ms = clock_mono_ms() + (uint64_t)call->server->config->retrieval_timeout;
	op->job.account = fair_key(call->account.id);
	op->job.again = true;
	call_submit(call, STORE_SCAN, &op->job, op_source_find_run, on_found);
}
