/* collection.* and doc.reindex: documents by the collection. */
#include <string.h>

#include "common/mem.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

/* The work itself goes on behind the reply; status tells how far it is. */
static void on_reindex(struct job *j)
{
	struct op_reindex *op = container_of(j, struct op_reindex, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, &op->candidates, op->nrefs ? "document" : "collection");
	} else {
		library_rebuild(call->server->library);
		if (reply_begin(call, &p)) {
			pack_kv_int(&p, "collections", op->collections);
			pack_kv_int(&p, "documents", op->documents);
			pack_kv_int(&p, "passages", op->passages);
			reply_end(call, &p);
		}
	}
	call_drop(call);
	op_reindex_free(op);
}

/* False: too many, or something that is no text. */
static bool take_documents(struct op_reindex *op, struct val v)
{
	size_t n = val_present(v) ? val_count(v) : 0;

	if (n > LIMIT_PAGE || (val_present(v) && !n)) /* nothing chosen is not everything */
		return false;
	op->refs = mem_new((n + 1) * sizeof(*op->refs));
	for (size_t i = 0; i < n; i++) {
		const char *s;
		size_t len;

		if (!val_str(val_at(v, i), &s, &len) || !len || memchr(s, '\0', len))
			return false;
		op->refs[op->nrefs++] = mem_ndup(s, len);
	}
	return true;
}

void rpc_doc_reindex(struct call *call, struct args *a)
{
	struct arg_str collection = args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct val documents = args_val(a, "documents", VAL_ARRAY);
	struct op_reindex *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_reindex_new();
	if (!take_documents(op, documents)) {
		reply_error(call, PROTO_E_BAD_PARAMS, "documents are 1 to %d REFs", LIMIT_PAGE);
		op_reindex_free(op);
		return;
	}
	op->account = account_copy(&call->account);
	op->collection = args_dup(collection);
	call_submit(call, STORE_LIBRARY, &op->job, op_reindex_run, on_reindex);
}

static void on_collection_removed(struct job *j)
{
	struct op_collection_remove *op = container_of(j, struct op_collection_remove, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r == 0 && op->more && store_submit(call->server->store, STORE_LIBRARY, j) == 0)
		return; /* others have their turn in between */
	if (j->r == 0 && op->more)
		j->r = STORE_E_BUSY;
	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "collection");
	} else if (reply_begin(call, &p)) {
		pack_kv_text(&p, "collection", op->collection);
		pack_kv_int(&p, "documents", op->removed);
		reply_end(call, &p);
	}
	call_drop(call);
	op_collection_remove_free(op);
}

void rpc_collection_remove(struct call *call, struct args *a)
{
	struct arg_str collection = args_str(a, "collection", ARG_NEEDED, 1, LIMIT_NAME);
	struct op_collection_remove *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_collection_remove_new();
	op->account = account_copy(&call->account);
	op->collection = args_dup(collection);
	call_submit(call, STORE_LIBRARY, &op->job, op_collection_remove_run, on_collection_removed);
}

static void on_collections(struct job *j)
{
	struct op_collection_list *op = container_of(j, struct op_collection_list, job);
	struct call *call = call_of(j);
	struct pack p;

	if (j->r != 0) {
		reply_store_error(call, j->r, j->why, NULL, "collection");
	} else if (reply_begin(call, &p)) {
		pack_key(&p, "collections");
		pack_array(&p);
		for (size_t i = 0; i < op->n; i++) {
			pack_map(&p);
			pack_kv_text(&p, "name", op->rows[i].name);
			pack_kv_int(&p, "documents", op->rows[i].documents);
			pack_kv_int(&p, "passages", op->rows[i].passages);
			pack_kv_int(&p, "bytes", op->rows[i].bytes);
			pack_close(&p);
		}
		pack_close(&p);
		reply_end(call, &p);
	}
	call_drop(call);
	op_collection_list_free(op);
}

void rpc_collection_list(struct call *call, struct args *a)
{
	struct op_collection_list *op = op_collection_list_new();

	(void)a;
	op->account = account_copy(&call->account);
	call_submit(call, STORE_KEYED, &op->job, op_collection_list_run, on_collections);
}
