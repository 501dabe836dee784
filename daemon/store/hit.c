/* One passage as a hit: its place, its document's names, and its text. */
#include <errno.h>
#include <stdio.h>

#include "common/mem.h"
#include "daemon/store/library_in.h"

void hit_fini(struct hit *h)
{
	mem_free(h->name);
	mem_free(h->heading);
	mem_free(h->text);
	*h = (struct hit){ 0 };
}

static int load_text(struct db *db, int64_t key, struct hit *h, char **why)
{
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = text_read(db, key, h->start, h->end, &text, why);
	if (r == 0)
		h->text = buf_steal(&text, &h->text_len);
	buf_fini(&text);
	return r ? r : h->text ? 0 : -ENOMEM;
}

int hit_load(struct db *db, int64_t passage, bool there, struct hit *h, bool *found, char **why)
{
	sqlite3_stmt *stmt = NULL;
	int64_t key = 0;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT d.id, d.sha256, d.name, p.heading, p.start, p.end, p.line, p.page, ?1 - d.first, d.key, "
		"d.renew <> 0 OR " SQL_INDEXED " <> " SQL_NAMED " FROM passage p "
		"JOIN document d ON d.key = (SELECT key FROM document WHERE first <= ?1 ORDER BY first DESC LIMIT 1) "
		"WHERE p.id = ?1 AND (NOT ?2 OR d.state = 1)",
		db_int(passage), db_int(there));

	*h = (struct hit){ .passage = passage };
	if (r == 0)
		r = db_step(stmt, found, why);
	if (r == 0 && *found) {
		db_col_id(stmt, 0, h->document);
		(void)snprintf(h->sha256, sizeof(h->sha256), "%s", db_col_text(stmt, 1));
		h->name = db_col_dup(stmt, 2);
		h->heading = db_col_dup(stmt, 3);
		h->start = (uint64_t)db_col_int(stmt, 4);
		h->end = (uint64_t)db_col_int(stmt, 5);
		h->line = (int)db_col_int(stmt, 6);
		h->page = (int)db_col_int(stmt, 7);
		h->ordinal = db_col_int(stmt, 8);
		key = db_col_int(stmt, 9);
		h->others = db_col_int(stmt, 10);
	}
	db_release(stmt);
	return r == 0 && *found ? load_text(db, key, h, why) : r;
}
