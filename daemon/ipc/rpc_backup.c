/* backup: a copy of a file of the store, to be fetched as a blob. */
#include "common/mem.h"
#include "daemon/ipc/blob.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "daemon/store/snapshot.h"
#include "proto/limits.h"

static void on_snapshot(struct snapshot *shot)
{
	struct call *call = shot->ctx;
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	struct pack p;

	s->backing_up = false;
	if (shot->r != 0) {
		reply_store_error(call, shot->r, shot->why, NULL, "backup");
	} else if (c && reply_begin(call, &p)) {
		pack_kv_int(&p, "blob", (int64_t)blob_add_file(c, shot->fd, (uint64_t)shot->size));
		pack_kv_int(&p, "size", shot->size);
		reply_end(call, &p);
		shot->fd = -1; /* the blob's now */
	}
	call_drop(call);
	snapshot_free(shot);
}

void rpc_backup(struct call *call, struct args *a)
{
	bool documents = args_bool(a, "documents", false);
	struct server *s = call->server;
	struct conn *c = call_conn(call);
	struct call *kept;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	/* All that everybody has is in it. */
	if (s->config->mode == MODE_SYSTEM && c && c->peer.uid != 0) {
		reply_error(call, PROTO_E_FORBIDDEN, "a backup of the machine's daemon is root's alone; `ragchat export --all` writes what is yours");
		return;
	}
	if (s->backing_up) {
		reply_error(call, PROTO_E_BUSY, "a backup is being made already");
		return;
	}
	kept = call_keep(call);
	s->backing_up = snapshot_begin(s->store, &s->loop, documents, on_snapshot, kept) != NULL;
	if (s->backing_up)
		return;
	reply_error(call, PROTO_E_NO_SPACE, "no file for the copy can be made beside the database");
	call_drop(kept);
}
