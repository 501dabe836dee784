/* ask, and asking again: a question on its way to the store, then to the chat. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/ipc/ask_meta.h"
#include "daemon/ipc/attach.h"
#include "daemon/ipc/dry_run.h"
#include "daemon/ipc/quota.h"
#include "daemon/ipc/turn_call.h"
#include "daemon/server.h"
#include "proto/limits.h"

/* What a question waits with while the store writes it. */
struct asking {
	struct op_turn_begin *op;
	struct call *call;
	struct ask_options ask;
	uint64_t owner; /* holds a place in chat->asking */
	bool stream;
};

static void asking_free(struct asking *k)
{
	if (!k)
		return;
	fair_give(&k->call->server->chat.asking, k->owner);
	ask_options_fini(&k->ask);
	call_drop(k->call);
	if (k->op)
		op_turn_begin_free(k->op);
	mem_free(k);
}

static void take_documents(struct ask_options *ask, struct val v)
{
	size_t n = val_count(v);

	if (!n)
		return;
	ask->documents = mem_new(n * sizeof(*ask->documents));
	for (size_t i = 0; i < n; i++) {
		const char *s;
		size_t len;

		if (val_str(val_at(v, i), &s, &len))
			ask->documents[ask->ndocuments++] = mem_ndup(s, len);
	}
}

static bool retrieval_known(struct args *a, struct arg_str s)
{
	if (!s.s || (s.n == 5 && !memcmp(s.s, "local", 5)) || (s.n == 3 && !memcmp(s.s, "off", 3)))
		return true;
	a->bad = true;
	snprintf(a->why, sizeof(a->why), "retrieval must be local or off");
	return false;
}

static bool read_ask(struct call *call, struct args *a, struct asking *k)
{
	struct op_turn_begin *op = k->op;
	struct arg_str text = args_str(a, "text", ARG_NEEDED, 1, (size_t)call->server->config->max_prompt);
	struct arg_str retrieval = args_str(a, "retrieval", ARG_OPTIONAL, 1, 16);
	struct val options = args_val(a, "options", VAL_MAP);

	op->key = args_dup(args_str(a, "key", ARG_OPTIONAL, 1, LIMIT_KEY));
	op->thread_ref = args_dup(args_str(a, "thread", ARG_OPTIONAL, 1, LIMIT_NAME));
	op->terminal = args_dup(args_str(a, "terminal", ARG_OPTIONAL, 1, LIMIT_NAME));
	op->title = args_dup(args_str(a, "title", ARG_OPTIONAL, 1, LIMIT_NAME));
	op->create = args_bool(a, "create", false);
	op->follow = args_bool(a, "continue", false);
	op->tags = val_json(args_val(a, "tags", VAL_ARRAY));
	k->ask.system = args_dup(args_str(a, "system", ARG_OPTIONAL, 0, LIMIT_PROMPT));
	k->ask.model = args_dup(args_str(a, "model", ARG_OPTIONAL, 1, LIMIT_NAME));
	k->ask.collection = args_dup(args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME));
	k->ask.options = val_json(options);
	k->ask.unsaved = !args_bool(a, "save", true);
	k->ask.passages = args_bool(a, "passages", false);
	k->ask.retrieval = retrieval_known(a, retrieval) ? args_dup(retrieval) : NULL;
	take_documents(&k->ask, args_val(a, "documents", VAL_ARRAY));
	k->stream = args_bool(a, "stream", false);
	if (!args_ok(a))
		return false;
	op->text = mem_try_dup(text.s, text.n);
	op->text_len = text.n;
	op->model = mem_dup(k->ask.model);
	op->meta = ask_meta_json(&k->ask);
	return true;
}

/* The same key again: the earlier turn, running or over, is what the asker gets. */
static void on_duplicate_read(struct job *j)
{
	struct op_turn_get *op = container_of(j, struct op_turn_get, job);
	struct call *call = call_of(j);

	if (j->r != 0)
		reply_store_error(call, j->r, j->why, NULL, "turn");
	else
		attach_row(call, &op->turn, 0, 0, 0, true, false);
	call_drop(call);
	op_turn_get_free(op);
}

static void answer_duplicate(struct asking *k)
{
	struct server *s = k->call->server;
	struct turn *live = chat_find(&s->chat, &k->call->account, k->op->turn.id);
	struct conn *c = call_conn(k->call);
	struct op_turn_get *op;

	if (live || !k->stream || !c) {
		reply_accepted(k->call, &k->op->turn, live, true);
		if (live && k->stream && c)
			attach_subscribe(c, live, 0, 0, 0);
		return;
	}
	op = op_turn_get_new();
	op->account = account_copy(&k->call->account);
	op->ref = mem_dup(k->op->turn.id);
	op->max_text = UINT64_MAX;
	op->with_sources = true;
	call_submit(k->call, STORE_KEYED, &op->job, op_turn_get_run, on_duplicate_read);
}

/* The question is taken: whatever becomes of the asker, the answer is made. */
static void enter(struct asking *k, struct turn_row *row)
{
	struct turn *t = chat_enter(&k->call->server->chat, &k->call->account, row, &k->ask);
	struct conn *c = call_conn(k->call);

	reply_accepted(k->call, &t->row, t, false);
	if (k->stream && c)
		attach_subscribe(c, t, 0, 0, 0);
}

static void on_begun(struct job *j)
{
	struct op_turn_begin *op = container_of(j, struct op_turn_begin, job);
	struct asking *k = j->ctx;

	if (j->r != 0) {
		reply_store_error(k->call, j->r, j->why, &op->candidates, "thread");
	} else if (op->duplicate) {
		answer_duplicate(k);
	} else {
		enter(k, &op->turn);
	}
	asking_free(k);
}

