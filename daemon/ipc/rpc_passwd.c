/* auth.passwd, account.passwd, account.add: who sets a password. Hashes are made on the auth thread. */
#define LOG_TAG "auth"
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/identity.h"
#include "daemon/ipc/login.h"
#include "daemon/server.h"
#include "proto/limits.h"

static char *wipe(char *s)
{
	return mem_wipe(s, s ? strlen(s) : 0);
}

/* ---- a password for an account that is there ---- */

struct change {
	struct call *call;
	char *name;      /* whose */
	bool own;        /* the old one has to be right */
	char *old, *fresh;
	struct op_login *found;
};

static void change_end(struct change *g)
{
	struct conn *c = call_conn(g->call);

	if (c)
		conn_release(c);
	call_drop(g->call);
	mem_free(g->name);
	wipe(g->old);
	wipe(g->fresh);
	op_login_free(g->found);
	mem_free(g);
}

static void on_set(struct job *j)
{
	struct op_password_set *op = container_of(j, struct op_password_set, job);
	struct change *g = j->ctx;
	struct pack p;

	if (j->r != 0) {
		reply_store_error(g->call, j->r, j->why, NULL, "account");
	} else {
		log_info("the password of %s was set", log_text(op->account.name, strlen(op->account.name)));
		login_close(g->call->server, op->account.id, NULL, call_conn(g->call));
		if (reply_begin(g->call, &p)) {
			pack_kv_text(&p, "account", op->account.name);
			pack_kv_int(&p, "revoked", op->ended);
			reply_end(g->call, &p);
		}
	}
	op_password_set_free(op);
	change_end(g);
}

static void store_hash(struct change *g, const struct hash_job *j)
{
	struct op_password_set *op = op_password_set_new();

	op->name = mem_dup(g->name);
	op->hash = mem_dup(j->made);
	op->actor = login_actor(g->call);
	op->role = g->found->account.role;
	op->job.done = on_set;
	op->job.ctx = g;
	if (store_submit(g->call->server->store, STORE_WRITER, &op->job) != 0) {
		op->job.r = STORE_E_BUSY;
		on_set(&op->job);
	}
}

static void on_hashed(struct hash_job *j)
{
	struct change *g = j->ctx;

	if (j->matched && j->r == 0 && j->made[0]) {
		store_hash(g, j);
	} else {
		if (j->r != 0) {
			reply_error(g->call, PROTO_E_INTERNAL, "the password could not be hashed");
		} else if (call_conn(g->call)) {
			login_failed(g->call, g->name);
			reply_error(g->call, PROTO_E_FORBIDDEN, "the old password is wrong");
		}
		change_end(g);
	}
	hash_job_free(j);
}

static void on_account(struct job *j)
{
	struct change *g = j->ctx;
	struct conn *c = call_conn(g->call);
	struct hash_job *h;

	if (!c || j->r != 0) {
		reply_store_error(g->call, j->r, j->why, NULL, "account");
		change_end(g);
		return;
	}
	h = hash_job_new();
	h->uid = c->peer.uid;
	h->check = g->own && g->found->hash;
	h->hash = g->found->hash;
	h->password = g->old ? g->old : mem_dup("");
	h->fresh = g->fresh;
	g->found->hash = g->old = g->fresh = NULL;
	h->done = on_hashed;
	h->ctx = g;
	if (!login_hash(g->call, h))
		change_end(g);
}

/* Takes the secrets. */
static void change_begin(struct call *call, char *name, bool own, char *old, char *fresh)
{
	struct change *g = mem_new(sizeof(*g));
	struct job *j;

	*g = (struct change){ .call = call_keep(call), .name = name, .own = own, .old = old, .fresh = fresh, .found = op_login_new() };
	g->found->name = mem_dup(name);
	if (own && !login_may_try(call, name)) {
		change_end(g);
		return;
	}
	conn_hold(call_conn(call));
	j = &g->found->job;
	j->done = on_account;
	j->ctx = g;
	if (store_submit(call->server->store, STORE_KEYED, j) == 0)
		return;
	reply_store_error(call, STORE_E_BUSY, NULL, NULL, "account");
	change_end(g);
}

