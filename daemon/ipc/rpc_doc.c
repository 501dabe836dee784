/* doc.*: documents coming in, listed, removed. */
#include <string.h>

#define LOG_TAG "doc"
#include "common/log.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "common/attr.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/ipc/quota.h"
#include "daemon/ipc/upload.h"
#include "daemon/server.h"
#include "proto/limits.h"

#define UPLOADS_PER_CONN 16
#define PROGRESS_MS 200 /* between two notifications of one upload */

/*
 * One document on its way. It belongs to its connection until doc.commit; from then on it ends by
 * itself, so that a client that leaves after commit has lost nothing.
 */
struct upload {
	struct list link;           /* conn->uploads, none after commit */
	struct server *server;
	uint64_t conn, id;
	uint64_t off, room;         /* bytes taken; that the account may keep */
	int64_t size;               /* announced, < 0 unknown */
	struct ingest *ingest;      /* into the library ... */
	uint64_t transfer;          /* ... or to the backend */
	bool to_backend, ended;     /* ended: the backend has answered, before or after the commit */
	struct call *waiting;       /* a chunk or the commit that is answered later */
	bool committing;
	uint64_t told_ms;           /* the latest notification of its progress */
	char *error;                /* what the backend answered: an error ... */
	int error_code;
	char *message, *stats;      /* ... or its word and figures */
};

static void upload_free(struct upload *u)
{
	list_remove(&u->link);
	u->server->uploads--;
	call_drop(u->waiting);
	ingest_abort(u->ingest);
	mem_free(u->error);
	mem_free(u->message);
	mem_free(u->stats);
	mem_free(u);
}

/* A transfer still running keeps its upload until on_end. */
static void upload_drop(struct upload *u)
{
	if (u->to_backend && u->transfer) {
		list_remove(&u->link);
		u->conn = 0;
		upstream_cancel(u->server->upstream, u->transfer);
	} else {
		upload_free(u);
	}
}

void uploads_abort(struct conn *c)
{
	list_foreach_safe(it, &c->uploads)
		upload_drop(list_entry(it, struct upload, link));
}

static struct upload *upload_find(struct call *call, int64_t id)
{
	struct conn *c = call_conn(call);

	if (!c)
		return NULL;
	list_foreach(it, &c->uploads) {
		struct upload *u = list_entry(it, struct upload, link);

		if (u->id == (uint64_t)id)
			return u;
	}
	reply_error(call, PROTO_E_NOT_FOUND, "no such upload on this connection");
	return NULL;
}

static int wire_error_of_library(int r)
{
	switch (r) {
	case LIBRARY_E_TYPE:
		return PROTO_E_UNSUPPORTED_TYPE;
	case LIBRARY_E_TEXT:
	case LIBRARY_E_EMPTY:
		return PROTO_E_BAD_DATA;
	case LIBRARY_E_TOO_LARGE:
		return PROTO_E_TOO_LARGE;
	case LIBRARY_E_NAME:
		return PROTO_E_BAD_PARAMS;
	case LIBRARY_E_BUSY:
		return PROTO_E_BUSY;
	case LIBRARY_E_STORE:
		return PROTO_E_NO_SPACE;
	}
	return PROTO_E_INTERNAL;
}

/* ---- to the backend ---- */

static void answer_waiting(struct upload *u)
{
	struct call *call = u->waiting;
	struct pack p;

	u->waiting = NULL;
	if (call && reply_begin(call, &p)) {
		pack_kv_int(&p, "off", (int64_t)u->off);
		reply_end(call, &p);
	}
	call_drop(call);
}

static void on_want(void *ctx)
{
	struct upload *u = ctx;

	if (!u->committing)
		answer_waiting(u);
}

static void reply_sent(struct call *call, const struct upload *u)
{
	struct pack p;

	if (u->error) {
		reply_error(call, u->error_code, "%s", u->error);
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "message", u->message);
		if (u->stats) {
			pack_key(&p, "stats");
			pack_json(&p, u->stats, strlen(u->stats));
		}
		reply_end(call, &p);
	}
}

/*
 * A backend that was told the size may answer before the commit has come, one that refuses long before
 * the last byte: its word waits for the request that asks for it.
 */
