/* Whether the documents that an answer cites are still there as they were. */
#include <string.h>

#include "common/attr.h"
#include "daemon/store/rows.h"

static int account_of(struct db *db, const char *turn, id_str account, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(
		&stmt, db, db->chat, why, "SELECT account FROM ragchat_turn WHERE id = ?1", db_text(turn));

	account[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		db_col_id(stmt, 0, account);
	db_release(stmt);
	return r;
}

/* By its id, or put in again under its name: the bytes decide. */
static int is_there(struct db *db, const char *account, const struct source *s, bool *there, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT EXISTS (SELECT 1 FROM document WHERE id = ?1 AND sha256 = ?2 AND state = 1) OR "
		"EXISTS (SELECT 1 FROM collection c JOIN document d ON d.collection = c.id WHERE "
		"c.account = ?3 AND d.name = ?4 AND d.state = 1 AND d.sha256 = ?2)",
		db_text(s->document), db_text(s->sha256), db_text(account), db_text(s->path));

	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		*there = db_col_int(stmt, 0) != 0;
	db_release(stmt);
	return r;
}

/* Of an earlier source of the list with the same document, or NULL. */
static const struct source *known(const struct source_list *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (l->v[i].document && l->v[i].sha256 && !strcmp(l->v[i].document, l->v[n].document) &&
			!strcmp(l->v[i].sha256, l->v[n].sha256))
			return &l->v[i];
	return NULL;
}

int sources_age(struct db *db, const char *turn, struct source_list *list, char **why)
{
	id_str account = "";
	int r = 0;

	if (!db->lib)
		return 0;
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct source *s = &list->v[i];
		const struct source *before;
		bool there = true;

		if (!s->document || !s->sha256)
			continue;
		before = known(list, i);
		if (before) {
			s->stale = before->stale;
			continue;
		}
		if (!account[0])
			r = account_of(db, turn, account, why);
		if (r == 0)
			r = is_there(db, account, s, &there, why);
		s->stale = r == 0 && !there;
	}
	return r;
}
