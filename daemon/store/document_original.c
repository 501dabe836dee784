/* Where the original of a document lies: what is read of it is read from there, by others. */
#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"
#include "daemon/store/originals.h"

struct op_document_original *op_document_original_new(void)
{
	struct op_document_original *op = mem_new(sizeof(*op));

	op->job.run = op_document_original_run;
	return op;
}

void op_document_original_free(struct op_document_original *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->collection);
	mem_free(op->path);
	document_row_fini(&op->doc);
	candidates_fini(&op->candidates);
	mem_free(op);
}

int op_document_original_run(struct db *db, struct job *j)
{
	struct op_document_original *op = container_of(j, struct op_document_original, job);
	int64_t key;
	int r = library_find(db, &op->account, op->collection, op->ref, &key, &op->doc, &op->candidates, &j->why);

	if (r != 0)
		return r;
	op->doc.original = original_is_there(db, op->account.id, op->doc.sha256);
	op->path = original_path(db, op->account.id, op->doc.sha256);
	return 0;
}