static void on_sent(void *ctx, const struct upstream_end *end, const char *message, const char *stats)
{
	struct upload *u = ctx;
	struct call *call = u->waiting;

	u->transfer = 0;
	u->ended = true;
	if (end->result == UPSTREAM_OK) {
		u->message = mem_dup(message ? message : "the backend took the file");
		u->stats = mem_dup(stats);
	} else {
		u->error_code = end->result == UPSTREAM_E_CANCELLED ? PROTO_E_CANCELLED : wire_error_of_turn(upstream_turn_error(end->result));
		u->error = mem_dup(end->text ? end->text : "the backend did not take it");
	}
	if (!u->conn) { /* the client went before the commit */
		upload_free(u);
	} else if (u->committing || (call && u->error)) {
		u->waiting = NULL;
		reply_sent(call, u);
		call_drop(call);
		upload_free(u);
	} else {
		answer_waiting(u);
	}
}

static const struct upload_events upload_events = { .on_want = on_want, .on_end = on_sent };

/* ---- begin ---- */

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
		u->transfer = upstream_upload(s->upstream, fair_key(call->account.id), b->name, b->size, &upload_events, u);
		list_push_back(&c->uploads, &u->link);
		reply_begun(call, u);
	} else if ((r = ingest_begin(s->library, &call->account, b->name, b->collection, b->size, &u->ingest, why)) != 0) {
		reply_error(call, wire_error_of_library(r), "%s", why);
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

/* ---- chunk ---- */

/* An upload that the backend has answered already: an error ends it with any request, success with the commit. */
static bool told_end(struct call *call, struct upload *u, bool commit)
{
	if (!u->ended || (!commit && !u->error))
		return false;
	reply_sent(call, u);
	upload_free(u);
	return true;
}

static void reply_off(struct call *call, const struct upload *u)
{
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_kv_int(&p, "off", (int64_t)u->off);
	reply_end(call, &p);
}

void rpc_doc_chunk(struct call *call, struct args *a)
{
	int64_t id = args_int_needed(a, "upload", 1, INT64_MAX);
	int64_t off = args_int_needed(a, "off", 0, INT64_MAX);
	char why[256] = "";
	const void *data;
	struct upload *u;
	size_t n;
	int r;

	if (!args_bin(a, "data", LIMIT_CHUNK, &data, &n) || !args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	u = upload_find(call, id);
	if (!u || told_end(call, u, false))
		return;
	if ((uint64_t)off != u->off || u->waiting) {
		reply_error(call, PROTO_E_BAD_PARAMS, u->waiting ? "the chunk before is not answered yet" : "off must be the bytes sent so far, %llu",
			(unsigned long long)u->off);
		return;
	}
	if (u->size >= 0 && u->off + n > (uint64_t)u->size) {
		reply_error(call, PROTO_E_BAD_PARAMS, "more bytes than the size that was announced, %lld", (long long)u->size);
		upload_drop(u);
		return;
	}
	if (u->off + n > u->room) { /* its size was not said before */
		reply_error(call, PROTO_E_NO_SPACE, "your account may keep %llu bytes more (max_stored): remove what is not needed, then try again",
			(unsigned long long)u->room);
		upload_drop(u);
		return;
	}
	u->off += n;
	if (u->to_backend) {
		if (u->ended || upstream_upload_feed(u->server->upstream, u->transfer, data, n))
			reply_off(call, u);
		else
			u->waiting = call_keep(call);
		return;
	}
	r = ingest_feed(u->ingest, data, n, why);
	if (r == 0) {
		reply_off(call, u);
		return;
	}
	reply_error(call, wire_error_of_library(r), "%s", why);
	upload_free(u);
}

/* ---- commit ---- */

static void on_progress(void *ctx, int pages, bool indexing)
{
	struct upload *u = ctx;
	uint64_t now = uv_now(&u->server->loop);
	struct conn *c = u->waiting ? call_conn(u->waiting) : NULL;
	struct pack p;

	if (!c || !conn_has_room(c) || (!indexing && now - u->told_ms < PROGRESS_MS))
		return;
	u->told_ms = now;
	pack_notification(&p, &c->out, "upload");
	pack_kv_int(&p, "upload", (int64_t)u->id);
	pack_kv_text(&p, "kind", indexing ? "indexing" : "reading");
	pack_kv_int(&p, "pages", pages);
	if (pack_end(&p) == 0)
		conn_wrote(c);
}

static void on_ingested(uint64_t owner, void *ctx, const struct ingest_end *end)
{
	struct upload *u = ctx;
	struct call *call = u->waiting;
	const struct document_row *d = end->doc;
	const char *change = end->same ? "same" : end->unchanged ? "unchanged" : end->replaced ? "replaced" : "added";
	char message[640], pages[32] = "";
	struct pack p;

	(void)owner;
	u->waiting = NULL;
	if (end->r != 0) {
		reply_error(call, wire_error_of_library(end->r), "%s", end->why ? end->why : "the document could not be taken");
	} else if (reply_begin(call, &p)) {
		if (end->pages > 1)
			snprintf(pages, sizeof(pages), "%d pages, ", end->pages);
		if (end->same)
			snprintf(message, sizeof(message), "added %.250s: the same bytes as %.250s, indexed once", d->name, d->same);
		else if (d->same)
			snprintf(message, sizeof(message), "%s %.250s: the bytes of %.250s", change, d->name, d->same);
		else
			snprintf(message, sizeof(message), "%s %.400s: %s%lld passage%s", change, d->name, pages,
				(long long)d->passages, d->passages == 1 ? "" : "s");
		pack_kv_text(&p, "message", message);
		pack_key(&p, "document");
		pack_document(&p, d);
		pack_kv_text(&p, "change", change);
		reply_end(call, &p);
	}
	call_drop(call);
	upload_free(u);
}

void rpc_doc_commit(struct call *call, struct args *a)
{
	int64_t id = args_int_needed(a, "upload", 1, INT64_MAX);
	bool progress = args_bool(a, "progress", false);
	struct ingest *ingest;
	struct upload *u;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	u = upload_find(call, id);
	if (!u || told_end(call, u, true))
		return;
	if (u->waiting || (u->size >= 0 && u->off != (uint64_t)u->size)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "%llu bytes came, %lld were announced", (unsigned long long)u->off, (long long)u->size);
		upload_drop(u);
		return;
	}
	u->waiting = call_keep(call);
	u->committing = true;
	if (u->to_backend) {
		upstream_upload_finish(u->server->upstream, u->transfer);
		return;
	}
	list_remove(&u->link); /* whatever becomes of the client, the document goes in */
	ingest = u->ingest;
	u->ingest = NULL;
	u->told_ms = uv_now(&u->server->loop);
	if (progress)
		ingest_watch(ingest, on_progress);
	ingest_commit(ingest, on_ingested, u->id, u);
}

void rpc_doc_abort(struct call *call, struct args *a)
{
	int64_t id = args_int_needed(a, "upload", 1, INT64_MAX);
	struct upload *u;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	u = upload_find(call, id);
	if (!u)
		return;
	upload_drop(u);
	reply_empty(call);
}

/* ---- what is there ---- */

static void on_documents(struct job *j)
{
	struct op_document_list *op = container_of(j, struct op_document_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "document");
	} else if (op->ref && !op->n) {
		reply_store_error(call, STORE_E_NOT_FOUND, NULL, NULL, "document");
	} else if (reply_begin(call, &p)) {
		if (op->ref) {
			pack_key(&p, "document");
			pack_document(&p, &op->rows[0]);
		} else {
			pack_key(&p, "documents");
			pack_array(&p);
			for (size_t i = 0; i < op->n; i++)
				pack_document(&p, &op->rows[i]);
			pack_close(&p);
			pack_kv_text_opt(&p, "next", op->next);
		}
		reply_end(call, &p);
	}
	call_drop(call);
	op_document_list_free(op);
}

