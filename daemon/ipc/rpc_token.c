/* token.create, token.list, token.revoke: an account's own tokens. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/auth/token.h"
#include "daemon/ipc/login.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define LIFE_MAX_S (366 * 24 * 3600)

struct creation {
	struct call *call;
	char token[TOKEN_LEN + 1];
};

static void on_created(struct job *j)
{
	struct op_token_create *op = container_of(j, struct op_token_create, job);
	struct creation *n = j->ctx;
	struct conn *c = call_conn(n->call);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(n->call, j->r, j->why, NULL, "token");
	} else if (reply_begin(n->call, &p)) {
		c->secret_out = true;
		pack_kv_text(&p, "token", n->token);
		pack_kv_text(&p, "id", op->id);
		pack_stamp(&p, "expires", op->expires_us);
		reply_end(n->call, &p);
	}
	call_drop(n->call);
	mem_wipe(n, sizeof(*n));
	op_token_create_free(op);
}

void rpc_token_create(struct call *call, struct args *a)
{
	struct arg_str label = args_str(a, "label", ARG_OPTIONAL, 0, LIMIT_ACCOUNT);
	int64_t life = args_int(a, "ttl_s", 1, LIFE_MAX_S, call->server->config->token_life / 1000);
	bool portable = args_bool(a, "portable", false);
	struct op_token_create *op;
	struct creation *n;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	if (call->server->config->auth == AUTH_PEER) {
		reply_error(call, PROTO_E_NOT_CONFIGURED, "this daemon knows you by your uid and takes no tokens (auth = peer)");
		return;
	}
	n = mem_new(sizeof(*n));
	op = op_token_create_new();
	n->call = call_keep(call);
	op->account = account_copy(&call->account);
	op->label = args_dup(label);
	op->uid = portable ? -1 : (int64_t)call_conn(call)->peer.uid;
	op->expires_us = clock_wall_us() + life * 1000000;
	op->max = LIMIT_TOKENS;
	op->actor = login_actor(call);
	op->job.done = on_created;
	op->job.ctx = n;
	op->job.r = token_make(n->token);
	(void)token_digest(n->token, TOKEN_LEN, op->digest);
	if (op->job.r == 0 && store_submit(call->server->store, STORE_WRITER, &op->job) == 0)
		return;
	op->job.r = op->job.r ? op->job.r : STORE_E_BUSY;
	on_created(&op->job);
}

static void pack_token(struct pack *p, const struct token_row *row, const struct conn *c)
{
	pack_map(p);
	pack_kv_text(p, "id", row->id);
	pack_kv_text_opt(p, "label", row->label);
	pack_kv_int_opt(p, "uid", row->uid);
	pack_kv_bool(p, "portable", row->uid < 0);
	pack_kv_bool(p, "current", c && !strcmp(c->token, row->id));
	pack_stamp(p, "created", row->created_us);
	pack_stamp(p, "expires", row->expires_us);
	pack_stamp(p, "used", row->used_us);
	pack_close(p);
}

static void on_list(struct job *j)
{
	struct op_token_list *op = container_of(j, struct op_token_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "token");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "tokens");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++)
			pack_token(&p, &op->rows[i], call_conn(call));
		pack_close(&p);
		reply_end(call, &p);
	}
	call_drop(call);
	op_token_list_free(op);
}

void rpc_token_list(struct call *call, struct args *a)
{
	struct op_token_list *op = op_token_list_new();

	(void)a;
	op->account = account_copy(&call->account);
	call_submit(call, STORE_KEYED, &op->job, op_token_list_run, on_list);
}

static void on_revoked(struct job *j)
{
	struct op_token_revoke *op = container_of(j, struct op_token_revoke, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "token");
	} else {
		if (reply_begin(call, &p)) {
			pack_kv_int(&p, "revoked", op->revoked);
			reply_end(call, &p);
		}
		/* Who came by it goes with it; who revokes all came by a password, or is on the way out. */
		login_close(call->server, op->account.id, op->id, call_conn(call));
	}
	call_drop(call);
	op_token_revoke_free(op);
}

void rpc_token_revoke(struct call *call, struct args *a)
{
	struct arg_str id = args_str(a, "id", ARG_OPTIONAL, TOKEN_ID_LEN, TOKEN_ID_LEN);
	bool all = args_bool(a, "all", false);
	struct op_token_revoke *op;

	if (args_ok(a) && !id.s == !all) {
		reply_error(call, PROTO_E_BAD_PARAMS, "id or all is wanted, and not both");
		return;
	}
	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_token_revoke_new();
	op->account = account_copy(&call->account);
	op->id = args_dup(id);
	op->actor = login_actor(call);
	call_submit(call, STORE_WRITER, &op->job, op_token_revoke_run, on_revoked);
}
