/* ask, attach, cancel and their kin: turns as the wire sees them. */
#include <string.h>

#define LOG_TAG "rpc"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/quota.h"
#include "daemon/server.h"
#include "proto/limits.h"

/* ---- ask ---- */

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

static char *val_json(struct val v)
{
	struct json_out w;
	struct buf b;

	if (!val_present(v))
		return NULL;
	buf_init(&b, LIMIT_FRAME);
	json_out_init(&w, &b);
	val_to_json(v, &w);
	return buf_steal(&b, NULL);
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

/* How the question was asked is kept with the turn: retry and history tell it. */
static char *meta_json(const struct ask_options *ask)
{
	struct json_out w;
	struct buf b;

	if (!ask->system && !ask->options && !ask->collection && !ask->ndocuments && !ask->retrieval && !ask->model)
		return NULL;
	buf_init(&b, LIMIT_FRAME);
	json_out_init(&w, &b);
	json_out_object(&w);
	if (ask->model) {
		json_out_key(&w, "model");
		json_out_str(&w, ask->model);
	}
	if (ask->system) {
		json_out_key(&w, "system");
		json_out_str(&w, ask->system);
	}
	if (ask->options) {
		json_out_key(&w, "options");
		json_out_raw(&w, ask->options, strlen(ask->options));
	}
	if (ask->collection) {
		json_out_key(&w, "collection");
		json_out_str(&w, ask->collection);
	}
	if (ask->retrieval) {
		json_out_key(&w, "retrieval");
		json_out_str(&w, ask->retrieval);
	}
	if (ask->ndocuments) {
		json_out_key(&w, "documents");
		json_out_array(&w);
		for (size_t i = 0; i < ask->ndocuments; i++)
			json_out_str(&w, ask->documents[i]);
		json_out_array_end(&w);
	}
	json_out_object_end(&w);
	return buf_steal(&b, NULL);
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
	k->ask.retrieval = retrieval_known(a, retrieval) ? args_dup(retrieval) : NULL;
	take_documents(&k->ask, args_val(a, "documents", VAL_ARRAY));
	k->stream = args_bool(a, "stream", false);
	if (!args_ok(a))
		return false;
	op->text = mem_try_dup(text.s, text.n);
	op->text_len = text.n;
	op->model = mem_dup(k->ask.model);
	op->meta = meta_json(&k->ask);
	return true;
}

static void subscribe(struct conn *c, struct turn *t, size_t off, size_t roff, uint64_t ev)
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

static void reply_accepted(struct call *call, const struct turn_row *row, const struct turn *live, bool duplicate)
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

static void attach_row(struct call *call, struct turn_row *row, size_t off, size_t roff, uint64_t ev, bool accepted, bool shared);

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
			subscribe(c, live, 0, 0, 0);
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
		subscribe(c, t, 0, 0, 0);
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

/* What would go out, with the passages it would take along. Nothing is sent or stored. */
struct dry {
	struct call *call;
	struct turn *turn;
	bool in_thread, hopeless, all;
};

static void dry_reply(struct dry *d, bool local)
{
	struct server *s = d->call->server;
	struct chat_request req;
	struct buf arena;
	struct pack p;
	char *json;

	buf_init(&arena, 0);
	prompt_build(&s->chat, d->turn, &req, &arena);
	json = s->upstream && !arena.failed ? upstream_describe(s->upstream, &req) : NULL;
	if (reply_begin(d->call, &p)) {
		pack_kv_text(&p, "turn", "");
		pack_kv_int(&p, "off", 0);
		pack_kv_text(&p, "state", "queued");
		pack_key(&p, "request");
		if (json)
			pack_json(&p, json, strlen(json));
		else
			pack_nil(&p);
		pack_key(&p, "notes");
		pack_array(&p);
		if (!s->upstream)
			pack_text(&p, "no backend is configured: the question is answered from your documents on this machine");
		else if (local)
			pack_text(&p, "retrieval = local: passages of your documents are put before the question and leave this machine");
		if (local && s->vectors)
			pack_text(&p, "embeddings: the question and the passages of your documents go to that server, off this machine");
		if (d->hopeless)
			pack_text(&p, "the documents have too little of this question: the model would not be asked");
		if (d->all)
			pack_text(&p, "the documents asked about fit the prompt whole: all of them are sent");
		if (s->upstream && d->in_thread)
			pack_text(&p, "the earlier turns of the thread are sent along; they are not shown here");
		pack_close(&p);
		reply_end(d->call, &p);
	}
	mem_free(json);
	buf_fini(&arena);
	turn_free(d->turn);
	call_drop(d->call);
	mem_free(d);
}

static void on_dry_retrieved(uint64_t owner, void *ctx, const struct retrieval *r)
{
	struct dry *d = ctx;

	(void)owner;
	d->hopeless = r->r == 0 && answer_is_hopeless(d->turn, r);
	d->all = r->r == 0 && r->all;
	if (r->r == 0 && !d->hopeless)
		answer_take_passages(d->turn, r);
	dry_reply(d, true);
}

static void dry_run(struct asking *k)
{
	struct server *s = k->call->server;
	bool local = chat_retrieval(&s->chat, &k->ask) == RETRIEVAL_LOCAL;
	struct turn *t = turn_new(&s->chat, &k->call->account);
	struct dry *d = mem_new(sizeof(*d));
	struct retrieve_request req;

	t->row.question = k->op->text;
	t->row.question_len = k->op->text_len;
	k->op->text = NULL;
	t->ask = k->ask;
	k->ask = (struct ask_options){ 0 };
	*d = (struct dry){ .call = call_keep(k->call), .turn = t, .in_thread = k->op->thread_ref || k->op->follow };
	answer_retrieval(t, &req);
	if (!s->upstream || !local || library_retrieve(s->library, &req, on_dry_retrieved, 0, d) != 0)
		dry_reply(d, local);
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
		dry_run(k);
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

/* ---- turns by REF ---- */

/* Most requests on turns begin the same way: find the row, then the live turn if there is one. */
struct turn_call {
	struct call call;
	size_t off, roff;
	uint64_t ev;
	bool stream;
	bool own;    /* it is to be changed: what others share does not do */
	bool shared; /* it is another's */
	struct ask_options ask;
	char *key;
	char *text;  /* an edit's question */
	size_t text_len;
	void (*then)(struct turn_call *tc, struct turn_row *row, struct turn *live);
	unsigned tries;
};

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
	if (!live && !turn_state_ended(op->turn.state) && tc->tries++ < 100) {
		/* it ended between the read and now: its end is on disk, read again */
		turn_call_read(tc, op->turn.id, op->max_text);
	} else {
		tc->then(tc, &op->turn, live);
		turn_call_free(tc);
	}
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

static struct turn_call *turn_call_new(struct call *call, void (*then)(struct turn_call *, struct turn_row *, struct turn *))
{
	struct turn_call *tc = mem_new(sizeof(*tc));

	tc->call = *call;
	tc->call.account = account_copy(&call->account);
	tc->then = then;
	return tc;
}

/* A live turn asked for by its id needs no look at the database. */
static void turn_call_go(struct turn_call *tc, struct args *a, uint64_t max_text)
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

/* ---- attach, detach, cancel ---- */

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
	subscribe(c, t, off, roff, ev);
}

static void attach_row(struct call *call, struct turn_row *row, size_t off, size_t roff, uint64_t ev, bool accepted, bool shared)
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
		subscribe(c, t, off, roff, ev);
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

/* ---- retry ---- */

#define DOCUMENTS_MAX 1024

static void documents_from_meta(struct ask_options *ask, struct json *j)
{
	struct json_slice value;
	size_t cap = 0;

	if (!json_array(j))
		return;
	while (json_item(j)) {
		if (ask->ndocuments == DOCUMENTS_MAX || !json_string(j, &value))
			continue;
		ask->documents = mem_grow(ask->documents, &cap, ask->ndocuments, sizeof(*ask->documents));
		ask->documents[ask->ndocuments] = json_strdup(&value, LIMIT_FRAME);
		ask->ndocuments += ask->documents[ask->ndocuments] != NULL;
	}
}

/* What the first asking said stays, unless the retry says otherwise. */
static void ask_from_meta(struct ask_options *ask, const char *meta)
{
	struct json_slice key, value;
	struct json j;

	json_init(&j, meta ? meta : "", meta ? strlen(meta) : 0, 64);
	if (!json_object(&j))
		return;
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "ask") && json_peek(&j) == JSON_OBJECT && json_raw(&j, &value)) {
			char *inner = mem_ndup(value.p, value.n);

			ask_from_meta(ask, inner);
			mem_free(inner);
		} else if (json_slice_is(&key, "system") && !ask->system && json_string(&j, &value)) {
			ask->system = json_strdup(&value, LIMIT_PROMPT);
		} else if (json_slice_is(&key, "model") && !ask->model && json_string(&j, &value)) {
			ask->model = json_strdup(&value, LIMIT_NAME);
		} else if (json_slice_is(&key, "collection") && !ask->collection && json_string(&j, &value)) {
			ask->collection = json_strdup(&value, LIMIT_NAME);
		} else if (json_slice_is(&key, "retrieval") && !ask->retrieval && json_string(&j, &value)) {
			ask->retrieval = json_strdup(&value, 16);
		} else if (json_slice_is(&key, "documents") && !ask->ndocuments && json_peek(&j) == JSON_ARRAY) {
			documents_from_meta(ask, &j);
		} else if (json_slice_is(&key, "options") && !ask->options && json_peek(&j) == JSON_OBJECT && json_raw(&j, &value)) {
			ask->options = mem_ndup(value.p, value.n);
		} else {
			json_skip(&j);
		}
	}
}

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
	ask_from_meta(&k->ask, row->meta);
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
	k->op->meta = meta_json(&k->ask);
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
