/* doc.begin: is it here already, may the account keep it, and where does it go? */
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "daemon/ipc/quota.h"
#include "daemon/ipc/rpc_upload_in.h"
#include "proto/limits.h"

#define UPLOADS_PER_CONN 16

static void reply_begun(struct call *call, const struct upload *u)
{
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_kv_int(&p, "upload", (int64_t)u->id);
	pack_kv_text(&p, "target", u->to_backend ? "backend" : "local");
	reply_end(call, &p);
}

/* A request to begin, while its account's limits are looked at. */
struct beginning {
	struct call *call;
	char *name, *collection, *sha256;
	int64_t size;
};

static void *beginning_free(struct beginning *b)
{
	call_drop(b->call);
	mem_free(b->name);
	mem_free(b->collection);
	mem_free(b->sha256);
	return mem_free(b);
}

static bool may_begin(struct call *call)
{
	struct conn *c = call_conn(call);
	unsigned open = 0;

	if (!c)
		return false;
	list_foreach(it, &c->uploads)
		open++;
	if (open >= UPLOADS_PER_CONN)
		reply_error(call, PROTO_E_BUSY, "%u uploads are open on this connection already", open);
	else if (call->server->chat.stopping)
		reply_error(call, PROTO_E_SHUTTING_DOWN, NULL);
	else
		return true;
	return false;
}

static void begin_upload(const struct beginning *b, uint64_t room)
{
	struct call *call = b->call;
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	struct ask_options none = { 0 };
	struct upload *u = mem_new(sizeof(*u));
	char why[256] = "";
	int r = 0;

	*u = (struct upload){ .server = s, .conn = c->id, .id = ++c->next_upload, .size = b->size, .room = room };
	u->to_backend = chat_retrieval(&s->chat, &none) != RETRIEVAL_LOCAL;
	list_init(&u->link);
	s->uploads++;
	if (u->to_backend && !s->upstream) {
		reply_error(call, PROTO_E_NOT_CONFIGURED, "retrieval = off and no backend: there is nowhere to put a document");
		upload_free(u);
	} else if (u->to_backend) {
		u->room = QUOTA_NONE; /* nothing of it is kept here */
		upload_to_backend(u, fair_key(call->account.id), b->name);
		list_push_back(&c->uploads, &u->link);
		reply_begun(call, u);
	} else if ((r = ingest_begin(s->library, &call->account, b->name, b->collection, b->size, &u->ingest, why)) != 0) {
		reply_error(call, upload_wire_error(r), "%s", why);
		upload_free(u);
	} else {
		list_push_back(&c->uploads, &u->link);
		reply_begun(call, u);
	}
}

static void on_may_keep(void *ctx, bool ok, uint64_t room)
{
	struct beginning *b = ctx;

	if (ok && may_begin(b->call))
		begin_upload(b, room);
	beginning_free(b);
}

static void look_at_quota(struct beginning *b)
{
	quota_check(b->call, b->size > 0 ? (uint64_t)b->size : 0, true, on_may_keep, b);
}

static void reply_unchanged(struct call *call, const struct document_row *d)
{
	char message[640];
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	(void)snprintf(message, sizeof(message), "unchanged %.400s: %lld passage%s", d->name, (long long)d->passages,
		d->passages == 1 ? "" : "s");
	pack_kv_text(&p, "target", "local");
	pack_kv_text(&p, "message", message);
	pack_key(&p, "document");
	pack_document(&p, d);
	pack_kv_text(&p, "change", "unchanged");
	reply_end(call, &p);
}

static void on_same(struct job *j)
{
	struct op_document_same *op = container_of(j, struct op_document_same, job);
	struct beginning *b = j->ctx;

	if (j->r == 0 && op->found) {
		reply_unchanged(b->call, &op->doc);
		beginning_free(b);
	} else {
		look_at_quota(b); /* a lookup that failed costs no more than the upload */
	}
	op_document_same_free(op);
}

/* The client has said what bytes it would send: are they here? */
static void look_for_same(struct beginning *b)
{
	struct op_document_same *op = op_document_same_new();
	const char *name = b->name;

	while (!strncmp(name, "./", 2))
		name += 2;
	op->account = account_copy(&b->call->account);
	op->name = mem_dup(name);
	op->collection = mem_dup(b->collection ? b->collection : "default");
	op->sha256 = mem_dup(b->sha256);
	op->original = b->call->server->config->keep_originals; /* it is sent again to be kept */
	op->job.done = on_same;
	op->job.ctx = b;
	if (store_submit(b->call->server->store, STORE_KEYED, &op->job) == 0)
		return;
	op_document_same_free(op);
	look_at_quota(b);
}

void rpc_doc_begin(struct call *call, struct args *a)
{
	struct arg_str name = args_str(a, "name", ARG_NEEDED, 1, 4096);
	struct arg_str collection = args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct arg_str sha256 = args_str(a, "sha256", ARG_OPTIONAL, SHA256_HEX, SHA256_HEX);
	int64_t size = args_int(a, "size", 0, INT64_MAX, -1);
	struct ask_options none = { 0 };
	struct beginning *b;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	if (!may_begin(call))
		return;
	b = mem_new(sizeof(*b));
	*b = (struct beginning){ call_keep(call), args_dup(name), args_dup(collection), args_dup(sha256), size };
	if (b->sha256 && chat_retrieval(&call->server->chat, &none) == RETRIEVAL_LOCAL)
		look_for_same(b);
	else
		look_at_quota(b);
}
