/* share.add, share.remove, share.list: who else may read a thread. */
#include <string.h>

#define LOG_TAG "rpc"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "daemon/store/shares.h"
#include "proto/limits.h"

static bool listens_to(const struct conn *c, const char *thread)
{
	list_foreach(it, &c->subs)
		if (!strcmp(list_entry(it, struct sub, of_owner)->turn->row.thread, thread))
			return true;
	return false;
}

/*
 * What is shared no more stops at once: also in a stream, and in a request that was let in before. Its
 * connection is closed; who comes back meets the store, which knows. Of a group it may be anybody.
 */
static void cut_readers(struct call *call, const struct op_share *op)
{
	struct server *s = call->server;

	list_foreach_safe(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);
		bool meant = *op->other ? !strcmp(c->account.id, op->other) : strcmp(c->account.id, call->account.id) != 0;

		if (meant && (c->noutstanding || listens_to(c, op->thread.id)))
			conn_close(c, "revoked");
	}
}

static void on_shared(struct job *j)
{
	struct op_share *op = container_of(j, struct op_share, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r == 0 && op->remove)
		cut_readers(call, op);
	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "thread", op->thread.id);
		pack_kv_text(&p, "name", op->thread.name);
		pack_kv_text(&p, "with", op->with);
		reply_end(call, &p);
	}
	call_drop(call);
	op_share_free(op);
}

static void share(struct call *call, struct args *a, bool no_more)
{
	struct arg_str ref = args_str(a, "thread", ARG_NEEDED, 1, LIMIT_NAME);
	struct arg_str with = args_str(a, "with", ARG_NEEDED, 1, LIMIT_NAME);
	struct op_share *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_share_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	op->with = args_dup(with);
	op->remove = no_more;
	call_submit(call, STORE_WRITER, &op->job, op_share_run, on_shared);
}

void rpc_share_add(struct call *call, struct args *a)
{
	share(call, a, false);
}

void rpc_share_remove(struct call *call, struct args *a)
{
	share(call, a, true);
}

static void on_shares(struct job *j)
{
	struct op_share_list *op = container_of(j, struct op_share_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "thread");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "shares");
		pack_array(&p);
		for (size_t i = 0; i < op->n && !pack_half_full(&p); i++) {
			pack_map(&p);
			pack_kv_text(&p, "thread", op->rows[i].thread);
			pack_kv_text(&p, "name", op->rows[i].name);
			pack_kv_text(&p, "with", op->rows[i].with);
			pack_stamp(&p, "created", op->rows[i].created_us);
			pack_close(&p);
		}
		pack_close(&p);
		reply_end(call, &p);
	}
	call_drop(call);
	op_share_list_free(op);
}

void rpc_share_list(struct call *call, struct args *a)
{
	struct arg_str ref = args_str(a, "thread", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct op_share_list *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_share_list_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	call_submit(call, STORE_KEYED, &op->job, op_share_list_run, on_shares);
}
