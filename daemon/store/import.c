/* One turn of a conversation from elsewhere, as if it had been asked here. */
#include "daemon/store/import.h"

#include <string.h>

#include "common/clock.h"
#include "common/mark.h"
#include "common/mem.h"
#include "common/sha256.h"
#include "common/str.h"
#include "daemon/store/change.h"
#include "daemon/store/events.h"
#include "daemon/store/rows.h"
#include "daemon/store/steps.h"

struct op_import *op_import_new(void)
{
	struct op_import *op = mem_new(sizeof(*op));

	op->job.run = op_import_run;
	op->state = TURN_DONE;
	op->found = -1;
	op->coverage = -1;
	return op;
}

void op_import_free(struct op_import *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->thread_key);
	mem_free(op->name);
	mem_free(op->tags);
	mem_free(op->turn_key);
	mem_free(op->question);
	mem_free(op->answer);
	mem_free(op->model);
	mem_free(op->usage);
	mem_free(op->finish_reason);
	mem_free(op->reasoning);
	mem_free(op->sources);
	mem_free(op->marks);
	job_fini(&op->job);
	mem_free(op);
}

/* RFC 9562, version 8: ours to define. */
static void derive(const struct op_import *op, const char *kind, const char *key, id_str id)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, op->account.id, strlen(op->account.id) + 1);
	sha256_add(&h, kind, strlen(kind) + 1);
	sha256_add(&h, key, strlen(key));
	sha256_end(&h, digest);
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	hex_encode(digest, 16, hex);
	(void)snprintf(id, UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static int exists(struct db *db, const char *sql, const char *id, const struct account *who, bool *found, char **why)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, db, db->chat, why, sql, db_text(id), db_text(who->id));

	*found = false;
	if (r == 0)
		r = db_step(stmt, found, why);
	db_release(stmt);
	return r;
}

/* The id of a thing of ours with that key; *found: it is there. */
static int find(struct db *db, const struct op_import *op, const char *sql, const char *kind, const char *key, id_str id, bool *found, char **why)
{
	int r = 0;

	*found = false;
	if (uuid_valid(key)) {
		(void)snprintf(id, UUID_LEN + 1, "%s", key);
		r = exists(db, sql, id, &op->account, found, why);
		if (r != 0 || *found)
			return r;
	}
	derive(op, kind, key, id);
	return exists(db, sql, id, &op->account, found, why);
}

static int make_thread(struct db *db, struct op_import *op, const char *id)
{
	int64_t us = op->created_us ? op->created_us : clock_wall_us();
	char *name = name_first_line(op->name ? op->name : "", op->name ? strlen(op->name) : 0, NAME_SHOWN), *tags = tags_normal(op->tags);
	char **why = &op->job.why;
	int r = thread_insert(db, id, &op->account, name, tags, us, why);

	if (r == 0)
		r = db_run(db, db->chat, why, "INSERT INTO ragchat_thread(id, account, created, updated, tags, origin) VALUES(?1, ?2, ?3, ?3, ?4, 'import')",
			db_text(id), db_text(op->account.id), db_int(us), db_text(tags));
	if (r == 0 && tags)
		r = tags_index(db, op->account.id, id, tags, why);
	if (r == 0)
		r = change_add(db, op->account.id, id, NULL, why);
	if (r == 0)
		r = event_of_thread(db, op->account.id, "thread.created", id, why);
	mem_free(name);
	mem_free(tags);
	op->thread_new = r == 0;
	return r;
}

struct place {
	int64_t us, seq;
	id_str parent;
};

static int end_of(struct db *db, const char *thread, struct place *p, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, "SELECT updated, last_seq, last_turn FROM ragchat_thread WHERE id = ?1", db_text(thread));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		p->us = db_col_int(stmt, 0) + 1;
		p->seq = db_col_int(stmt, 1) + 1;
		db_col_id(stmt, 2, p->parent);
	}
	db_release(stmt);
	return r;
}

static int write_steps(struct db *db, struct op_import *op, const char *thread, const char *turn, const char *user, const char *answer, int64_t us)
{
	char **why = &op->job.why;
	int r = step_insert_user(db, user, thread, op->account.name, op->question ? op->question : "", op->question_len, us, why);

	if (r == 0)
		r = step_insert_run(db, turn, thread, user, op->question ? op->question : "", op->question_len, us + 1, why);
	if (r == 0)
		r = step_insert_answer(db, answer, thread, turn, op->answer ? op->answer : "", op->answer_len, us + 2, why);
	return r ? r : step_end_run(db, turn, op->state != TURN_DONE, NULL, us + 3, why);
}

