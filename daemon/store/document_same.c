/* Is a file in the library already, as it is? What an upload asks before it sends a byte. */
#include "daemon/store/library_in.h"

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/originals.h"

struct op_document_same *op_document_same_new(void)
{
	struct op_document_same *op = mem_new(sizeof(*op));

	op->job.run = op_document_same_run;
	return op;
}

void op_document_same_free(struct op_document_same *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	mem_free(op->name);
	mem_free(op->collection);
	mem_free(op->sha256);
	document_row_fini(&op->doc);
	mem_free(op);
}

int op_document_same_run(struct db *db, struct job *j)
{
	struct op_document_same *op = container_of(j, struct op_document_same, job);
	sqlite3_stmt *stmt = NULL;
	int r = db_query(&stmt, db, db->lib, &j->why,
		SQL_DOCUMENT "AND c.account = ?1 AND c.name = ?2 AND d.name = ?3 AND d.sha256 = ?4",
		db_text(op->account.id), db_text(op->collection), db_text(op->name), db_text(op->sha256));

	if (r == 0)
		r = db_step(stmt, &op->found, &j->why);
	op->found = op->found && (!op->original || original_is_there(db, op->account.id, op->sha256));
	if (r == 0 && op->found)
		document_from_row(stmt, &op->doc, NULL);
	db_release(stmt);
	return r;
}
