/* What belongs to nobody, found and deleted in slices: history.h tells what that is. */
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/change.h"
#include "daemon/store/columns.h"
#include "daemon/store/history.h"
#include "daemon/store/rows.h"
#include "daemon/store/thread_remove.h"

#define SLICE_US 4000

enum stage { GHOST_THREADS, GHOST_STEPS, GHOST_ELEMENTS, GHOST_RATINGS, GHOST_END };

struct op_ghosts *op_ghosts_new(void)
{
	struct op_ghosts *op = mem_new(sizeof(*op));

	op->job.run = op_ghosts_run;
	op->before_us = INT64_MAX;
	return op;
}

void op_ghosts_free(struct op_ghosts *op)
{
	if (!op)
		return;
	mem_free(op->at);
	job_fini(&op->job);
	mem_free(op);
}

/* The next id behind op->at; *at NULL: none. ?1: where it goes on, ?2: the stamp it must lie before. */
static int next_id(struct db *db, struct op_ghosts *op, const char *sql, char **at)
{
	char stamp[CLOCK_ISO_LEN + 1] = "~"; /* behind every stamp */
	sqlite3_stmt *stmt;
	bool row = false;
	int r;

	if (op->before_us != INT64_MAX)
		clock_iso(op->before_us, stamp);
	r = db_query(&stmt, db, db->chat, &op->job.why, sql, db_text(op->at ? op->at : ""), db_text(stamp));
	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	*at = r == 0 && row ? db_col_dup(stmt, 0) : NULL;
	db_release(stmt);
	return r;
}

static void go_on(struct op_ghosts *op, char *at)
{
	mem_free(op->at);
	op->at = at;
	if (!at)
		op->stage++;
}

/* One without an owner, that is not on its way: its time is that of its last step. */
static int ghost_thread(struct db *db, struct op_ghosts *op)
{
	char *id, **why = &op->job.why;
	int r;

	if (op->dropping)
		return thread_drop_rows(db, op->at, &op->dropping, why);
	r = next_id(db, op,
		"SELECT h.id FROM threads h WHERE h.\"userId\" IS NULL AND h.\"userIdentifier\" IS NULL AND h.id > ?1 "
		"AND NOT EXISTS (SELECT 1 FROM ragchat_passing p WHERE p.thread = h.id) "
		"AND COALESCE((SELECT max(s.\"createdAt\") FROM steps s WHERE s.\"threadId\" = h.id), h.\"createdAt\", '') < ?2 "
		"ORDER BY h.id LIMIT 1",
		&id);
	if (r == 0 && id) {
		op->threads++;
		op->dropping = !op->only_look;
	}
	if (op->dropping)
		r = db_run(db, db->chat, why, "INSERT OR IGNORE INTO ragchat_passing(thread, account) VALUES (?1, '')", db_text(id));
	go_on(op, id);
	return r;
}

/* The rows of one thread's id that is none. Ids are walked within the index, one step each. */
static int orphans(struct db *db, struct op_ghosts *op, const char *table, const char *dated, int64_t *n)
{
	char *id, *sql = mem_printf("SELECT min(\"threadId\") FROM %s WHERE \"threadId\" > ?1 AND ?2 = ?2", table);
	int r = next_id(db, op, sql, &id);
	char *where = mem_printf("\"threadId\" = ?1 AND NOT EXISTS (SELECT 1 FROM threads h WHERE h.id = ?1) AND %s < ?2", dated);
	char stamp[CLOCK_ISO_LEN + 1] = "~";
	sqlite3_stmt *stmt = NULL;
	int64_t found = 0;
	bool row = false;

	if (op->before_us != INT64_MAX)
		clock_iso(op->before_us, stamp);
	mem_free(sql);
	sql = op->only_look ? mem_printf("SELECT count(*) FROM %s WHERE %s", table, where)
			    : mem_printf("DELETE FROM %s WHERE rowid IN (SELECT rowid FROM %s WHERE %s LIMIT 200)", table, table, where);
	if (r == 0 && id) {
		r = db_query(&stmt, db, db->chat, &op->job.why, sql, db_text(id), db_text(stamp));
		if (r == 0)
			r = db_step(stmt, &row, &op->job.why);
		if (r == 0)
			found = op->only_look ? db_col_int(stmt, 0) : sqlite3_changes(db->chat);
		db_release(stmt);
	}
	mem_free(sql);
	mem_free(where);
	*n += found;
	if (id && found && !op->only_look)
		mem_free(id); /* there may be more of them */
	else
		go_on(op, id);
	return r;
}

static int ratings(struct db *db, struct op_ghosts *op)
{
	op->stage++;
	if (op->only_look)
		return 0;
	return db_run(db, db->chat, &op->job.why,
		columns_has(db->columns, TABLE_FEEDBACKS, "threadId")
			? "DELETE FROM feedbacks WHERE NOT EXISTS (SELECT 1 FROM threads h WHERE h.id = \"threadId\") "
			  "AND NOT EXISTS (SELECT 1 FROM steps s WHERE s.id = \"forId\")"
			: "DELETE FROM feedbacks WHERE NOT EXISTS (SELECT 1 FROM steps s WHERE s.id = \"forId\")");
}

int op_ghosts_run(struct db *db, struct job *j)
{
	struct op_ghosts *op = container_of(j, struct op_ghosts, job);
	uint64_t until = clock_mono_us() + SLICE_US;
	int r = 0;

	while (r == 0 && op->stage < GHOST_END && clock_mono_us() < until) {
		switch ((enum stage)op->stage) {
		case GHOST_THREADS:
			r = ghost_thread(db, op);
			break;
		case GHOST_STEPS:
			r = orphans(db, op, "steps", "COALESCE(\"createdAt\", '')", &op->steps);
			break;
		case GHOST_ELEMENTS:
			r = orphans(db, op, "elements", "''", &op->elements);
			break;
		case GHOST_RATINGS:
			r = ratings(db, op);
			break;
		case GHOST_END:
			break;
		}
	}
	op->more = r == 0 && op->stage < GHOST_END;
	return r;
}
