/* Sums over the usage that backends reported. */
#include "daemon/store/spent.h"

#include "common/mem.h"
#include "daemon/store/rows.h"

struct op_spent *op_spent_new(void)
{
	struct op_spent *op = mem_new(sizeof(*op));

	op->job.run = op_spent_run;
	return op;
}

void op_spent_free(struct op_spent *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++)
		mem_free(op->rows[i].model);
	mem_free(op->rows);
	mem_free(op->account.name);
	job_fini(&op->job);
	mem_free(op);
}

static void take(sqlite3_stmt *stmt, struct spent_row *row)
{
	*row = (struct spent_row){ .model = text_column(stmt, 1), .turns = db_col_int(stmt, 2), .failed = db_col_int(stmt, 3),
		.prompt = db_col_int(stmt, 4), .completion = db_col_int(stmt, 5), .total = db_col_int(stmt, 6), .told = db_col_int(stmt, 7),
		.cost = db_col_real(stmt, 8, -1) };
	(void)snprintf(row->day, sizeof(row->day), "%s", db_col_text(stmt, 0) ? db_col_text(stmt, 0) : "");
}

/* Names of the chat-completions dialect; total is missing in some. Its 4 for DONE: enum turn_state. */
#define SQL_SPENT \
	"SELECT date(created / 1000000, 'unixepoch') AS day, model, count(*), sum(state <> ?3), sum(json_extract(u, '$.prompt_tokens')), " \
	"sum(json_extract(u, '$.completion_tokens')), sum(COALESCE(json_extract(u, '$.total_tokens'), json_extract(u, '$.prompt_tokens') + " \
	"json_extract(u, '$.completion_tokens'))), count(u), sum(json_extract(u, '$.cost')) FROM (SELECT created, model, state, " \
	"CASE WHEN json_valid(usage) THEN usage END AS u FROM ragchat_turn WHERE account = ?1 AND created >= ?2) " \
	"GROUP BY day, model ORDER BY day DESC, model LIMIT 2000"

int op_spent_run(struct db *db, struct job *j)
{
	struct op_spent *op = container_of(j, struct op_spent, job);
	size_t cap = 0;
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &j->why, SQL_SPENT, db_text(op->account.id), db_int(op->since_us), db_int(TURN_DONE));

	while (op->n) /* it may be broken off and run anew */
		mem_free(op->rows[--op->n].model);
	op->rows = mem_free(op->rows);
	while (r == 0 && (r = db_step(stmt, &row, &j->why)) == 0 && row) {
		op->rows = mem_grow(op->rows, &cap, op->n, sizeof(*op->rows));
		take(stmt, &op->rows[op->n++]);
	}
	db_release(stmt);
	op->cut = r == STORE_E_DEADLINE && !db->yielded;
	return op->cut ? 0 : r;
}
