/* Taking over: which threads, whose, and what is said about it. */
#define LOG_TAG "store"
#include "daemon/store/adopt.h"

#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/adopt_in.h"
#include "daemon/store/columns.h"
#include "daemon/store/rows.h"

/*
 * Whether a Chainlit wrote since is seen without a walk: the newest row of steps is then neither
 * the answer of our newest turn nor the row that was newest when we last took over. `above` is the
 * last row known to be ours or taken; 0: look at all.
 */
#define SQL_NEWS \
	"WITH known(id) AS (SELECT value FROM ragchat_meta WHERE key = 'chainlit_step' " \
	"UNION ALL SELECT answer_step FROM (SELECT answer_step FROM ragchat_turn ORDER BY rowid " \
	"DESC LIMIT 1)) "                                                                          \
	"SELECT s.id, s.id IN (SELECT id FROM known), COALESCE((SELECT max(k.rowid) "              \
	"FROM steps k WHERE k.id IN (SELECT id FROM known)), 0) " \
	"FROM steps s ORDER BY s.rowid DESC LIMIT 1"

static int look(struct db *db, bool *news, int64_t *above, char **newest, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->chat, why, SQL_NEWS);

	*news = false;
	*above = 0;
	*newest = NULL;
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row) {
		*newest = db_col_dup(stmt, 0);
		*news = !db_col_int(stmt, 1);
		*above = db_col_int(stmt, 2);
	}
	db_release(stmt);
	return r;
}

struct ids {
	char **v;
	size_t n, cap;
};

static int list_threads(struct db *db, int64_t above, struct ids *ids, char **why)
{
	sqlite3_stmt *stmt;
	bool row = true;
	int r = db_query(&stmt, db, db->chat, why,
		"SELECT \"threadId\" FROM steps WHERE rowid > ?1 AND \"threadId\" IS NOT NULL "
		"UNION SELECT id FROM threads h WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 "
		"FROM ragchat_thread t WHERE t.id = h.id)",
		db_int(above));

	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row) {
		ids->v = mem_grow(ids->v, &ids->cap, ids->n, sizeof(*ids->v));
		ids->v[ids->n++] = db_col_dup(stmt, 0);
	}
	db_release(stmt);
	return r;
}

static void count_account(struct adoption *a, const char *name)
{
	size_t i = 0;

	while (i < a->naccounts && strcmp(a->accounts[i].name, name) != 0)
		i++;
	if (i == a->naccounts) {
		a->accounts = mem_grow(a->accounts, &a->cap, i, sizeof(*a->accounts));
		a->accounts[a->naccounts++] = (struct adopted_account){ .name = mem_dup(name) };
	}
	a->accounts[i].threads++;
}

static void read_foreign(sqlite3_stmt *stmt, struct foreign *f)
{
	const char *created = db_col_text(stmt, 0);

	if (!created || clock_iso_parse(created, db_col_bytes(stmt, 0), &f->created_us) != 0)
		f->created_us = clock_wall_us();
	db_col_id(stmt, 1, f->account);
	f->identifier = text_column(stmt, 2);
	f->tags = text_column(stmt, 3);
	f->metadata = db_col_dup(stmt, 4);
	f->metadata_len = f->metadata ? db_col_bytes(stmt, 4) : 0;
}

/* The thread and its owner; no row when it has none, by id or by name. */
static int load_foreign(struct db *db, struct foreign *f, bool *owned, char **why)
{
	sqlite3_stmt *stmt;
	struct buf sql;
	int r;

	buf_init(&sql, 0);
	buf_add_str(&sql, "SELECT h.\"createdAt\", u.id, u.identifier, ");
	columns_select(db->columns, TABLE_THREADS, "h", "tags", &sql);
	buf_add_str(&sql,
		", h.metadata FROM threads h JOIN users u ON u.id = COALESCE((SELECT a.id FROM "
		"users a WHERE a.id = h.\"userId\"), (SELECT b.id FROM users b WHERE "
		"b.identifier = h.\"userIdentifier\")) WHERE h.id = ?1");
	r = db_query(&stmt, db, db->chat, why, buf_cstr(&sql), db_text(f->id));
	buf_fini(&sql);
	if (r == 0)
		r = db_step(stmt, owned, why);
	if (r == 0 && *owned)
		read_foreign(stmt, f);
	db_release(stmt);
	return r;
}

static int take(struct db *db, const char *id, bool first, struct adoption *a, char **why)
{
	struct foreign f = { .id = id };
	int64_t before = a->threads + a->turns;
	bool owned = false;
	int r = strlen(id) <= ID_LEN ? load_foreign(db, &f, &owned, why) : 0;

	if (r == 0 && owned && f.account[0]) {
		r = adopt_thread(db, &f, a, why);
		if (r == 0 && a->threads + a->turns > before)
			count_account(a, f.identifier);
	} else {
		a->strangers += first;
	}
	mem_free(f.identifier);
	mem_free(f.tags);
	mem_free(f.metadata);
	return r;
}