static void ask_unsaved(struct asking *k)
{
	struct turn_row row = { .state = TURN_QUEUED, .seq = 1, .created_us = clock_wall_us(), .coverage = -1, .found = -1 };

	uuid_v4(row.id);
	row.question = k->op->text;
	row.question_len = k->op->text_len;
	k->op->text = NULL;
	enter(k, &row);
}

static bool may_ask(struct call *call)
{
	switch (chat_may_ask(&call->server->chat, &call->account)) {
	case CHAT_E_STOPPING:
		reply_error(call, PROTO_E_SHUTTING_DOWN, NULL);
		return false;
	case CHAT_E_QUEUE_FULL:
		reply_error(call, PROTO_E_BUSY, "%lld questions are waiting already", (long long)call->server->config->max_queued);
		return false;
	}
	return true;
}

static void on_may_keep(void *ctx, bool ok, uint64_t room)
{
	struct asking *k = ctx;
	struct job *j = &k->op->job;

	(void)room;
	if (!ok) {
		asking_free(k);
		return;
	}
	j->run = op_turn_begin_run;
	j->done = on_begun;
	j->ctx = k;
	k->op->account = account_copy(&k->call->account);
	if (store_submit(k->call->server->store, STORE_WRITER, j) == 0)
		return;
	reply_error(k->call, PROTO_E_BUSY, "the database has too much to write");
	asking_free(k);
}

static void begin(struct asking *k)
{
	quota_check(k->call, k->op->text_len, false, on_may_keep, k);
}

static struct asking *asking_new(struct call *call)
{
	struct asking *k = mem_new(sizeof(*k));

	k->call = call_keep(call);
	k->op = op_turn_begin_new();
	k->owner = fair_key(call->account.id);
	fair_take(&call->server->chat.asking, k->owner);
	return k;
}

/* A question past the limit gets its own error, not that of a wrong parameter. */
static bool too_large(struct call *call, const struct args *a)
{
	long long max = call->server->config->max_prompt;
	const char *text;
	size_t n;

	if (!val_get_str(a->map, "text", &text, &n) || n <= (size_t)max)
		return false;
	reply_error(call, PROTO_E_TOO_LARGE, "the question has %zu bytes; at most %lld are taken (max_prompt)", n, max);
	return true;
}

/* The question goes over to what only looks at it. */
static void ask_dry(struct asking *k)
{
	struct dry_question q = { .text = k->op->text, .len = k->op->text_len, .ask = k->ask, .in_thread = k->op->thread_ref || k->op->follow };

	k->op->text = NULL;
	k->ask = (struct ask_options){ 0 };
	dry_run(k->call, &q);
}

void rpc_ask(struct call *call, struct args *a)
{
	struct asking *k;

	if (!may_ask(call) || too_large(call, a))
		return;
	k = asking_new(call);
	if (!read_ask(call, a, k)) {
		reply_bad_args(call, a);
	} else if (!k->op->text) {
		reply_error(call, PROTO_E_TOO_LARGE, "out of memory for the question");
	} else if (args_bool(a, "dry_run", false)) {
		ask_dry(k);
	} else if (k->ask.unsaved && (k->op->thread_ref || k->op->follow)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "save: false starts no thread and continues none");
	} else if (k->ask.unsaved) {
		ask_unsaved(k);
	} else {
		begin(k);
		return;
	}
	asking_free(k);
}

/* ---- again: retry and edit ---- */

static void then_retry(struct turn_call *tc, struct turn_row *row, struct turn *live)
{
	struct asking *k;

	if (live && !turn_state_ended(live->row.state)) {
		reply_error(&tc->call, PROTO_E_CONFLICT, "the answer is still being made; cancel it first");
		return;
	}
	k = asking_new(&tc->call);
	k->ask = tc->ask;
	tc->ask = (struct ask_options){ 0 };
	ask_meta_take(&k->ask, row->meta);
	if (tc->text) {
		k->op->edit = true;
		k->op->text = tc->text;
		k->op->text_len = tc->text_len;
		tc->text = NULL;
	}
	k->stream = tc->stream;
	k->op->key = tc->key;
	tc->key = NULL;
	memcpy(k->op->of, row->id, sizeof(k->op->of));
	k->op->thread_ref = mem_dup(row->thread);
	k->op->model = mem_dup(k->ask.model);
	k->op->meta = ask_meta_json(&k->ask);
	begin(k);
}

static void ask_again(struct call *call, struct args *a, bool edit)
{
	struct turn_call *tc;
	struct arg_str text;

	if (!may_ask(call) || (edit && too_large(call, a)))
		return;
	tc = turn_call_new(call, then_retry);
	if (edit) {
		text = args_str(a, "text", ARG_NEEDED, 1, (size_t)call->server->config->max_prompt);
		tc->text = mem_try_dup(text.s ? text.s : "", text.n);
		tc->text_len = text.n;
	}
	tc->own = true;
	tc->stream = args_bool(a, "stream", false);
	tc->key = args_dup(args_str(a, "key", ARG_OPTIONAL, 1, LIMIT_KEY));
	tc->ask.model = args_dup(args_str(a, "model", ARG_OPTIONAL, 1, LIMIT_NAME));
	tc->ask.options = val_json(args_val(a, "options", VAL_MAP));
	tc->ask.passages = args_bool(a, "passages", false);
	turn_call_go(tc, a, 1);
}

void rpc_turn_retry(struct call *call, struct args *a)
{
	ask_again(call, a, false);
}

void rpc_turn_edit(struct call *call, struct args *a)
{
	ask_again(call, a, true);
}
