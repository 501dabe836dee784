/* Reading what the library holds: documents by REF and in pages, collections, text around a place.
 */
#include "daemon/store/library_in.h"
#include "daemon/store/originals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/store/rows.h"

#define CANDIDATES_MAX 10
#define PREFIX_MIN 4

void document_from_row(sqlite3_stmt *stmt, struct document_row *out, int64_t *key)
{
	*out = (struct document_row){
		.name = db_col_dup(stmt, 1),
		.collection = db_col_dup(stmt, 2),
		.bytes = db_col_int(stmt, 4),
		.passages = db_col_int(stmt, 5),
		.added_us = db_col_int(stmt, 6),
		.title = db_col_dup(stmt, 8),
		.same = db_col_dup(stmt, 9),
	};
	db_col_id(stmt, 0, out->id);
	(void)snprintf(out->sha256, sizeof(out->sha256), "%s",
		db_col_text(stmt, 3) ? db_col_text(stmt, 3) : "");
	if (key)
		*key = db_col_int(stmt, 7);
}

/* ---- one by REF ---- */

static bool is_id_prefix(const char *ref)
{
	return strlen(ref) >= PREFIX_MIN && strlen(ref) <= ID_LEN &&
	       strspn(ref, "0123456789abcdef-") == strlen(ref);
}

/* One way to understand the REF. STORE_E_NOT_FOUND: it means nothing in this way. */
static int find_by(struct db *db, const char *sql, const struct account *account, const char *collection, const char *ref,
	int64_t *key, struct document_row *doc, struct candidates *candidates, char **why)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	struct buf where;
	size_t n = 0;
	int r = db_query(&stmt, db, db->lib, why, sql, db_text(account->id), db_text(ref),
		db_int(CANDIDATES_MAX), db_text(collection));

	buf_init(&where, 0);
	while (r == 0) {
		struct document_row found;

		r = db_step(stmt, &row, why);
		if (r != 0 || !row)
			break;
		document_from_row(stmt, &found, n ? NULL : key);
		candidate_add(candidates, found.id, found.name, strlen(found.name));
		(void)buf_addf(&where, "%s'%s'", n ? ", " : "", found.collection);
		if (n++)
			document_row_fini(&found);
		else
			*doc = found;
	}
	db_release(stmt);
	if (r == 0 && n > 1) {
		document_row_fini(doc);
		r = db_fail(why, STORE_E_AMBIGUOUS, "'%s' means %zu documents, in %s", ref, n, buf_cstr(&where));
	}
	buf_fini(&where);
	if (r != 0)
		return r;
	candidates_fini(candidates);
	return n ? 0 : STORE_E_NOT_FOUND;
}

int library_find(struct db *db, const struct account *account, const char *collection, const char *ref, int64_t *key,
	struct document_row *doc, struct candidates *candidates, char **why)
{
#define WITHIN "AND c.account = ?1 AND (?4 IS NULL OR c.name = ?4) "
	static const char *const ways[] = {
		SQL_DOCUMENT WITHIN "AND d.id = ?2 LIMIT ?3",
		SQL_DOCUMENT WITHIN "AND d.name = ?2 ORDER BY c.name LIMIT ?3",
		SQL_DOCUMENT WITHIN "AND d.id >= ?2 AND d.id < ?2 || 'g' ORDER BY d.id LIMIT ?3",
	};
#undef WITHIN
	int r = STORE_E_NOT_FOUND;

	while (ref && !strncmp(ref, "./", 2)) /* as an upload takes it */
		ref += 2;
	if (!ref || !*ref)
		return db_fail(why, STORE_E_NOT_FOUND, "no document named");
	for (size_t i = 0; r == STORE_E_NOT_FOUND && i < array_len(ways); i++)
		if (i < 2 || is_id_prefix(ref))
			r = find_by(db, ways[i], account, collection, ref, key, doc, candidates, why);
	if (r == STORE_E_NOT_FOUND && collection)
		return db_fail(why, r, "no document '%s' in '%s'", ref, collection);
	return r == STORE_E_NOT_FOUND ? db_fail(why, r, "no document '%s'", ref) : r;
}

