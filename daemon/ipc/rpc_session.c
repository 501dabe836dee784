/* hello, ping, api.info: who talks, and what can be said. */
#include <unistd.h>

#define LOG_TAG "rpc"
#include "common/attr.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
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

static void log_in(struct conn *c)
{
	if (!c->greeted)
		c->server->ungreeted--;
	c->greeted = true;
	if (c->logged_in)
		return;
	c->logged_in = true;
	c->account = account_copy(&c->server->account);
}

void rpc_hello(struct call *call, struct args *a)
{
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	int64_t range[2] = { 0, 0 };
	bool common = version_in_common(a, range);
	struct arg_str client = args_str(a, "client", ARG_OPTIONAL, 0, LIMIT_NAME);
	struct pack p;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	if (!common) {
		reply_no_version(call);
		return;
	}
	if (!c->allowed) {
		log_warn("%llu: uid %u is refused", (unsigned long long)c->id, (unsigned)c->peer.uid);
		reply_error(call, PROTO_E_FORBIDDEN, c->peer.uid == 0 ? "this daemon is another user's; root may use it with allow_root = yes"
								     : "this daemon is another user's");
		return;
	}
	log_in(c);
	log_debug("%llu: hello from %s", (unsigned long long)c->id, client.s ? log_text(client.s, client.n) : "a client");
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
	pack_kv_text(&p, "account", c->account.name);
	pack_key(&p, "auth");
	pack_map(&p);
	pack_kv_text(&p, "state", "ok");
	pack_key(&p, "methods");
	pack_array(&p);
	pack_close(&p);
	pack_close(&p);
	reply_end(call, &p);
}

void rpc_ping(struct call *call, struct args *a)
{
	(void)a;
	reply_empty(call);
}

static const struct method_info {
	const char *name, *params, *result;
	int since;
} infos[] = {
#define METHOD(name, handler, since, flags, params, result) { name, params, result, since },
#include "proto/methods.def"
#undef METHOD
};

static const int error_codes[] = {
#define ERROR(code, id, name, exit_status, text) code,
#include "proto/errors.def"
#undef ERROR
};

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
