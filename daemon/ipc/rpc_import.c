/* import: one turn of a conversation from elsewhere. */
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/quota.h"
#include "daemon/server.h"
#include "daemon/store/import.h"
#include "proto/limits.h"

struct importing {
	struct call *call;
	struct op_import *op;
};

static void on_imported(struct job *j)
{
	struct op_import *op = container_of(j, struct op_import, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "thread");
	} else if (reply_begin(call, &p)) {
		pack_kv_bool(&p, "thread_new", op->thread_new);
		pack_kv_bool(&p, "turn_new", op->turn_new);
		pack_kv_text_opt(&p, "turn", *op->turn ? op->turn : NULL);
		reply_end(call, &p);
	}
	call_drop(call);
	op_import_free(op);
}

static void may_keep(void *ctx, bool ok, uint64_t room)
{
	struct importing *k = ctx;

	(void)room;
	if (ok)
		call_submit(k->call, STORE_WRITER, &k->op->job, op_import_run, on_imported);
	else
		op_import_free(k->op);
	call_drop(k->call);
	mem_free(k);
}

static int64_t stamp(struct args *a, const char *key)
{
	struct arg_str s = args_str(a, key, ARG_OPTIONAL, 1, 64);
	int64_t us = 0;

	if (s.s && clock_iso_parse(s.s, s.n, &us) != 0) {
		a->bad = true;
		(void)snprintf(a->why, sizeof(a->why), "%s is a stamp as in 2026-01-02T03:04:05Z", key);
	}
	return us;
}

static char *json_of(struct val v, size_t max)
{
	struct json_out w;
	struct buf b;

	if (!val_present(v))
		return NULL;
	buf_init(&b, max);
	json_out_init(&w, &b);
	val_to_json(v, &w);
	if (b.failed)
		buf_reset(&b);
	return b.len ? buf_steal(&b, NULL) : (buf_fini(&b), NULL);
}

static enum turn_state state_of(struct args *a)
{
	struct arg_str s = args_str(a, "state", ARG_OPTIONAL, 1, 16);

	for (int i = TURN_DONE; s.s && i <= TURN_INTERRUPTED; i++)
		if (strlen(turn_state_name((enum turn_state)i)) == s.n && !memcmp(turn_state_name((enum turn_state)i), s.s, s.n))
			return (enum turn_state)i;
	return TURN_DONE; /* one that still ran where it comes from is what it was then */
}

void rpc_import(struct call *call, struct args *a)
{
	struct arg_str thread = args_str(a, "thread", ARG_NEEDED, 1, LIMIT_NAME), name = args_str(a, "name", ARG_OPTIONAL, 0, LIMIT_NAME);
	struct arg_str turn = args_str(a, "turn", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct arg_str question = args_str(a, "question", ARG_OPTIONAL, 0, LIMIT_PROMPT), answer = args_str(a, "answer", ARG_OPTIONAL, 0, LIMIT_PROMPT);
	struct arg_str model = args_str(a, "model", ARG_OPTIONAL, 0, LIMIT_NAME);
	struct arg_str finish_reason = args_str(a, "finish_reason", ARG_OPTIONAL, 0, LIMIT_NAME);
	struct arg_str reasoning = args_str(a, "reasoning", ARG_OPTIONAL, 0, LIMIT_PROMPT);
	struct val tags = args_val(a, "tags", VAL_ARRAY), usage = args_val(a, "usage", VAL_MAP);
	struct val sources = args_val(a, "sources", VAL_ARRAY), marks = args_val(a, "marks", VAL_ARRAY);
	bool told = val_present(val_get(a->map, "found")), found = args_bool(a, "found", false);
	double coverage = args_real(a, "coverage", 0, 1, -1);
	int64_t created = stamp(a, "created"), asked = stamp(a, "asked"), ended = stamp(a, "ended");
	enum turn_state state = state_of(a);
	struct importing *k;
	struct op_import *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_import_new();
	op->account = account_copy(&call->account);
	op->thread_key = args_dup(thread);
	op->name = args_dup(name);
	op->tags = json_of(tags, 4096);
	op->created_us = created;
	op->turn_key = args_dup(turn);
	op->question = question.s ? mem_ndup(question.s, question.n) : NULL;
	op->question_len = question.n;
	op->answer = answer.s ? mem_ndup(answer.s, answer.n) : NULL;
	op->answer_len = answer.n;
	op->model = model.n ? args_dup(model) : NULL;
	op->usage = json_of(usage, 65536);
	op->finish_reason = finish_reason.n ? args_dup(finish_reason) : NULL;
	op->reasoning = reasoning.n ? mem_ndup(reasoning.s, reasoning.n) : NULL;
	op->sources = json_of(sources, 2 * LIMIT_FRAME);
	op->marks = json_of(marks, LIMIT_FRAME);
	op->found = told ? found : -1;
	op->coverage = coverage;
	op->asked_us = asked;
	op->ended_us = ended;
	op->state = state;
	k = mem_new(sizeof(*k));
	*k = (struct importing){ .call = call_keep(call), .op = op };
	quota_check(call, question.n + answer.n + reasoning.n + (op->sources ? strlen(op->sources) : 0), false, may_keep, k);
}
