/* usage: tokens and cost of the account's own answers, by day and model. */
#include "common/clock.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "daemon/store/spent.h"

#define DAY_US INT64_C(86400000000)
#define SPENT_MS 2000

static void pack_row(struct pack *p, const struct spent_row *row)
{
	pack_map(p);
	pack_kv_text(p, "day", row->day);
	pack_kv_text_opt(p, "model", row->model);
	pack_kv_int(p, "turns", row->turns);
	pack_kv_int(p, "failed", row->failed);
	pack_kv_int(p, "told", row->told);
	pack_kv_int(p, "prompt_tokens", row->prompt);
	pack_kv_int(p, "completion_tokens", row->completion);
	pack_kv_int(p, "total_tokens", row->total);
	if (row->cost >= 0)
		pack_kv_float(p, "cost", row->cost);
	pack_close(p);
}

static void on_spent(struct job *j)
{
	struct op_spent *op = container_of(j, struct op_spent, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "usage");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "rows");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++)
			pack_row(&p, &op->rows[i]);
		pack_close(&p);
		pack_kv_bool(&p, "cut", op->cut);
		reply_end(call, &p);
	}
	call_drop(call);
	op_spent_free(op);
}

void rpc_usage(struct call *call, struct args *a)
{
	int64_t days = args_int(a, "days", 1, 36500, 30);
	struct op_spent *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_spent_new();
	op->account = account_copy(&call->account);
	op->since_us = (clock_wall_us() / DAY_US - (days - 1)) * DAY_US;
	op->job.deadline_ms = clock_mono_ms() + SPENT_MS;
	op->job.again = true;
	call_submit(call, STORE_SCAN, &op->job, op_spent_run, on_spent);
}
