/* What a daemon that ended without a word left behind. */
#include "daemon/store/recover.h"

#include "common/mem.h"
#include "daemon/store/rows.h"

/* The pieces in order; an overlap is written once, behind a gap nothing can be trusted. */
static int join(struct db *db, const char *turn, struct buf *text, char **why)
{
	sqlite3_stmt *stmt;
	bool row = true;
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT off, text FROM ragchat_delta WHERE turn = ?1 ORDER BY off, id",
		db_text(turn));

	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row) {
		uint64_t off = (uint64_t)db_col_int(stmt, 0);
		const char *piece = db_col_text(stmt, 1);
		size_t n = db_col_bytes(stmt, 1);

		if (off > text->len)
			break;
		if (piece && off + n > text->len)
			r = buf_add(text, piece + (text->len - off), n - (text->len - off));
	}
	db_release(stmt);
	return r;
}

static int interrupt(struct db *db, const char *id, char **why)
{
	struct turn_row t = { .state = TURN_INTERRUPTED,
		.error = TURN_ERROR_INTERRUPTED,
		.found = -1,
		.coverage = -1 };
	struct buf text;
	int r;

	snprintf(t.id, sizeof(t.id), "%s", id);
	buf_init(&text, 0);
	r = join(db, id, &text, why);
	if (r == 0) {
		t.text = text_copy((const char *)text.data, text.len, UINT64_MAX, &t.text_len);
		t.error_text = mem_dup("the daemon ended before the answer did");
		r = turn_finish(db, &t, why);
	}
	turn_row_fini(&t);
	buf_fini(&text);
	return r;
}

/* The next turn that is not ended; "" none. */
static int next_live(struct db *db, id_str id, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(
		&stmt, db, db->chat, why, "SELECT id FROM ragchat_turn WHERE state < 4 LIMIT 1");

	id[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		db_col_id(stmt, 0, id);
	db_release(stmt);
	return r;
}

/* A turn whose thread is gone cannot be finished, only forgotten. */
static int interrupt_all(struct db *db, int64_t *n, char **why)
{
	id_str id;
	int r;

	while ((r = next_live(db, id, why)) == 0 && id[0]) {
		r = interrupt(db, id, why);
		if (r == STORE_E_NOT_FOUND) {
			if (why)
				*why = mem_free(*why);
			r = db_run(db, db->chat, why, "DELETE FROM ragchat_turn WHERE id = ?1",
				db_text(id));
		} else {
			*n += r == 0;
		}
		if (r != 0)
			break;
	}
	return r ? r : db_run(db, db->chat, why, "DELETE FROM ragchat_delta");
}

int recover_run(struct db *db, int64_t *n, char **why)
{
	int64_t live = 0;
	int r = db_get_int(db->chat,
		"SELECT EXISTS(SELECT 1 FROM ragchat_turn WHERE state < 4) OR EXISTS(SELECT 1 "
		"FROM ragchat_delta)",
		0, &live, why);

	*n = 0;
	if (r != 0 || !live)
		return r;
	r = db_begin(db->chat, why);
	if (r != 0)
		return r;
	r = interrupt_all(db, n, why);
	if (r == 0)
		return db_commit(db->chat, why);
	db_rollback(db->chat);
	return r;
}
