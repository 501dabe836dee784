/* The program's words to the bridge: each message becomes a request of the session, or an error. */
#include <errno.h>
#include <string.h>

#include "client/bridge_in.h"
#include "client/json_call.h"
#include "client/json_wire.h"
#include "common/attr.h"
#include "common/mem.h"
#include "common/str.h"
#include "proto/errors.h"
#include "proto/limits.h"

/* ---- cancelling ---- */

void bridge_cancel_turn(struct bridge *b, const char *turn, enum job_kind kind)
{
	pack_kv_text(session_request(b->io.session, kind == JOB_ATTACH ? "detach" : "cancel"), "turn", turn);
	(void)session_send(b->io.session, 0, SESSION_REPEAT);
	if (kind == JOB_ATTACH)
		session_unfollow(b->io.session, turn);
}

static void cancel_waiting(struct bridge *b, struct job *job, uint64_t tag)
{
	if (job->kind == JOB_ASK || job->kind == JOB_ATTACH) {
		job->cancel = true; /* its answer names the turn */
		return;
	}
	session_forget(b->io.session, tag);
	bridge_error(b, job->batch, job->id, RPC_CANCELLED, "cancelled", "the request was cancelled");
	batch_unref(job->batch, &b->io);
	mem_free(job->id);
	mem_free(job->turn);
	*job = (struct job){ 0 };
}

/* By the id of the request, as this program gave it. Unknown ones are ended long ago. */
static void cancel_request(struct bridge *b, const struct call *c)
{
	struct json value;
	struct json_slice raw;

	if (!call_param(c, "id", &value) || !json_raw(&value, &raw))
		return;
	for (size_t i = 0; i < array_len(b->jobs); i++) {
		struct job *job = &b->jobs[i];

		if (job->used && job->id && strlen(job->id) == raw.n && !memcmp(job->id, raw.p, raw.n)) {
			cancel_waiting(b, job, i + 1);
			return;
		}
	}
	for (size_t i = 0; i < array_len(b->ended); i++) {
		struct ended *e = &b->ended[i];

		if (e->id && strlen(e->id) == raw.n && !memcmp(e->id, raw.p, raw.n)) {
			bridge_cancel_turn(b, e->turn, e->kind);
			e->id = mem_free(e->id);
			return;
		}
	}
}

/* ---- a request ---- */

static bool is_ask(const char *method)
{
	return !strcmp(method, "ask") || !strcmp(method, "turn.retry") || !strcmp(method, "turn.edit");
}

static enum job_kind kind_of(const char *method)
{
	if (is_ask(method))
		return JOB_ASK;
	return !strcmp(method, "attach") ? JOB_ATTACH : !strcmp(method, "detach") ? JOB_DETACH : JOB_PLAIN;
}

/* A question has a key in any case: so it may be sent again, and is stored once. */
static void add_key(struct pack *p)
{
	char id[UUID_LEN + 1];

	uuid_v4(id);
	pack_kv_text(p, "key", id);
}

static unsigned flags_of(const struct call *c, enum job_kind kind)
{
	unsigned flags = session_flags_of(c->method, strlen(c->method));

	if (kind == JOB_ASK)
		flags |= SESSION_REPEAT | (call_param_is_true(c, "stream") ? SESSION_STREAM : 0);
	return kind == JOB_ATTACH ? flags | SESSION_STREAM : flags;
}

static struct job *free_job(struct bridge *b)
{
	for (size_t i = 0; i < array_len(b->jobs); i++)
		if (!b->jobs[i].used)
			return &b->jobs[i];
	return NULL;
}

static bool is_waiting(const struct bridge *b, const char *id)
{
	for (size_t i = 0; i < array_len(b->jobs); i++)
		if (b->jobs[i].used && b->jobs[i].id && !strcmp(b->jobs[i].id, id))
			return true;
	return false;
}

/* A notification has no answer, not even an error's. */
static void refuse(struct bridge *b, struct batch *batch, const struct call *c, int code, const char *name,
	const char *message)
{
	if (c->has_id)
		bridge_error(b, batch, c->bad_id ? "null" : c->id, code, name, message);
}

static void send(struct bridge *b, struct batch *batch, const struct call *c)
{
	enum job_kind kind = kind_of(c->method);
	struct job *job = free_job(b);
	struct json ignored;
	struct pack *p;
	const char *why = NULL;
	int r;

	p = session_request(b->io.session, c->method);
	if (json_wire_params(p, c->method, c->params.p, c->params.n, &why)) {
		session_drop(b->io.session);
		refuse(b, batch, c, RPC_PARAMS, "bad_params", why ? why : "params are not valid");
		return;
	}
	if (kind == JOB_ASK && !call_param(c, "key", &ignored))
		add_key(p);
	r = job ? session_send(b->io.session, (uint64_t)(job - b->jobs) + 1, flags_of(c, kind)) : -EBUSY;
	if (r) {
		session_drop(b->io.session);
		if (r == -EMSGSIZE)
			refuse(b, batch, c, PROTO_E_TOO_LARGE, "too_large", "the request is larger than a message may be (1 MiB)");
		else
			refuse(b, batch, c, PROTO_E_BUSY, "busy", "too many requests wait for their answers");
		return;
	}
	*job = (struct job){ .used = true, .kind = kind, .id = c->has_id ? mem_dup(c->id) : NULL };
	if (kind == JOB_DETACH)
		job->turn = call_param_text(c, "turn", LIMIT_NAME);
	if (c->has_id)
		job->batch = batch_ref(batch);
}

static void take_call(void *ctx, struct batch *batch, const char *p, size_t n)
{
	struct bridge *b = ctx;
	struct call c;
	bool object = call_read(&c, p, n);

	if (object && c.answers && !c.has_method)
		return; /* nothing was asked */
	if (!object || call_is_bad(&c)) {
		bridge_error(b, batch, object && *c.id ? c.id : "null", RPC_INVALID, "bad_request",
			"it is no request of JSON-RPC 2.0: {\"jsonrpc\": \"2.0\", \"id\", \"method\", \"params\"}");
		return;
	}
	if (!strcmp(c.method, "$/cancelRequest"))
		cancel_request(b, &c);
	else if (!strncmp(c.method, "$/", 2) && !c.has_id)
		return; /* the base protocol lets them be ignored */
	else if (c.has_id && is_waiting(b, c.id))
		refuse(b, batch, &c, RPC_INVALID, "bad_request", "a request with this id waits for its answer");
	else
		send(b, batch, &c);
}

void bridge_take(void *ctx, const char *message, size_t n)
{
	struct bridge *b = ctx;
	const char *why;
	int code = batch_read(&b->io, message, n, take_call, b, &why);

	if (code)
		bridge_error(b, NULL, "null", code, code == RPC_PARSE ? "parse_error" : "bad_request", why);
}