static void list_documents(struct call *call, struct args *a, bool one)
{
	struct arg_str ref = { 0 }, collection = { 0 }, before = { 0 };
	int64_t limit = 2;
	struct op_document_list *op;

	if (one) {
		ref = args_str(a, "document", ARG_NEEDED, 1, 4096);
	} else {
		collection = args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME);
		before = args_str(a, "before", ARG_OPTIONAL, 1, 8192);
		limit = args_int(a, "limit", 1, LIMIT_PAGE, 100);
	}
	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_document_list_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	op->collection = args_dup(collection);
	op->before = args_dup(before);
	op->limit = (int)limit;
	call_submit(call, STORE_KEYED, &op->job, op_document_list_run, on_documents);
}

void rpc_doc_list(struct call *call, struct args *a)
{
	list_documents(call, a, false);
}

void rpc_doc_get(struct call *call, struct args *a)
{
	list_documents(call, a, true);
}

static void on_removed(struct job *j)
{
	struct op_document_remove *op = container_of(j, struct op_document_remove, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, "document");
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "document", op->doc.id);
		pack_kv_text(&p, "name", op->doc.name);
		reply_end(call, &p);
	}
	if (j->r == 0)
		library_changed(call->server->library, call->account.id, true);
	call_drop(call);
	op_document_remove_free(op);
}

void rpc_doc_remove(struct call *call, struct args *a)
{
	struct arg_str ref = args_str(a, "document", ARG_NEEDED, 1, 4096);
	struct op_document_remove *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_document_remove_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	call_submit(call, STORE_LIBRARY, &op->job, op_document_remove_run, on_removed);
}
