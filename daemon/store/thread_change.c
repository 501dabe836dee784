/* A thread's name and tags: in Chainlit's rows, in ours, and where they are found by. */
#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "daemon/store/change.h"
#include "daemon/store/events.h"
#include "daemon/store/history.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

int change_add(struct db *db, const char *account, const char *thread, const char *turn, char **why)
{
	return db_run(db, db->chat, why,
		"INSERT INTO ragchat_change(account, thread, turn) VALUES (?1, ?2, ?3)",
		db_text(account), db_text(thread), db_text(turn));
}

int tags_index(struct db *db, const char *account, const char *thread, const char *tags, char **why)
{
	int r = db_run(db, db->chat, why, "DELETE FROM ragchat_tag WHERE thread = ?1", db_text(thread));

	return r || !tags ? r
			  : db_run(db, db->chat, why,
				    "INSERT OR IGNORE INTO ragchat_tag(account, tag, thread) "
				    "SELECT ?1, value, ?2 FROM json_each(?3)",
				    db_text(account), db_text(thread), db_text(tags));
}

struct op_thread_change *op_thread_change_new(void)
{
	struct op_thread_change *op = mem_new(sizeof(*op));

	op->job.run = op_thread_change_run;
	return op;
}

void op_thread_change_free(struct op_thread_change *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->name);
	mem_free(op->tags);
	mem_free(op->add);
	mem_free(op->remove);
	thread_row_fini(&op->thread);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

static int rename_thread(struct db *db, struct op_thread_change *op)
{
	char *name = name_first_line(op->name, strlen(op->name), NAME_SHOWN);
	int r = ref_is_word(name) ? db_fail(&op->job.why, STORE_E_CONFLICT,
					    "'%s' has a meaning of its own: take another name", name)
				  : 0;

	if (r == 0)
		r = db_run(db, db->chat, &op->job.why, "UPDATE threads SET name = ?2 WHERE id = ?1",
			db_text(op->thread.id), db_text(name));
	mem_free(name);
	return r;
}

/* What the tags become, in the order in which they were given; each once. */
static int join_tags(struct db *db, struct op_thread_change *op, char **tags)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, &op->job.why,
		"SELECT json_group_array(value) FROM (SELECT value FROM ("
		"SELECT value, 0 AS part, key FROM json_each(COALESCE(?1, ?2, '[]')) "
		"UNION ALL SELECT value, 1, key FROM json_each(COALESCE(?3, '[]'))) "
		"WHERE value NOT IN (SELECT value FROM json_each(COALESCE(?4, '[]'))) "
		"GROUP BY value ORDER BY min(part), min(key))",
		db_text(op->tags), db_text(op->thread.tags), db_text(op->add), db_text(op->remove));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	*tags = r == 0 && row ? tags_normal(db_col_text(stmt, 0)) : NULL;
	db_release(stmt);
	return r;
}

/* Under our key in Chainlit's metadata, too: its own column takes no list on SQLite. */
static int set_tags(struct db *db, struct op_thread_change *op)
{
	char **why = &op->job.why, *tags = NULL;
	int r = join_tags(db, op, &tags);

	if (r == 0)
		r = db_run(db, db->chat, why, "UPDATE ragchat_thread SET tags = ?2 WHERE id = ?1",
			db_text(op->thread.id), db_text(tags));
	if (r == 0)
		r = db_run(db, db->chat, why,
			"UPDATE threads SET metadata = json_set(CASE WHEN json_valid(metadata) AND "
			"json_type(metadata) = 'object' THEN metadata ELSE '{}' END, '$.ragchat.tags', json(?2)) "
			"WHERE id = ?1",
			db_text(op->thread.id), db_text(tags ? tags : "[]"));
	if (r == 0)
		r = tags_index(db, op->account.id, op->thread.id, tags, why);
	mem_free(tags);
	return r;
}

/* The name is found by the thread's first turn. */
static int name_changed(struct db *db, const char *account, const char *thread, char **why)
{
	return db_run(db, db->chat, why,
		"INSERT INTO ragchat_change(account, thread, turn) SELECT ?1, ?2, id FROM ragchat_turn WHERE thread = ?2 "
		"ORDER BY seq LIMIT 1",
		db_text(account), db_text(thread));
}

int op_thread_change_run(struct db *db, struct job *j)
{
	struct op_thread_change *op = container_of(j, struct op_thread_change, job);
	id_str id;
	int r = ref_thread(db, &op->account, op->ref, REF_ANY, REF_OWN, id, &op->candidates, &j->why);

	if (r == 0)
		r = thread_load(db, id, &op->thread, &j->why);
	if (r == 0 && op->name)
		r = rename_thread(db, op);
	if (r == 0 && (op->tags || op->add || op->remove))
		r = set_tags(db, op);
	if (r == 0 && op->name)
		r = event_of_thread(db, op->account.id, "thread.renamed", id, &j->why);
	if (r == 0 && op->name)
		r = name_changed(db, op->account.id, id, &j->why);
	return r ? r : thread_load(db, id, &op->thread, &j->why);
}
