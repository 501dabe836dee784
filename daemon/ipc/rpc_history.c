/* thread.rename, tag.set, rate, thread.delete, ghost.remove: what is there already is changed. */
#include <string.h>

#define LOG_TAG "rpc"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/quota.h"
#include "daemon/ipc/settle.h"
#include "daemon/server.h"
#include "daemon/store/history.h"
#include "proto/limits.h"

/* ---- names and tags ---- */

static void on_changed(struct job *j)
{
	struct op_thread_change *op = container_of(j, struct op_thread_change, job);
	struct call *call = call_of(j);

	reply_thread(call, j, &op->candidates, &op->thread);
	call_drop(call);
	op_thread_change_free(op);
}

static void submit_change(struct call *call, struct op_thread_change *op)
{
	op->account = account_copy(&call->account);
	call_submit(call, STORE_WRITER, &op->job, op_thread_change_run, on_changed);
}

void rpc_thread_rename(struct call *call, struct args *a)
{
	struct op_thread_change *op = op_thread_change_new();

	op->ref = args_dup(args_str(a, "thread", ARG_NEEDED, 1, LIMIT_NAME));
	op->name = args_dup(args_str(a, "name", ARG_NEEDED, 1, LIMIT_NAME));
	if (args_ok(a) && op->name[strspn(op->name, " \t\r\n")]) {
		submit_change(call, op);
		return;
	}
	if (args_ok(a))
		reply_error(call, PROTO_E_BAD_PARAMS, "the name is empty");
	else
		reply_bad_args(call, a);
	op_thread_change_free(op);
}

/* A list of strings as JSON; bad is set on anything else. */
static char *take_list(struct args *a, const char *key)
{
	struct val v = args_val(a, key, VAL_ARRAY);

	for (size_t i = 0; i < val_count(v); i++) {
		const char *s;
		size_t n;

		if (val_str(val_at(v, i), &s, &n) && n && n <= LIMIT_TAG)
			continue;
		if (!a->bad)
			snprintf(a->why, sizeof(a->why), "%s must be texts of 1..%d bytes", key, LIMIT_TAG);
		a->bad = true;
	}
	return val_json(v);
}

void rpc_tag_set(struct call *call, struct args *a)
{
	struct op_thread_change *op = op_thread_change_new();

	op->ref = args_dup(args_str(a, "thread", ARG_NEEDED, 1, LIMIT_NAME));
	op->tags = take_list(a, "tags");
	op->add = take_list(a, "add");
	op->remove = take_list(a, "remove");
	if (args_ok(a)) {
		submit_change(call, op);
		return;
	}
	reply_bad_args(call, a);
	op_thread_change_free(op);
}

/* ---- ratings ---- */

static void on_rated(struct job *j)
{
	struct op_rate *op = container_of(j, struct op_rate, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "turn");
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "turn", op->turn.id);
		pack_kv_text(&p, "thread", op->turn.thread);
		pack_rating(&p, &op->turn);
		reply_end(call, &p);
	}
	call_drop(call);
	op_rate_free(op);
}

static bool rating_of(struct arg_str s, enum rating *rating)
{
	static const char *const names[] = { "none", "down", "up" };

	for (size_t i = 0; s.s && i < array_len(names); i++)
		if (strlen(names[i]) == s.n && !memcmp(names[i], s.s, s.n)) {
			*rating = (enum rating)((int)i - 1);
			return true;
		}
	return false;
}

void rpc_rate(struct call *call, struct args *a)
{
	struct op_rate *op = op_rate_new();
	struct arg_str rating = args_str(a, "rating", ARG_NEEDED, 1, 8);

	op->ref = args_dup(args_str(a, "turn", ARG_NEEDED, 1, LIMIT_NAME));
	op->comment = args_dup(args_str(a, "comment", ARG_OPTIONAL, 0, LIMIT_COMMENT));
	if (!args_ok(a)) {
		reply_bad_args(call, a);
	} else if (!rating_of(rating, &op->rating)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "rating must be up, down or none");
	} else {
		op->account = account_copy(&call->account);
		call_submit(call, STORE_WRITER, &op->job, op_rate_run, on_rated);
		return;
	}
	op_rate_free(op);
}

/* ---- forks ---- */

static void on_cleared(struct job *j)
{
	struct op_thread_remove *op = container_of(j, struct op_thread_remove, job);
	struct server *s = j->ctx;

	if (j->r == 0 && op->more && store_submit(s->store, STORE_WRITER, j) == 0)
		return;
	op_thread_remove_free(op);
}

/* A hidden half of a thread is left; where that fails, too, the next start finds it. */
static void clear_half(struct server *s, const char *thread)
{
	struct op_thread_remove *op = op_thread_remove_new();

	memcpy(op->id, thread, sizeof(op->id));

	op->job.done = on_cleared;
	op->job.ctx = s;
	if (store_submit(s->store, STORE_WRITER, &op->job) != 0)
		op_thread_remove_free(op);
}

static void on_forked(struct job *j)
{
	struct op_thread_fork *op = container_of(j, struct op_thread_fork, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r == 0 && op->more && store_submit(call->server->store, STORE_WRITER, j) == 0)
		return;
	if (j->r == 0 && op->more)
		j->r = STORE_E_BUSY;
	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "turn");
		if (op->npath)
			clear_half(call->server, op->id);
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "thread");
		pack_thread(&p, &op->thread);
		reply_end(call, &p);
	}
	call_drop(call);
	op_thread_fork_free(op);
}