/* ---- pages ---- */

struct op_document_list *op_document_list_new(void)
{
	struct op_document_list *op = mem_new(sizeof(*op));

	op->job.run = op_document_list_run;
	return op;
}

void op_document_list_free(struct op_document_list *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	mem_free(op->ref);
	mem_free(op->collection);
	mem_free(op->before);
	mem_free(op->next);
	for (size_t i = 0; i < op->n; i++)
		document_row_fini(&op->rows[i]);
	mem_free(op->rows);
	candidates_fini(&op->candidates);
	mem_free(op);
}

static void list_add(struct op_document_list *op, size_t *cap, struct document_row *d)
{
	op->rows = mem_grow(op->rows, cap, op->n, sizeof(*op->rows));
	op->rows[op->n++] = *d;
	*d = (struct document_row){ 0 };
}

/* A cursor is the id and the name of the last row shown: it holds when that one is gone, too. */
static int read_cursor(struct op_document_list *op, const char **name, id_str id)
{
	id[0] = '\0';
	*name = "";
	if (!op->before)
		return 0;
	if (strlen(op->before) <= ID_LEN)
		return db_fail(&op->job.why, STORE_E_NOT_FOUND, "no page begins there");
	memcpy(id, op->before, ID_LEN);
	id[ID_LEN] = '\0';
	*name = op->before + ID_LEN;
	return uuid_valid(id) ? 0
			      : db_fail(&op->job.why, STORE_E_NOT_FOUND, "no page begins there");
}

static int list_page(struct db *db, struct op_document_list *op)
{
	size_t limit = op->limit > 0 ? (size_t)op->limit : 50, cap = 0;
	sqlite3_stmt *stmt = NULL;
	const char *name;
	bool row = true;
	id_str id;
	int r = read_cursor(op, &name, id);

	if (r == 0)
		r = db_query(&stmt, db, db->lib, &op->job.why,
			SQL_DOCUMENT "AND c.account = ?1 AND (?2 IS NULL OR c.name = ?2) AND "
				     "(d.name, d.id) > (?3, ?4) "
				     "ORDER BY d.name, d.id LIMIT ?5",
			db_text(op->account.id), db_text(op->collection), db_text(name),
			db_text(id), db_int((int64_t)limit + 1));
	while (r == 0) {
		struct document_row d;

		r = db_step(stmt, &row, &op->job.why);
		if (r != 0 || !row)
			break;
		if (op->n == limit) {
			op->next = mem_printf(
				"%s%s", op->rows[op->n - 1].id, op->rows[op->n - 1].name);
			break;
		}
		document_from_row(stmt, &d, NULL);
		list_add(op, &cap, &d);
	}
	db_release(stmt);
	return r;
}

static int count_damaged(struct db *db, struct op_document_list *op)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, &op->job.why,
		"SELECT sum(passages) FROM collection WHERE account = ?1 AND recipe = ?2 AND (?3 IS NULL OR name = ?3)",
		db_text(op->account.id), db_int(RECIPE_DAMAGED), db_text(op->collection));

	if (r == 0)
		r = db_step(stmt, &row, &op->job.why);
	op->damaged = r == 0 && row ? db_col_int(stmt, 0) : 0;
	db_release(stmt);
	return r;
}

int op_document_list_run(struct db *db, struct job *j)
{
	struct op_document_list *op = container_of(j, struct op_document_list, job);
	struct document_row d = { 0 };
	size_t cap = 0;
	int64_t key;
	int r;

	if (!op->ref) {
		r = op->before ? 0 : count_damaged(db, op);
		return r ? r : list_page(db, op);
	}
	r = library_find(db, &op->account, op->collection, op->ref, &key, &d, &op->candidates, &j->why);
	if (r == 0) {
		d.original = original_is_there(db, op->account.id, d.sha256);
		list_add(op, &cap, &d);
	}
	return r;
}

/* ---- collections ---- */

