/* hello, ping, api.info: who talks, and what can be said. */
#include <unistd.h>

#define LOG_TAG "rpc"
#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/identity.h"
#include "daemon/ipc/members.h"
#include "daemon/server.h"
#include "proto/limits.h"

static void pack_limits(struct pack *p, const struct config *config)
{
	pack_key(p, "limits");
	pack_map(p);
	pack_kv_int(p, "frame", LIMIT_FRAME);
	pack_kv_int(p, "depth", LIMIT_DEPTH);
	pack_kv_int(p, "nodes", LIMIT_NODES);
	pack_kv_int(p, "requests", LIMIT_REQUESTS);
	pack_kv_int(p, "prompt", config->max_prompt);
	pack_kv_int(p, "answer", config->max_answer);
	pack_kv_int(p, "chunk", LIMIT_CHUNK);
	pack_kv_int(p, "page", LIMIT_PAGE);
	pack_kv_int(p, "text_in_result", LIMIT_TEXT_IN_RESULT);
	pack_kv_int(p, "key", LIMIT_KEY);
	pack_kv_int(p, "name", LIMIT_NAME);
	pack_kv_int(p, "document", config->max_document);
	pack_kv_int(p, "clients", config->max_clients);
	pack_kv_int(p, "clients_uid", config->max_clients_uid);
	pack_kv_int(p, "queued", config->max_queued);
	pack_kv_int(p, "running", config->max_running);
	pack_kv_int(p, "stored", config->max_stored);
	pack_kv_int(p, "uploads", config->max_uploads);
	pack_close(p);
}

static bool version_in_common(struct args *a, int64_t range[2])
{
	struct val v = args_val(a, "protocol", VAL_ARRAY);

	if (!args_ok(a))
		return true; /* the args say it better */
	if (val_count(v) != 2 || !val_int(val_at(v, 0), &range[0]) || !val_int(val_at(v, 1), &range[1]))
		return false;
	return range[0] <= PROTO_VERSION && range[1] >= PROTO_VERSION;
}

static void reply_no_version(struct call *call)
{
	struct conn *c = call_conn(call);
	struct pack p;

	pack_error_begin(&p, &c->out, call->id, PROTO_E_UNSUPPORTED_VERSION, NULL, -1);
	pack_key(&p, "data");
	pack_map(&p);
	pack_kv_int(&p, "min", PROTO_VERSION);
	pack_kv_int(&p, "max", PROTO_VERSION);
	pack_close(&p);
	reply_end(call, &p);
}

/* Which ways lead in besides the uid. */
static void pack_auth(struct pack *p, const struct conn *c)
{
	pack_key(p, "auth");
	pack_map(p);
	pack_kv_text(p, "state", c->logged_in ? "ok" : "required");
	pack_key(p, "methods");
	pack_array(p);
	if (c->server->config->auth != AUTH_PEER) {
		pack_text(p, "password");
		pack_text(p, "token");
	}
	pack_close(p);
	pack_close(p);
}

static void welcome(struct call *call)
{
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_kv_int(&p, "protocol", PROTO_VERSION);
	pack_kv_text(&p, "server", "ragchatd");
	pack_kv_text(&p, "version", RAGCHAT_VERSION);
	pack_kv_int(&p, "level", PROTO_LEVEL);
	pack_kv_text(&p, "instance", s->instance);
	pack_key(&p, "caps");
	pack_array(&p);
	pack_close(&p);
	pack_limits(&p, s->config);
	pack_kv_int(&p, "uid", (int64_t)c->peer.uid);
	pack_kv_text(&p, "account", c->logged_in ? c->account.name : NULL);
	pack_kv_text_opt(&p, "role", c->logged_in ? account_role_name(c->account.role) : NULL);
	pack_auth(&p, c);
	reply_end(call, &p);
}

static void greet(struct conn *c)
{
	if (!c->greeted)
		c->server->ungreeted--;
	c->greeted = true;
	c->server->served = true;
}

static void hello_done(struct call *call)
{
	struct conn *c = call_conn(call);

	welcome(call);
	if (c)
		conn_release(c);
	call_drop(call);
}

/* The uid has an account, or could not get one. */
static void on_identity(void *ctx, int r, const char *why, const struct account *who)
{
	struct call *call = ctx;
	struct conn *c = call_conn(call);

	if (c && r == 0) {
		greet(c);
		if (call->server->config->auth == AUTH_PEER || c->peer.uid == 0)
			conn_log_in(c, who);
		if (c->logged_in)
			members_note(call, hello_done);
		else
			hello_done(call);
		return;
	}
	if (c) {
		reply_store_error(call, r, why, NULL, "account");
		conn_release(c);
	}
	call_drop(call);
}

void rpc_hello(struct call *call, struct args *a)
{
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	const char *refusal = identity_refusal(s, &c->peer);
	int64_t range[2] = { 0, 0 };
	bool common = version_in_common(a, range);
	struct arg_str client = args_str(a, "client", ARG_OPTIONAL, 0, LIMIT_NAME);

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	if (!common) {
		reply_no_version(call);
		return;
	}
	if (refusal) {
		log_warn("%llu: uid %u is refused", (unsigned long long)c->id, (unsigned)c->peer.uid);
		reply_error(call, PROTO_E_FORBIDDEN, "%s", refusal);
		return;
	}
	log_debug("%llu: hello from %s", (unsigned long long)c->id, client.s ? log_text(client.s, client.n) : "a client");
	if (c->greeted || !identity_counts(s, &c->peer)) {
		greet(c);
		welcome(call);
		return;
	}
	conn_hold(c);
	identity_find(s, &c->peer, on_identity, call_keep(call));
}

void rpc_ping(struct call *call, struct args *a)
{
	(void)a;
	reply_empty(call);
}

static const struct method_info {
	const char *name, *params, *result;
	int since;
	unsigned flags;
} infos[] = {
#define METHOD(name, handler, since, flags, params, result) { name, params, result, since, flags },
#include "proto/methods.def"
#undef METHOD
};

static const int error_codes[] = {
#define ERROR(code, id, name, exit_status, text) code,
#include "proto/errors.def"
#undef ERROR
};

static const char *needs(unsigned flags)
{
	return flags & EARLY ? "nothing" : flags & LOGIN ? "hello" : flags & ADMIN ? "admin" : "login";
}

void rpc_api_info(struct call *call, struct args *a)
{
	struct pack p;

	(void)a;
	if (!reply_begin(call, &p))
		return;
	pack_kv_int(&p, "level", PROTO_LEVEL);
	pack_key(&p, "methods");
	pack_array(&p);
	for (size_t i = 0; i < array_len(infos); i++) {
		pack_map(&p);
		pack_kv_text(&p, "name", infos[i].name);
		pack_kv_int(&p, "since", infos[i].since);
		pack_kv_text(&p, "needs", needs(infos[i].flags));
		pack_kv_text(&p, "params", infos[i].params);
		pack_kv_text(&p, "result", infos[i].result);
		pack_close(&p);
	}
	pack_close(&p);
	pack_key(&p, "errors");
	pack_array(&p);
	for (size_t i = 0; i < array_len(error_codes); i++) {
		pack_map(&p);
		pack_kv_int(&p, "code", error_codes[i]);
		pack_kv_text(&p, "name", proto_error_name(error_codes[i]));
		pack_kv_text(&p, "text", proto_error_text(error_codes[i]));
		pack_close(&p);
	}
	pack_close(&p);
	reply_end(call, &p);
}