static void fork_allowed(void *ctx, bool ok, uint64_t room)
{
	struct op_thread_fork *op = ctx;
	struct call *call = call_of(&op->job);

	(void)room;
	if (ok && store_submit(call->server->store, STORE_WRITER, &op->job) == 0)
		return;
	if (ok)
		reply_error(call, PROTO_E_BUSY, "the database has too much to write");
	call_drop(call);
	op_thread_fork_free(op);
}

void rpc_thread_fork(struct call *call, struct args *a)
{
	struct op_thread_fork *op = op_thread_fork_new();

	op->ref = args_dup(args_str(a, "thread", ARG_NEEDED, 1, LIMIT_NAME));
	op->at = args_int(a, "at", 1, INT64_MAX, 0);
	op->name = args_dup(args_str(a, "name", ARG_OPTIONAL, 1, LIMIT_NAME));
	op->terminal = args_dup(args_str(a, "terminal", ARG_OPTIONAL, 1, LIMIT_NAME));
	if (!args_ok(a)) {
		reply_bad_args(call, a);
		op_thread_fork_free(op);
		return;
	}
	op->account = account_copy(&call->account);
	op->job.ctx = call_keep(call);
	op->job.done = on_forked;
	quota_check(call, 0, false, fork_allowed, op);
}

/* ---- threads that go ---- */

/* Slice after slice, behind whatever the writer has to do besides. */
static bool go_on(struct server *s, struct job *j, bool more)
{
	return j->r == 0 && more && store_submit(s->store, STORE_WRITER, j) == 0;
}

static void reply_removed(void *ctx)
{
	struct op_thread_remove *op = ctx;
	struct call *call = call_of(&op->job);
	struct pack p;

	if (op->job.r != 0) {
		reply_store_error(call, op->job.r, op->job.why, &op->candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "thread", op->id);
		pack_kv_text_opt(&p, "name", op->name);
		pack_kv_int(&p, "turns", op->turns);
		reply_end(call, &p);
	}
	call_drop(call);
	op_thread_remove_free(op);
}

static void on_removed(struct job *j)
{
	struct op_thread_remove *op = container_of(j, struct op_thread_remove, job);
	struct call *call = call_of(j);

	if (go_on(call->server, j, op->more))
		return;
	if (j->r == 0 && !op->only_look && op->wait)
		settle(call->server, reply_removed, op);
	else
		reply_removed(op);
}

void rpc_thread_delete(struct call *call, struct args *a)
{
	struct op_thread_remove *op = op_thread_remove_new();

	op->ref = args_dup(args_str(a, "thread", ARG_NEEDED, 1, LIMIT_NAME));
	op->only_look = args_bool(a, "dry_run", false);
	op->wait = args_bool(a, "wait", true);
	if (!args_ok(a)) {
		reply_bad_args(call, a);
		op_thread_remove_free(op);
		return;
	}
	op->account = account_copy(&call->account);
	call_submit(call, STORE_WRITER, &op->job, op_thread_remove_run, on_removed);
}

/* ---- ghosts ---- */

struct haunted {
	struct call *call;
	struct op_ghosts *ghosts;
};

static void haunted_end(struct haunted *h, int r, const char *why)
{
	struct pack p;

	if (r != 0) {
		reply_store_error(h->call, r, why, NULL, "ghost");
	} else if (reply_begin(h->call, &p)) {
		pack_kv_int(&p, "threads", h->ghosts->threads);
		pack_kv_int(&p, "steps", h->ghosts->steps);
		pack_kv_int(&p, "elements", h->ghosts->elements);
		reply_end(h->call, &p);
	}
	call_drop(h->call);
	op_ghosts_free(h->ghosts);
	mem_free(h);
}

static void haunted_done(void *ctx)
{
	haunted_end(ctx, 0, NULL);
}

static void on_ghosts(struct job *j)
{
	struct op_ghosts *op = container_of(j, struct op_ghosts, job);
	struct haunted *h = j->ctx;

	if (go_on(h->call->server, j, op->more))
		return;
	if (j->r != 0 || op->only_look)
		haunted_end(h, j->r, j->why);
	else
		settle(h->call->server, haunted_done, h);
}

void rpc_ghost_remove(struct call *call, struct args *a)
{
	struct arg_str before = args_str(a, "before", ARG_OPTIONAL, 1, 64);
	struct op_ghosts *op = op_ghosts_new();
	struct haunted *h;

	op->only_look = args_bool(a, "dry_run", false);
	if (args_ok(a) && before.s && clock_iso_parse(before.s, before.n, &op->before_us) != 0) {
		a->bad = true;
		snprintf(a->why, sizeof(a->why), "before must be a time as in results");
	}
	if (!args_ok(a)) {
		reply_bad_args(call, a);
		op_ghosts_free(op);
		return;
	}
	h = mem_new(sizeof(*h));
	*h = (struct haunted){ .call = call_keep(call), .ghosts = op };
	op->job.done = on_ghosts;
	op->job.ctx = h;
	if (store_submit(call->server->store, STORE_WRITER, &op->job) != 0)
		haunted_end(h, STORE_E_BUSY, NULL);
}
