/* Method table, login gate, replies. */
#include "daemon/ipc/dispatch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_TAG "rpc"
#include "common/fair.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/server.h"
#include "proto/limits.h"

static const struct method {
	const char *name;
	rpc_fn fn;
	unsigned flags;
} methods[] = {
#define METHOD(name, handler, since, flags, params, result) { name, handler, flags },
#include "proto/methods.def"
#undef METHOD
};

static const struct method *method_find(const char *name, size_t n)
{
	for (size_t i = 0; i < array_len(methods); i++)
		if (strlen(methods[i].name) == n && !memcmp(methods[i].name, name, n))
			return &methods[i];
	return NULL;
}

/* ---- requests that wait for their reply ---- */

static bool is_outstanding(const struct conn *c, uint32_t id)
{
	for (unsigned i = 0; i < c->noutstanding; i++)
		if (c->outstanding[i] == id)
			return true;
	return false;
}

static void outstanding_add(struct conn *c, uint32_t id)
{
	if (!c->outstanding)
		c->outstanding = mem_new(LIMIT_REQUESTS * sizeof(*c->outstanding));
	c->outstanding[c->noutstanding++] = id;
}

static void outstanding_remove(struct conn *c, uint32_t id)
{
	for (unsigned i = 0; i < c->noutstanding; i++) {
		if (c->outstanding[i] == id) {
			c->outstanding[i] = c->outstanding[--c->noutstanding];
			break;
		}
	}
	if (!c->noutstanding)
		c->outstanding = mem_free(c->outstanding);
}

/* ---- in ---- */

static void stray(struct conn *c)
{
	uint64_t now = uv_now(&c->server->loop);

	if (now - c->stray_since_ms > 60000) {
		c->stray_since_ms = now;
		c->stray = 0;
	}
	if (++c->stray > LIMIT_STRAY)
		conn_close(c, "stray");
}

static bool gate(struct conn *c, struct call *call, const struct method *m)
{
	if (m->flags & EARLY)
		return true;
	if (!c->greeted)
		reply_error(call, PROTO_E_UNAUTHENTICATED, "say hello first");
	else if (m->flags & LOGIN)
		return true;
	else if (!c->logged_in)
		reply_error(call, PROTO_E_UNAUTHENTICATED, NULL);
	else if ((m->flags & ADMIN) && c->account.role != ROLE_ADMIN)
		reply_error(call, PROTO_E_FORBIDDEN, "%s takes an account with the role admin", m->name);
	else
		return true;
	return false;
}

bool dispatch(struct conn *c, const struct msg *m)
{
	struct server *s = c->server;
	struct call call = { .server = s, .conn = c->id, .id = m->id, .account = c->account };
	const struct method *method;
	struct args args;

	if (m->type != MSG_REQUEST) { /* we ask nothing of clients: neither answers nor notifications are due */
		stray(c);
		return false;
	}
	list_remove(&c->link);
	list_push_back(&s->conn_list, &c->link);
	if (is_outstanding(c, m->id)) {
		call.stray = true;
		reply_error(&call, PROTO_E_BAD_REQUEST, "a request with this id is still waiting for its reply");
		return false;
	}
	if (c->noutstanding >= LIMIT_REQUESTS) {
		call.stray = true;
		reply_error(&call, PROTO_E_BUSY, "%u requests are waiting already", c->noutstanding);
		return false;
	}
	outstanding_add(c, m->id);
	method = method_find(m->method, m->method_len);
	if (!method) {
		reply_error(&call, PROTO_E_UNKNOWN_METHOD, "unknown method '%s'", log_text(m->method, min_of(m->method_len, (size_t)LIMIT_METHOD)));
		return false;
	}
	if (!gate(c, &call, method))
		return method->flags & SECRET;
	log_trace("%llu: %s", (unsigned long long)c->id, method->name);
	args = args_of(m);
	method->fn(&call, &args);
	return method->flags & SECRET;
}

/* ---- calls that are answered later ---- */

struct account account_copy(const struct account *a)
{
	struct account copy = *a;

	copy.name = mem_dup(a->name);
	return copy;
}

struct call *call_keep(const struct call *call)
{
	struct call *kept = mem_new(sizeof(*kept));

	*kept = *call;
	kept->account = account_copy(&call->account);
	return kept;
}

void *call_drop(struct call *call)
{
	if (call)
		mem_free(call->account.name);
	return mem_free(call);
}

struct conn *call_conn(const struct call *call)
{
	struct conn *c = idmap_get(&call->server->conns, call->conn);

	return c && !c->closing ? c : NULL;
}

struct call *call_of(struct job *j)
{
	return j->ctx;
}

void call_submit(struct call *call, enum store_lane lane, struct job *j, int (*run)(struct db *, struct job *), void (*done)(struct job *))
{
	j->run = run;
	j->done = done;
	j->ctx = call_keep(call);
	j->account = fair_key(call->account.id);
	if (store_submit(call->server->store, lane, j) == 0)
		return;
	j->r = STORE_E_BUSY; /* done answers the call and frees the job, as after any other failure */
	done(j);
}

/* ---- out ---- */

bool reply_begin(struct call *call, struct pack *p)
{
	struct conn *c = call_conn(call);

	if (!c)
		return false;
	pack_response(p, &c->out, call->id);
	return true;
}

