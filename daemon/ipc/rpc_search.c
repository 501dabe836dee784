/* search, search.sync: what was said, found; and the index waited for. */
#include <string.h>

#define LOG_TAG "rpc"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/library/said.h"
#include "daemon/server.h"
#include "daemon/store/searches.h"
#include "proto/limits.h"

static const char *const parts[] = { "question", "answer", "name" };

static void pack_said(struct pack *p, const struct said *s)
{
	pack_map(p);
	pack_kv_text(p, "turn", s->turn);
	pack_kv_text(p, "thread", s->thread);
	pack_kv_text_opt(p, "name", s->name);
	pack_kv_int(p, "seq", s->seq);
	pack_stamp(p, "created", s->created_us);
	pack_kv_text(p, "part", parts[s->part]);
	pack_kv_str(p, "snippet", s->snippet, s->snippet_len);
	pack_key(p, "marks");
	pack_array(p);
	for (size_t i = 0; i < s->nmarks; i++) {
		pack_int(p, s->marks[i].from);
		pack_int(p, s->marks[i].len);
	}
	pack_close(p);
	if (s->score)
		pack_kv_float(p, "score", s->score);
	pack_close(p);
}

static void on_found(struct job *j)
{
	struct op_search *op = container_of(j, struct op_search, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "results");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++)
			pack_said(&p, &op->rows[i]);
		pack_close(&p);
		pack_kv_text_opt(&p, "next", op->next);
		pack_kv_bool(&p, "cut", op->cut);
		pack_kv_bool(&p, "complete", op->complete);
		if (op->rank)
			pack_kv_int(&p, "ranked", op->ranked);
		if (op->ranked_from_us)
			pack_stamp(&p, "ranked_from", op->ranked_from_us);
		reply_end(call, &p);
	}
	call_drop(call);
	op_search_free(op);
}

static void find(struct op_search *op)
{
	struct call *call = op->job.ctx;

	op->job.account = fair_key(call->account.id);
	op->job.done = on_found;
	if (store_submit(call->server->store, STORE_SCAN, &op->job) == 0)
		return;
	op->job.r = STORE_E_BUSY;
	on_found(&op->job);
}

/* Behind one slice of the index: what its asker has just heard the end of is in it then. */
static void on_fresh(struct job *j)
{
	struct op_search_index *slice = container_of(j, struct op_search_index, job);
	struct op_search *op = j->ctx;

	op_search_index_free(slice);
	find(op);
}

static void submit(struct call *call, struct op_search *op)
{
	struct op_search_index *slice;

	op->account = account_copy(&call->account);
	op->job.deadline_ms = clock_mono_ms() + (uint64_t)call->server->config->search_timeout;
	op->job.ctx = call_keep(call);
	if (indexer_is_fresh(&call->server->indexer)) {
		find(op);
		return;
	}
	slice = op_search_index_new();
	slice->job.done = on_fresh;
	slice->job.ctx = op;
	if (store_submit(call->server->store, STORE_INDEX, &slice->job) != 0)
		on_fresh(&slice->job);
}

void rpc_search(struct call *call, struct args *a)
{
	struct op_search *op = op_search_new();
	struct arg_str text = args_str(a, "text", ARG_NEEDED, 1, LIMIT_NAME);

	op->thread_ref = args_dup(args_str(a, "thread", ARG_OPTIONAL, 1, LIMIT_NAME));
	op->tag = args_dup(args_str(a, "tag", ARG_OPTIONAL, 1, LIMIT_TAG));
	op->before = args_dup(args_str(a, "before", ARG_OPTIONAL, 1, LIMIT_NAME));
	op->limit = (int)args_int(a, "limit", 1, LIMIT_PAGE, 20);
	op->rank = args_bool(a, "rank", false);
	args_time(a, "since", &op->since_us);
	args_time(a, "until", &op->until_us);
	if (!args_ok(a)) {
		reply_bad_args(call, a);
	} else if (op->rank && op->before) {
		reply_error(call, PROTO_E_BAD_PARAMS, "with rank there is one page: ask for more at once");
	} else if (!said_query(text.s, text.n, &op->query)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "there is no word in the text to look for");
	} else {
		submit(call, op);
		return;
	}
	op_search_free(op);
}

static void on_synced(void *ctx)
{
	struct call *call = ctx;
	struct pack p;

	if (reply_begin(call, &p)) {
		pack_kv_bool(&p, "complete", call->server->indexer.filled && !call->server->indexer.failed);
		reply_end(call, &p);
	}
	call_drop(call);
}

void rpc_search_sync(struct call *call, struct args *a)
{
	(void)a;
	indexer_wait(&call->server->indexer, on_synced, call_keep(call));
}
