/* account.self, account.list, account.role, account.remove, record.list: accounts besides passwords. */
#define LOG_TAG "auth"
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/identity.h"
#include "daemon/ipc/login.h"
#include "daemon/ipc/purge.h"
#include "daemon/server.h"
#include "proto/limits.h"

static void on_self(struct job *j)
{
	struct op_login *op = container_of(j, struct op_login, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "account");
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "account", call->account.name);
		pack_kv_text(&p, "role", account_role_name(call->account.role));
		pack_kv_int_opt(&p, "uid", op->uid);
		pack_kv_bool(&p, "password", op->hash != NULL);
		reply_end(call, &p);
	}
	call_drop(call);
	op_login_free(op);
}

void rpc_account_self(struct call *call, struct args *a)
{
	struct op_login *op = op_login_new();

	(void)a;
	op->name = mem_dup(call->account.name);
	call_submit(call, STORE_KEYED, &op->job, op_login_run, on_self);
}

static void pack_row(struct pack *p, const struct account_row *row)
{
	pack_map(p);
	pack_kv_text(p, "account", row->name);
	pack_kv_text(p, "role", account_role_name(row->role));
	pack_kv_int_opt(p, "uid", row->uid);
	pack_kv_bool(p, "password", row->password);
	pack_stamp(p, "created", row->created_us);
	pack_stamp(p, "seen", row->seen_us);
	pack_kv_int(p, "threads", row->threads);
	pack_kv_int(p, "tokens", row->tokens);
	pack_close(p);
}

static void on_list(struct job *j)
{
	struct op_account_list *op = container_of(j, struct op_account_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "account");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "accounts");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++)
			pack_row(&p, &op->rows[i]);
		pack_close(&p);
		pack_kv_text_opt(&p, "next", op->more ? op->rows[op->n - 1].name : NULL);
		reply_end(call, &p);
	}
	call_drop(call);
	op_account_list_free(op);
}

void rpc_account_list(struct call *call, struct args *a)
{
	int64_t limit = args_int(a, "limit", 1, LIMIT_PAGE, LIMIT_PAGE);
	struct arg_str before = args_str(a, "before", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct op_account_list *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_account_list_new();
	op->limit = (int)limit;
	op->after = args_dup(before);
	call_submit(call, STORE_KEYED, &op->job, op_account_list_run, on_list);
}

/* ---- changes ---- */

static void set_role(struct server *s, const struct account *who)
{
	list_foreach(it, &s->conn_list) {
		struct conn *c = list_entry(it, struct conn, link);

		/* Root is an admin whatever the table says. */
		if (c->logged_in && !strcmp(c->account.id, who->id) && c->peer.uid != 0)
			c->account.role = who->role;
	}
}

static void cancel_turns(struct server *s, const struct account *who)
{
	list_foreach_safe(it, &s->chat.live) {
		struct turn *t = list_entry(it, struct turn, link);

		if (!strcmp(t->account.id, who->id))
			chat_cancel(t);
	}
}

static void on_changed(struct job *j)
{
	struct op_account_change *op = container_of(j, struct op_account_change, job);
	struct call *call = call_of(j);
	struct server *s = call->server;
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "account");
	} else {
		identity_forget(s);
		log_info("account %s: %s", log_text(op->name, strlen(op->name)),
			op->change == ACCOUNT_REMOVE ? "removed" : account_role_name(op->role));
		if (op->change == ACCOUNT_ROLE) {
			set_role(s, &op->account);
		} else {
			login_close(s, op->account.id, NULL, NULL);
			cancel_turns(s, &op->account);
			purge_begin(s);
		}
		if (reply_begin(call, &p)) {
			pack_kv_text(&p, "account", op->name);
			if (op->change == ACCOUNT_ROLE)
				pack_kv_text(&p, "role", account_role_name(op->role));
			reply_end(call, &p);
		}
	}
	call_drop(call);
	op_account_change_free(op);
}

static void change(struct call *call, struct args *a, enum account_change what, const char *role)
{
	struct arg_str name = args_str(a, "account", ARG_NEEDED, 1, LIMIT_ACCOUNT);
	struct op_account_change *op = op_account_change_new();

	op->change = what;
	op->name = args_ok(a) ? args_dup(name) : NULL;
	if (!args_ok(a)) {
		reply_bad_args(call, a);
	} else if (role && account_role_parse(role, &op->role) != 0) {
		reply_error(call, PROTO_E_BAD_PARAMS, "role must be user or admin");
	} else if (!strcmp(op->name, call->account.name) || (call->server->account.name && !strcmp(op->name, call->server->account.name))) {
		/* So there is always an admin left, and the owner of a user's daemon stays its owner. */
		reply_error(call, PROTO_E_CONFLICT, "this account is yours, or the owner's: another admin may change it");
	} else {
		op->actor = login_actor(call);
		call_submit(call, STORE_WRITER, &op->job, op_account_change_run, on_changed);
		return;
	}
	op_account_change_free(op);
}

void rpc_account_role(struct call *call, struct args *a)
{
	struct arg_str role = args_str(a, "role", ARG_NEEDED, 1, LIMIT_ACCOUNT);
	char *word = args_ok(a) ? args_dup(role) : NULL;

	change(call, a, ACCOUNT_ROLE, word);
	mem_free(word);
}

void rpc_account_remove(struct call *call, struct args *a)
{
	change(call, a, ACCOUNT_REMOVE, NULL);
}

/* ---- records ---- */

static void pack_record(struct pack *p, const struct record_row *row)
{
	pack_map(p);
	pack_kv_int(p, "id", row->id);
	pack_stamp(p, "at", row->at_us);
	pack_kv_text(p, "kind", row->kind);
	pack_kv_bool(p, "failed", row->failed);
	pack_kv_text_opt(p, "account", row->account);
	pack_kv_text_opt(p, "by", row->actor);
	pack_kv_int_opt(p, "uid", row->uid);
	pack_kv_text_opt(p, "detail", row->detail);
	pack_close(p);
}

static void on_records(struct job *j)
{
	struct op_record_list *op = container_of(j, struct op_record_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "record");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "records");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++)
			pack_record(&p, &op->rows[i]);
		pack_close(&p);
		if (op->more)
			pack_kv_int(&p, "next", op->rows[op->n - 1].id);
		reply_end(call, &p);
	}
	call_drop(call);
	op_record_list_free(op);
}

void rpc_record_list(struct call *call, struct args *a)
{
	int64_t limit = args_int(a, "limit", 1, LIMIT_PAGE, 50), before = args_int(a, "before", 0, INT64_MAX, INT64_MAX);
	struct arg_str account = args_str(a, "account", ARG_OPTIONAL, 1, LIMIT_ACCOUNT);
	bool failed = args_bool(a, "failed", false);
	struct op_record_list *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_record_list_new();
	op->limit = (int)limit;
	op->before = before;
	op->failed = failed;
	op->account = args_dup(account);
	call_submit(call, STORE_KEYED, &op->job, op_record_list_run, on_records);
}