struct op_collection_list *op_collection_list_new(void)
{
	struct op_collection_list *op = mem_new(sizeof(*op));

	op->job.run = op_collection_list_run;
	return op;
}

void op_collection_list_free(struct op_collection_list *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op->account.name);
	for (size_t i = 0; i < op->n; i++)
		mem_free(op->rows[i].name);
	mem_free(op->rows);
	mem_free(op);
}

int op_collection_list_run(struct db *db, struct job *j)
{
	struct op_collection_list *op = container_of(j, struct op_collection_list, job);
	sqlite3_stmt *stmt = NULL;
	size_t cap = 0;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, &j->why,
		"SELECT name, documents, passages, bytes FROM collection WHERE account = ?1 AND "
		"documents > 0 "
		"ORDER BY name",
		db_text(op->account.id));

	while (r == 0) {
		r = db_step(stmt, &row, &j->why);
		if (r != 0 || !row)
			break;
		op->rows = mem_grow(op->rows, &cap, op->n, sizeof(*op->rows));
		op->rows[op->n++] = (struct collection_row){
			.name = db_col_dup(stmt, 0),
			.documents = db_col_int(stmt, 1),
			.passages = db_col_int(stmt, 2),
			.bytes = db_col_int(stmt, 3),
		};
	}
	db_release(stmt);
	return r;
}

/* ---- text around a place ---- */

static bool ends_line_or_sentence(const char *s, size_t at)
{
	return s[at - 1] == '\n' || (at > 1 && s[at - 1] == ' ' && strchr(".!?", s[at - 2]));
}

/* The text [from, to) without a broken line or sentence at either end; what must stay is [keep,
 * keep_end). */
static void trim_edges(const char *s, size_t n, bool cut_start, bool cut_end, size_t keep,
	size_t keep_end, size_t *from, size_t *to)
{
	*from = 0;
	*to = n;
	if (cut_start)
		for (*from = 1; *from < keep && !ends_line_or_sentence(s, *from);)
			(*from)++;
	if (cut_end)
		for (*to = n; *to > keep_end && !ends_line_or_sentence(s, *to);)
			(*to)--;
	*from = min_of(*from, keep);
	*to = max_of(*to, keep_end);
}

static int document_key(struct db *db, const char *id, int64_t *key, uint64_t *bytes)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, NULL,
		"SELECT key, text_bytes FROM document WHERE key = (SELECT " SQL_TARGET
		" FROM document d WHERE d.id = ?1 AND d.state = 1)",
		db_text(id));

	if (r == 0)
		r = db_step(stmt, &row, NULL);
	if (r == 0 && row) {
		*key = db_col_int(stmt, 0);
		*bytes = (uint64_t)db_col_int(stmt, 1);
	}
	db_release(stmt);
	return r ? r : row ? 0 : STORE_E_NOT_FOUND;
}

char *db_library_surroundings(struct db *db, const char *document, uint64_t start, uint64_t end,
	size_t bytes, size_t *len)
{
	uint64_t total = 0, spare, lo, hi;
	size_t from, to;
	struct buf text;
	char *out = NULL;
	int64_t key = 0;

	*len = 0;
	if (document_key(db, document, &key, &total) != 0 || start > end || end > total)
		return NULL;
	spare = bytes > end - start ? bytes - (end - start) : 0;
	lo = start > spare / 2 ? start - spare / 2 : 0;
	hi = min_of(total, end + spare - (start - lo));
	buf_init(&text, 0);
	if (text_read(db, key, lo, hi, &text, NULL) == 0 && text.len == hi - lo) {
		const char *s = (const char *)text.data;

		trim_edges(s, text.len, lo > 0, hi < total, start - lo, end - lo, &from, &to);
		while (from < to && ((unsigned char)s[from] & 0xc0) ==
					    0x80) /* no line began in what was read */
			from++;
		to = utf8_floor(s, text.len, to);
		out = mem_try_dup(s + from, to - from);
		*len = out ? to - from : 0;
	}
	buf_fini(&text);
	return out;
}
