/* doc.list, doc.get, doc.remove: the documents that are there. */
#include "common/attr.h"
#include "daemon/ipc/dispatch.h"
#include "daemon/server.h"
#include "proto/limits.h"

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
			if (op->damaged)
				pack_kv_int(&p, "damaged", op->damaged);
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

	collection = args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME);
	if (one) {
		ref = args_str(a, "document", ARG_NEEDED, 1, 4096);
	} else {
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
	if (j->r == STORE_E_CORRUPT)
		library_look(call->server->library);
	if (j->r == 0)
		library_changed(call->server->library, call->account.id, true);
	call_drop(call);
	op_document_remove_free(op);
}

void rpc_doc_remove(struct call *call, struct args *a)
{
	struct arg_str ref = args_str(a, "document", ARG_NEEDED, 1, 4096);
	struct arg_str collection = args_str(a, "collection", ARG_OPTIONAL, 1, LIMIT_NAME);
	struct op_document_remove *op;

	if (!args_ok(a)) {
		reply_bad_args(call, a);
		return;
	}
	op = op_document_remove_new();
	op->account = account_copy(&call->account);
	op->ref = args_dup(ref);
	op->collection = args_dup(collection);
	call_submit(call, STORE_LIBRARY, &op->job, op_document_remove_run, on_removed);
}
