/* One bit after another, each submitted when the one before is done. */
#define LOG_TAG "auth"
#include "daemon/ipc/purge.h"

#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "daemon/server.h"
#include "daemon/store/accounts.h"
#include "daemon/store/documents.h"

static void next(struct server *s);

static void stop(struct server *s, const char *why)
{
	s->purging = false;
	if (why)
		log_warn("what a removed account owned is not all gone: %s", why);
	library_changed(s->library, NULL, true);
}

static void on_slice(struct job *j)
{
	struct op_account_purge *op = container_of(j, struct op_account_purge, job);
	struct server *s = j->ctx;

	if (j->r != 0)
		stop(s, j->why ? j->why : "the database failed");
	else if (op->more)
		next(s);
	else
		stop(s, NULL);
	op_account_purge_free(op);
}

static void on_removed(struct job *j)
{
	struct op_document_remove *op = container_of(j, struct op_document_remove, job);
	struct server *s = j->ctx;

	if (j->r != 0 && j->r != STORE_E_NOT_FOUND)
		stop(s, j->why ? j->why : "a document stays");
	else
		next(s);
	op_document_remove_free(op);
}

static void on_documents(struct job *j)
{
	struct op_document_list *op = container_of(j, struct op_document_list, job);
	struct server *s = j->ctx;

	if (j->r == 0 && op->n) {
		struct op_document_remove *rm = op_document_remove_new();

		memcpy(rm->account.id, op->account.id, sizeof(rm->account.id));
		rm->ref = mem_dup(op->rows[0].id);
		rm->job.done = on_removed;
		rm->job.ctx = s;
		if (store_submit(s->store, STORE_LIBRARY, &rm->job) != 0) {
			op_document_remove_free(rm);
			stop(s, "busy");
		}
	} else {
		struct op_account_purge *slice = op_account_purge_new();

		slice->job.done = on_slice;
		slice->job.ctx = s;
		if (store_submit(s->store, STORE_WRITER, &slice->job) != 0) {
			op_account_purge_free(slice);
			stop(s, "busy");
		}
	}
	op_document_list_free(op);
}

/* Whose turn it is: found by a look that changes nothing. */
static void on_found(struct job *j)
{
	struct op_account_purge *op = container_of(j, struct op_account_purge, job);
	struct server *s = j->ctx;

	if (j->r == 0 && op->account[0]) {
		struct op_document_list *docs = op_document_list_new();

		memcpy(docs->account.id, op->account, sizeof(docs->account.id));
		docs->limit = 1;
		docs->job.done = on_documents;
		docs->job.ctx = s;
		if (store_submit(s->store, STORE_KEYED, &docs->job) != 0) {
			op_document_list_free(docs);
			stop(s, "busy");
		}
	} else {
		stop(s, j->r ? "the database failed" : NULL);
	}
	op_account_purge_free(op);
}

static void next(struct server *s)
{
	struct op_account_purge *op;

	if (s->stage != SERVER_RUNNING) {
		stop(s, NULL);
		return;
	}
	op = op_account_purge_new();
	op->look = true;
	op->job.done = on_found;
	op->job.ctx = s;
	if (store_submit(s->store, STORE_KEYED, &op->job) != 0) {
		op_account_purge_free(op);
		stop(s, "busy");
	}
}

void purge_begin(struct server *s)
{
	if (s->purging)
		return;
	s->purging = true;
	next(s);
}
