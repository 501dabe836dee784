/* doc.chunk, doc.commit, doc.abort: a document on its way, into the library or to the backend. */
#include <string.h>

#include "common/mem.h"
#include "daemon/ipc/rpc_upload_in.h"
#include "daemon/ipc/upload.h"
#include "proto/limits.h"

#define PROGRESS_MS 200 /* between two notifications of one upload */

void upload_free(struct upload *u)
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

int upload_wire_error(int r)
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

static void reply_off(struct call *call, const struct upload *u)
{
	struct pack p;

	if (!reply_begin(call, &p))
		return;
	pack_kv_int(&p, "off", (int64_t)u->off);
	reply_end(call, &p);
}

/* ---- to the backend ---- */

static void answer_waiting(struct upload *u)
{
	struct call *call = u->waiting;

	u->waiting = NULL;
	if (call)
		reply_off(call, u);
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

void upload_to_backend(struct upload *u, uint64_t account, const char *name)
{
	static const struct upload_events events = { .on_want = on_want, .on_end = on_sent };

	u->transfer = upstream_upload(u->server->upstream, account, name, u->size, &events, u);
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
	reply_error(call, upload_wire_error(r), "%s", why);
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

/* What of it the library has not: people look for it there. */
static void add_missed(char *message, size_t size, const struct ingest_end *end)
{
	size_t n = strlen(message);

	if (end->missed > 1)
		(void)snprintf(message + n, size - n, " (%u within it not read, the first: %s)", end->missed, end->missed_why);
	else if (end->missed)
		(void)snprintf(message + n, size - n, " (within it not read: %s)", end->missed_why);
}

static void on_ingested(uint64_t owner, void *ctx, const struct ingest_end *end)
{
	struct upload *u = ctx;
	struct call *call = u->waiting;
	const struct document_row *d = end->doc;
	const char *change = end->same ? "same" : end->unchanged ? "unchanged" : end->replaced ? "replaced" : "added";
	char message[960], pages[32] = "";
	struct pack p;

	(void)owner;
	u->waiting = NULL;
	if (end->r != 0) {
		reply_error(call, upload_wire_error(end->r), "%s", end->why ? end->why : "the document could not be taken");
	} else if (reply_begin(call, &p)) {
		if (end->pages > 1)
			snprintf(pages, sizeof(pages), "%d pages, ", end->pages);
		if (end->same)
			snprintf(message, sizeof(message), "%s %.250s: the same bytes as %.250s, indexed once",
				end->replaced ? "replaced" : "added", d->name, d->same);
		else if (d->same)
			snprintf(message, sizeof(message), "%s %.250s: the bytes of %.250s", change, d->name, d->same);
		else
			snprintf(message, sizeof(message), "%s %.400s: %s%lld passage%s", change, d->name, pages,
				(long long)d->passages, d->passages == 1 ? "" : "s");
		add_missed(message, sizeof(message), end);
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