void reply_end(struct call *call, struct pack *p)
{
	struct conn *c = call_conn(call);

	if (!c)
		return;
	if (pack_end(p) == -EMSGSIZE) { /* taken out again: say why instead */
		pack_error_begin(p, &c->out, call->id, PROTO_E_TOO_LARGE, "the reply would pass the limit of a frame; ask for less at once", -1);
		pack_end(p);
	}
	if (!call->stray)
		outstanding_remove(c, call->id);
	conn_wrote(c); /* an out-queue past its cap closes the connection there */
}

void reply_empty(struct call *call)
{
	struct pack p;

	if (reply_begin(call, &p))
		reply_end(call, &p);
}

static void reply_error_map(struct call *call, int code, const char *text, int64_t retry_ms, const struct candidates *candidates)
{
	struct conn *c = call_conn(call);
	struct pack p;

	if (!c)
		return;
	log_debug("%llu: %s: %s", (unsigned long long)c->id, proto_error_name(code), text ? text : proto_error_text(code));
	pack_error_begin(&p, &c->out, call->id, code, text, retry_ms < 0 && code == PROTO_E_BUSY ? 1000 : retry_ms);
	if (candidates && candidates->n) {
		pack_key(&p, "data");
		pack_map(&p);
		pack_key(&p, "candidates");
		pack_array(&p);
		for (size_t i = 0; i < candidates->n; i++) {
			pack_map(&p);
			pack_kv_text(&p, "id", candidates->v[i].id);
			pack_kv_text(&p, "name", candidates->v[i].name);
			pack_close(&p);
		}
	}
	reply_end(call, &p);
}

void reply_error(struct call *call, int code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
	}
	reply_error_map(call, code, fmt ? text : NULL, -1, NULL);
}

void reply_error_retry(struct call *call, int code, int64_t retry_ms, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reply_error_map(call, code, text, retry_ms, NULL);
}

void reply_gone(struct call *call, int64_t first, int64_t last)
{
	struct conn *c = call_conn(call);
	struct pack p;

	if (!c)
		return;
	pack_error_begin(&p, &c->out, call->id, PROTO_E_GONE, "events of that number are not kept any more: go on from data.first", -1);
	pack_key(&p, "data");
	pack_map(&p);
	pack_kv_int(&p, "first", first);
	pack_kv_int(&p, "last", last);
	pack_close(&p);
	reply_end(call, &p);
}

void reply_bad_args(struct call *call, const struct args *a)
{
	reply_error(call, PROTO_E_BAD_PARAMS, "%s", a->why);
}

static int wire_error_of_store(int r)
{
	switch (r) {
	case STORE_E_NOT_FOUND:
		return PROTO_E_NOT_FOUND;
	case STORE_E_AMBIGUOUS:
		return PROTO_E_AMBIGUOUS;
	case STORE_E_SHARED:
		return PROTO_E_FORBIDDEN;
	case STORE_E_CONFLICT:
		return PROTO_E_CONFLICT;
	case STORE_E_BUSY:
	case STORE_E_DEADLINE:
		return PROTO_E_BUSY;
	case STORE_E_FULL:
	case STORE_E_READ_ONLY:
		return PROTO_E_NO_SPACE;
	default:
		return PROTO_E_INTERNAL;
	}
}

void reply_store_error(struct call *call, int r, const char *why, const struct candidates *candidates, const char *what)
{
	char text[256];
	int code = wire_error_of_store(r);

	if (code == PROTO_E_NOT_FOUND && !why) {
		snprintf(text, sizeof(text), "no such %s", what);
		why = text;
	}
	if (code == PROTO_E_INTERNAL)
		log_error("%s: %s (%d)", what, why ? why : "the database failed", r);
	reply_error_map(call, code, why, -1, candidates);
}

int wire_error_of_turn(enum turn_error e)
{
	switch (e) {
	case TURN_ERROR_NONE:
		return PROTO_OK;
	case TURN_ERROR_UPSTREAM:
		return PROTO_E_UPSTREAM_ERROR;
	case TURN_ERROR_UPSTREAM_TIMEOUT:
		return PROTO_E_UPSTREAM_TIMEOUT;
	case TURN_ERROR_UPSTREAM_UNREACHABLE:
		return PROTO_E_UPSTREAM_UNREACHABLE;
	case TURN_ERROR_UPSTREAM_REFUSED:
		return PROTO_E_UPSTREAM_REFUSED;
	case TURN_ERROR_UPSTREAM_BUSY:
		return PROTO_E_UPSTREAM_BUSY;
	case TURN_ERROR_UPSTREAM_TRUNCATED:
		return PROTO_E_UPSTREAM_TRUNCATED;
	case TURN_ERROR_UPSTREAM_PROTOCOL:
		return PROTO_E_UPSTREAM_PROTOCOL;
	case TURN_ERROR_TOO_LARGE:
		return PROTO_E_ANSWER_TOO_LARGE;
	case TURN_ERROR_INTERRUPTED:
		return PROTO_E_INTERRUPTED;
	case TURN_ERROR_STORE:
		return PROTO_E_NO_SPACE;
	case TURN_ERROR_INTERNAL:
		break;
	}
	return PROTO_E_INTERNAL;
}