/* Rows of ours for threads that a Chainlit has deleted. */
static int drop_deleted(struct db *db, char **why)
{
	static const char *const steps[] = {
		"INSERT INTO ragchat_change(account, thread) SELECT account, id FROM ragchat_thread "
		"WHERE id NOT IN (SELECT id FROM threads)",
		"DELETE FROM ragchat_turn WHERE thread NOT IN (SELECT id FROM threads)",
		"DELETE FROM ragchat_tag WHERE thread NOT IN (SELECT id FROM threads)",
		"DELETE FROM ragchat_thread WHERE id NOT IN (SELECT id FROM threads)",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_len(steps); i++)
		r = db_run(db, db->chat, why, steps[i]);
	return r;
}

static int take_all(struct db *db, int64_t above, bool first, struct adoption *a, char **why)
{
	struct ids ids = { .n = 0 };
	char *newest = NULL;
	bool news;
	int r = drop_deleted(db, why);

	if (r == 0)
		r = list_threads(db, above, &ids, why);
	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = take(db, ids.v[i], first, a, why);
	for (size_t i = 0; i < ids.n; i++)
		mem_free(ids.v[i]);
	mem_free(ids.v);
	if (r == 0)
		r = look(db, &news, &above, &newest, why); /* what was put back is newest now */
	if (r == 0)
		r = db_run(db, db->chat, why,
			"INSERT OR REPLACE INTO ragchat_meta(key, value) "
			"VALUES('chainlit_step', ?1)",
			db_text(newest ? newest : ""));
	mem_free(newest);
	return r;
}

int adopt_run(struct db *db, struct adoption *a, char **why)
{
	bool alone = sqlite3_get_autocommit(db->chat), news;
	int64_t above, known = 0;
	char *newest = NULL;
	int r = look(db, &news, &above, &newest, why);

	mem_free(newest);
	if (r == 0)
		r = db_get_int(db->chat,
			"SELECT count(*) FROM ragchat_meta WHERE key = 'chainlit_step'", 0, &known,
			why);
	if (r != 0 || (known && !news))
		return r;
	if (alone)
		r = db_begin(db->chat, why);
	if (r == 0)
		r = take_all(db, above, !known, a, why);
	if (!alone)
		return r;
	if (r == 0)
		return db_commit(db->chat, why);
	db_rollback(db->chat);
	return r;
}

/* ---- words ---- */

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void add_owners(const struct adoption *a, struct buf *out)
{
	const struct adopted_account *most = NULL;

	for (size_t i = 0; i < a->naccounts; i++)
		if (!most || a->accounts[i].threads > most->threads)
			most = &a->accounts[i];
	if (!most)
		return;
	buf_addf(out, " of %s", most->name);
	if (a->naccounts > 1)
		buf_addf(out, " and %zu other%s", a->naccounts - 1,
			plural((int64_t)a->naccounts - 1));
}

char *adopt_notice(const struct adoption *a, bool tightened, const char *backup)
{
	struct buf out;
	char *text;

	if (!a->threads && !a->turns && !backup)
		return NULL;
	buf_init(&out, 0);
	buf_add_str(&out, "took over ");
	if (a->threads || !a->turns)
		buf_addf(&out, "%lld thread%s, ", (long long)a->threads, plural(a->threads));
	buf_addf(&out, "%lld turn%s", (long long)a->turns, plural(a->turns));
	add_owners(a, &out);
	buf_add_str(&out, " from Chainlit");
	if (a->answers)
		buf_addf(&out, "; recovered %lld answer%s", (long long)a->answers,
			plural(a->answers));
	if (a->questions)
		buf_addf(&out, "; recovered %lld question%s", (long long)a->questions,
			plural(a->questions));
	if (a->strangers)
		buf_addf(&out, "; left %lld thread%s without an owner as %s",
			(long long)a->strangers, plural(a->strangers),
			a->strangers == 1 ? "it is" : "they are");
	if (tightened)
		buf_add_str(&out, "; its file is now for its owner alone (mode 0600)");
	if (backup)
		buf_addf(&out, "; the file as it was: %s", backup);
	text = mem_dup(buf_cstr(&out));
	buf_fini(&out);
	return text;
}

void adopt_fini(struct adoption *a)
{
	for (size_t i = 0; i < a->naccounts; i++)
		mem_free(a->accounts[i].name);
	mem_free(a->accounts);
	*a = (struct adoption){ 0 };
}
