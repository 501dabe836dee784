/* Rows into structs, and the frees of those structs. */
#include "daemon/store/rows.h"

#include <string.h>

#include "common/mem.h"

#define CANDIDATES_MAX 10

void turn_row_fini(struct turn_row *t)
{
	mem_free(t->thread_name);
	mem_free(t->question);
	mem_free(t->text);
	mem_free(t->reasoning);
	mem_free(t->finish_reason);
	mem_free(t->model);
	mem_free(t->origin);
	mem_free(t->usage);
	mem_free(t->notices);
	mem_free(t->meta);
	mem_free(t->marks);
	mem_free(t->error_text);
	mem_free(t->comment);
	source_list_fini(&t->sources);
	*t = (struct turn_row){ .found = -1, .coverage = -1, .rating = -1 };
}

void thread_row_fini(struct thread_row *t)
{
	mem_free(t->name);
	mem_free(t->tags);
	mem_free(t->origin);
	mem_free(t->owner);
	*t = (struct thread_row){ 0 };
}

void candidates_fini(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++)
		mem_free(c->v[i].name);
	mem_free(c->v);
	*c = (struct candidates){ 0 };
}

void candidate_add(struct candidates *c, const char *id, const char *name, size_t len)
{
	struct candidate *at;

	if (!c->v)
		c->v = mem_new(CANDIDATES_MAX * sizeof(*c->v));
	if (c->n == CANDIDATES_MAX)
		return;
	at = &c->v[c->n++];
	snprintf(at->id, sizeof(at->id), "%s", id);
	at->name = name_first_line(name ? name : "", len, NAME_SHOWN);
}

/* What was streamed so far, of a turn that has not ended or whose end was not reached. */
static int join_deltas(struct db *db, struct turn_row *t, uint64_t max, char **why)
{
	struct buf text;
	sqlite3_stmt *stmt;
	bool row = true;
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT text FROM ragchat_delta WHERE turn = ?1 ORDER BY off", db_text(t->id));

	buf_init(&text, 0);
	while (r == 0 && text.len < max) {
		r = db_step(stmt, &row, why);
		if (r != 0 || !row)
			break;
		buf_add(&text, db_col_text(stmt, 0), db_col_bytes(stmt, 0));
	}
	db_release(stmt);
	if (r == 0) {
		mem_free(t->text);
		t->text = text_copy((const char *)text.data, text.len, max, &t->text_len);
		if (text.len < max)
			t->length = t->text_len;
	}
	buf_fini(&text);
	return r;
}

static int read_text(struct db *db, struct turn_row *t, uint64_t max, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, "SELECT output FROM steps WHERE id = ?1",
		db_text(t->answer_step));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		const char *text = db_col_text(stmt, 0);
		size_t n = text ? db_col_bytes(stmt, 0) : 0;

		t->text = text_copy(text, n, max, &t->text_len);
		if (n)
			t->length = n; /* Chainlit may have edited it */
	} else if (r == 0) {
		t->text = text_copy(NULL, 0, 0, &t->text_len);
	}
	db_release(stmt);
	return r == 0 && !turn_state_ended(t->state) ? join_deltas(db, t, max, why) : r;
}

int turn_from_row(struct db *db, sqlite3_stmt *s, const struct turn_want *want, struct turn_row *t,
	char **why)
{
	const char *text;
	int state, r = 0;

	turn_row_fini(t);
	db_col_id(s, 0, t->id);
	db_col_id(s, 1, t->thread);
	db_col_id(s, 2, t->parent);
	db_col_id(s, 3, t->of);
	db_col_id(s, 4, t->user_step);
	db_col_id(s, 5, t->answer_step);
	t->seq = db_col_int(s, 6);
	state = (int)db_col_int(s, 7);
	t->state = state >= TURN_QUEUED && state <= TURN_INTERRUPTED ? (enum turn_state)state
								     : TURN_FAILED;
	t->created_us = db_col_int(s, 8);
	t->ended_us = db_col_int(s, 9);
	t->length = (uint64_t)db_col_int(s, 10);
	text = db_col_text(s, 11);
	snprintf(t->sha256, sizeof(t->sha256), "%s", text ? text : "");
	t->finish_reason = text_column(s, 12);
	t->model = text_column(s, 13);
	t->origin = text_column(s, 14);
	t->error = (enum turn_error)max_of(turn_error_parse(db_col_text(s, 15)), 0);
	t->error_text = text_column(s, 16);
	t->found = sqlite3_column_type(s, 17) == SQLITE_NULL ? -1 : (int)db_col_int(s, 17);
	t->coverage = db_col_real(s, 18, -1);
	t->usage = text_column(s, 19);
	t->notices = text_column(s, 20);
	t->meta = text_column(s, 21);
	t->reasoning = text_column(s, 23);
	text = db_col_text(s, 24);
	t->thread_name =
		name_first_line(text ? text : "", text ? db_col_bytes(s, 24) : 0, NAME_SHOWN);
	text = db_col_text(s, 25);
	t->question = text_copy(
		text, text ? db_col_bytes(s, 25) : 0, want->max_question, &t->question_len);
	t->marks = text_column(s, 26);
	if (want->max_text)
		r = read_text(db, t, want->max_text, why);
	if (r == 0 && want->sources)
		r = sources_load(
			db, t->thread, t->answer_step, db_col_text(s, 22), &t->sources, why);
	if (r == 0 && want->rating)
		r = rating_load(db, t, why);
	if (r == 0 && t->sources.n)
		r = sources_age(db, t->id, &t->sources, why);
	return r;
}

int turn_load(struct db *db, const char *id, const struct turn_want *want, struct turn_row *out,
	char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, SQL_TURN "WHERE t.id = ?2",
		db_int(want->max_text > 0), db_text(id));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0)
		r = row ? turn_from_row(db, stmt, want, out, why)
			: db_fail(why, STORE_E_NOT_FOUND, "no such turn");
	db_release(stmt);
	return r;
}

void thread_from_row(sqlite3_stmt *s, struct thread_row *t)
{
	const char *text;

	thread_row_fini(t);
	db_col_id(s, 0, t->id);
	t->created_us = db_col_int(s, 1);
	t->updated_us = db_col_int(s, 2);
	t->turns = db_col_int(s, 3);
	t->origin = text_column(s, 4);
	text = db_col_text(s, 5);
	t->name = name_first_line(text ? text : "", text ? db_col_bytes(s, 5) : 0, NAME_SHOWN);
	t->tags = text_column(s, 6);
	db_col_id(s, 7, t->last);
	t->state = sqlite3_column_type(s, 8) == SQLITE_NULL ? -1 : (int)db_col_int(s, 8);
}

int thread_owner(struct db *db, const struct account *who, struct thread_row *t, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT u.identifier FROM ragchat_thread t JOIN users u ON u.id = t.account "
		"WHERE t.id = ?1 AND t.account <> ?2",
		db_text(t->id), db_text(who->id));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		t->owner = text_column(stmt, 0);
	db_release(stmt);
	return r;
}

int thread_load(struct db *db, const char *id, struct thread_row *out, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, SQL_THREAD "WHERE t.id = ?1", db_text(id));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && !row)
		r = db_fail(why, STORE_E_NOT_FOUND, "no such thread");
	if (r == 0)
		thread_from_row(stmt, out);
	db_release(stmt);
	return r;
}