/* What it cites, read and written anew: nothing of it is taken at its word. */
static int write_sources(struct db *db, const struct op_import *op, const char *thread, const char *turn, const char *answer, char **why)
{
	struct source_list list = { 0 };
	int r = 0;

	if (op->sources)
		sources_from_json(op->sources, &list);
	if (list.n)
		r = sources_store(db, turn, thread, answer, &list, why);
	source_list_fini(&list);
	return r;
}

static char *marks_of(const struct op_import *op)
{
	struct marks marks = { 0 };
	struct buf json;

	if (!op->marks)
		return NULL;
	buf_init(&json, 1u << 20);
	marks_read(&marks, op->marks, strlen(op->marks));
	if (marks.n)
		marks_write(&marks, &json);
	marks_fini(&marks);
	if (json.len && !json.failed)
		return buf_steal(&json, NULL);
	buf_fini(&json);
	return NULL;
}

static int make_turn(struct db *db, struct op_import *op, const char *thread, const char *turn)
{
	char sha256[SHA256_HEX + 1], **why = &op->job.why;
	struct place p = { .us = 0 };
	id_str user, answer;
	struct sha256 h;
	char *marks = marks_of(op);
	int r = end_of(db, thread, &p, why);

	p.us = max_of(p.us, op->asked_us);
	uuid_v4(user);
	uuid_v4(answer);
	sha256_init(&h);
	sha256_add(&h, op->answer ? op->answer : "", op->answer_len);
	sha256_end_hex(&h, sha256);
	if (r == 0)
		r = write_steps(db, op, thread, turn, user, answer, p.us);
	if (r == 0)
		r = db_run(db, db->chat, why,
			"INSERT INTO ragchat_turn(id, thread, account, seq, state, parent, user_step, run_step, answer_step, created, ended, length, "
			"sha256, model, usage, finish_reason, reasoning, found, coverage, marks, origin) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?1, "
			"?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 'import')",
			db_text(turn), db_text(thread), db_text(op->account.id), db_int(p.seq), db_int(op->state),
			p.parent[0] ? db_text(p.parent) : db_null(), db_text(user), db_text(answer), db_int(p.us), db_int(max_of(p.us + 3, op->ended_us)),
			db_int((int64_t)op->answer_len), db_text(sha256), db_text(op->model), db_text(op->usage), db_text(op->finish_reason),
			db_text(op->reasoning), op->found < 0 ? db_null() : db_int(op->found), op->coverage < 0 ? db_null() : db_real(op->coverage),
			db_text(marks));
	mem_free(marks);
	if (r == 0)
		r = write_sources(db, op, thread, turn, answer, why);
	if (r == 0)
		r = db_run(db, db->chat, why, "UPDATE ragchat_thread SET updated = ?2, turns = turns + 1, last_seq = ?3, last_turn = ?4 WHERE id = ?1",
			db_text(thread), db_int(p.us + 3), db_int(p.seq), db_text(turn));
	if (r == 0)
		r = change_add(db, op->account.id, thread, turn, why);
	op->turn_new = r == 0;
	return r;
}

int op_import_run(struct db *db, struct job *j)
{
	struct op_import *op = container_of(j, struct op_import, job);
	id_str thread, turn;
	bool found;
	int r = find(db, op, "SELECT 1 FROM ragchat_thread t JOIN threads h ON h.id = t.id AND " SQL_ALIVE "WHERE t.id = ?1 AND t.account = ?2", "thread",
		op->thread_key, thread, &found, &j->why);

	if (r == 0 && !found)
		r = make_thread(db, op, thread);
	if (r != 0 || !op->turn_key)
		return r;
	r = find(db, op, "SELECT 1 FROM ragchat_turn WHERE id = ?1 AND account = ?2", "turn", op->turn_key, turn, &found, &j->why);
	memcpy(op->turn, turn, sizeof(op->turn));
	return r != 0 || found ? r : make_turn(db, op, thread, turn);
}
