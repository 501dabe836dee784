/* One thread, by REF or by the terminal it was last asked from. */
#include "common/mem.h"
#include "daemon/store/keys.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

struct op_thread_get *op_thread_get_new(void)
{
	struct op_thread_get *op = mem_new(sizeof(*op));

	op->job.run = op_thread_get_run;
	return op;
}

void op_thread_get_free(struct op_thread_get *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->terminal);
	thread_row_fini(&op->thread);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

int op_thread_get_run(struct db *db, struct job *j)
{
	struct op_thread_get *op = container_of(j, struct op_thread_get, job);
	id_str id;
	int r;

	if (op->ref)
		r = ref_thread(db, &op->account, op->ref, REF_ANY, REF_READ, id, &op->candidates, &j->why);
	else
		r = terminal_thread(db, &op->account, op->terminal, id, &j->why);
	if (r == 0 && !id[0])
		r = STORE_E_NOT_FOUND;
	if (r == 0)
		r = thread_load(db, id, &op->thread, &j->why);
	return r ? r : thread_owner(db, &op->account, &op->thread, &j->why);
}
