/*
 * doc.original: a document's file as it came, a piece at a time. Nothing is kept between two pieces: a
 * piece is opened, read and closed on libuv's pool, so that a slow disk holds up nobody and a client
 * that stops half-way leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/attr.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

struct piece {
	uv_work_t work;
	struct call *call;
	struct op_document_original *op;
	int64_t off, limit;
	void *data;  /* read ... */
	ssize_t n;   /* ... or -errno */
	bool other;  /* it has not the size that it came with */
};

static void *piece_free(struct piece *k)
{
	call_drop(k->call);
	op_document_original_free(k->op);
	mem_free(k->data);
	return mem_free(k);
}

/* On the pool. */
static void read_piece(uv_work_t *work)
{
	struct piece *k = work->data;
	int fd = open(k->op->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		k->n = -errno;
	} else if (!S_ISREG(st.st_mode) || st.st_size != k->op->doc.bytes) {
		k->other = true;
	} else {
		k->data = mem_new((size_t)k->limit);
		do
			k->n = pread(fd, k->data, (size_t)k->limit, (off_t)k->off);
		while (k->n < 0 && errno == EINTR);
		k->n = k->n < 0 ? -errno : k->n;
		k->other = k->n == 0 && k->off < k->op->doc.bytes;
	}
	fd_close(fd);
}

static void reply_piece(struct piece *k)
{
	const struct document_row *d = &k->op->doc;
	struct pack p;

	if (!reply_begin(k->call, &p))
		return;
	pack_kv_text(&p, "document", d->id);
	pack_kv_text(&p, "name", d->name);
	pack_kv_text(&p, "sha256", d->sha256);
	pack_kv_int(&p, "size", d->bytes);
	pack_kv_int(&p, "off", k->off);
	pack_key(&p, "data");
	pack_bin(&p, k->data, (size_t)k->n);
	pack_kv_bool(&p, "eof", k->off + k->n >= d->bytes);
	reply_end(k->call, &p);
}

static void reply_not_kept(struct piece *k)
{
	const char *name = log_text(k->op->doc.name, min_of(strlen(k->op->doc.name), (size_t)LIMIT_NAME));

	if (!k->call->server->config->keep_originals)
		reply_error(k->call, PROTO_E_NOT_CONFIGURED,
			"the original of '%s' is not kept: with keep_originals = yes those are that are uploaded from then on", name);
	else
		reply_error(k->call, PROTO_E_NOT_FOUND,
			"the original of '%s' is not kept, it came before keep_originals = yes: upload it again", name);
}

static void on_piece(uv_work_t *work, int status)
{
	struct piece *k = work->data;

	if (status != 0)
		reply_error(k->call, PROTO_E_SHUTTING_DOWN, NULL);
	else if (k->n == -ENOENT)
		reply_not_kept(k);
	else if (k->other)
		reply_error(k->call, PROTO_E_BAD_DATA, "the original of '%s' is damaged: it has not the size that it came with", k->op->doc.name);
	else if (k->n < 0)
		reply_error(k->call, PROTO_E_INTERNAL, "the original cannot be read: %s", strerror((int)-k->n));
	else
		reply_piece(k);
	piece_free(k);
}

static void on_found(struct job *j)
{
	struct op_document_original *op = container_of(j, struct op_document_original, job);
	struct piece *k = j->ctx;
	struct server *s = k->call->server;

	k->op = op;
	if (j->r != 0)
		reply_store_error(k->call, j->r, j->why, &op->candidates, "document");
	else if (!op->doc.original)
		reply_not_kept(k);
	else if (k->off > op->doc.bytes)
		reply_error(k->call, PROTO_E_BAD_PARAMS, "'off' is past the end");
	else if (uv_queue_work(&s->loop, &k->work, read_piece, on_piece) == 0)
		return;
	else
		reply_error(k->call, PROTO_E_BUSY, NULL);
	piece_free(k);
}

void rpc_doc_original(struct call *call, struct args *a)
{
	struct arg_str ref = args_str(a, "document", ARG_NEEDED, 1, 4096);
	struct arg_str collection = args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME);
	int64_t off = args_int(a, "off", 0, INT64_MAX, 0);
	int64_t limit = args_int(a, "limit", 1, LIMIT_CHUNK, LIMIT_CHUNK);
	struct op_document_original *op;
	struct piece *k;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	k = mem_new(sizeof(*k));
	*k = (struct piece){ .call = call_keep(call), .off = off, .limit = limit };
	k->work.data = k;
	op = op_document_original_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	op->collection = args_dup(collection);
	op->job.done = on_found;
	op->job.ctx = k;
	op->job.account = fair_key(call->account.id);
	if (store_submit(call->server->store, STORE_KEYED, &op->job) == 0)
		return;
	op->job.r = STORE_E_BUSY;
	on_found(&op->job);
}