void rpc_auth_passwd(struct call *call, struct args *a)
{
	char *old = login_password(a, "old", ARG_OPTIONAL), *fresh = login_password(a, "new", ARG_NEEDED);

	if (args_ok(a)) {
		change_begin(call, mem_dup(call->account.name), true, old, fresh);
		return;
	}
	wipe(old);
	wipe(fresh);
	reply_bad_args(call, a);
}

void rpc_account_passwd(struct call *call, struct args *a)
{
	struct arg_str name = args_str(a, "account", ARG_NEEDED, 1, LIMIT_ACCOUNT);
	char *fresh = login_password(a, "new", ARG_NEEDED);

	if (args_ok(a)) {
		change_begin(call, args_dup(name), false, NULL, fresh);
		return;
	}
	wipe(fresh);
	reply_bad_args(call, a);
}

/* ---- a new account, with a password or without ---- */

static void on_added(struct job *j)
{
	struct op_account_change *op = container_of(j, struct op_account_change, job);
	struct call *call = call_of(j);
	struct conn *c = call_conn(call);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "account");
	} else {
		identity_forget(call->server);
		log_info("account %s was added", log_text(op->account.name, strlen(op->account.name)));
		if (reply_begin(call, &p)) {
			pack_kv_text(&p, "account", op->account.name);
			pack_kv_text(&p, "role", account_role_name(op->role));
			reply_end(call, &p);
		}
	}
	if (c)
		conn_release(c);
	call_drop(call);
	op_account_change_free(op);
}

struct addition {
	struct call *call;
	struct op_account_change *op;
};

static void on_first_hash(struct hash_job *j)
{
	struct addition *n = j->ctx;
	struct conn *c = call_conn(n->call);

	if (j->r != 0 || !j->made[0]) {
		reply_error(n->call, PROTO_E_INTERNAL, "the password could not be hashed");
		op_account_change_free(n->op);
		if (c)
			conn_release(c);
	} else {
		n->op->hash = mem_dup(j->made);
		call_submit(n->call, STORE_WRITER, &n->op->job, op_account_change_run, on_added);
	}
	hash_job_free(j);
	call_drop(n->call);
	mem_free(n);
}

/* Takes op and password. */
static void hash_first(struct call *call, struct op_account_change *op, char *password)
{
	struct addition *n = mem_new(sizeof(*n));
	struct hash_job *h = hash_job_new();

	*n = (struct addition){ .call = call_keep(call), .op = op };
	h->uid = call_conn(call)->peer.uid;
	h->fresh = password;
	h->password = mem_dup("");
	h->done = on_first_hash;
	h->ctx = n;
	conn_hold(call_conn(call));
	if (login_hash(call, h))
		return;
	conn_release(call_conn(call));
	op_account_change_free(op);
	call_drop(n->call);
	mem_free(n);
}

/* Names are shown to people, and stand in lists: one line, no blanks at the ends, and none of ours. */
static bool is_name(const struct arg_str *s)
{
	if (!s->s || s->s[0] == ' ' || s->s[s->n - 1] == ' ' || (s->n >= 8 && !memcmp(s->s, "removed ", 8)))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if ((unsigned char)s->s[i] < ' ' || s->s[i] == 0x7f)
			return false;
	return true;
}

void rpc_account_add(struct call *call, struct args *a)
{
	struct arg_str name = args_str(a, "name", ARG_NEEDED, 1, LIMIT_ACCOUNT);
	struct arg_str role = args_str(a, "role", ARG_OPTIONAL, 1, LIMIT_ACCOUNT);
	int64_t uid = args_int(a, "uid", 0, NOBODY - 1, -1);
	char *password = login_password(a, "password", ARG_OPTIONAL), *word = args_ok(a) ? args_dup(role) : NULL;
	struct op_account_change *op = op_account_change_new();

	op->change = ACCOUNT_ADD;
	op->uid = uid;
	if (!args_ok(a)) {
		reply_bad_args(call, a);
	} else if (!is_name(&name) || (word && account_role_parse(word, &op->role) != 0)) {
		reply_error(call, PROTO_E_BAD_PARAMS, word && is_name(&name) ? "role must be user or admin" : "this is no name for an account");
	} else {
		op->name = args_dup(name);
		op->actor = login_actor(call);
		if (password)
			hash_first(call, op, password);
		else
			call_submit(call, STORE_WRITER, &op->job, op_account_change_run, on_added);
		password = NULL;
		op = NULL;
	}
	wipe(password);
	mem_free(word);
	op_account_change_free(op);
}
