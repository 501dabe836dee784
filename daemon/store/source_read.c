/* Sources by themselves: one with what stands around it, and the answers that cite a document. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "daemon/store/columns.h"
#include "daemon/store/documents.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

/* ---- one, opened ---- */

struct op_source_get *op_source_get_new(void)
{
	struct op_source_get *op = mem_new(sizeof(*op));

	op->job.run = op_source_get_run;
	turn_row_fini(&op->turn);
	source_init(&op->source);
	return op;
}

void op_source_get_free(struct op_source_get *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	turn_row_fini(&op->turn);
	source_fini(&op->source);
	mem_free(op->text);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

/* The document as it was cited, though perhaps put in again since: its id now, "" when there is none. */
static int document_now(struct db *db, const struct account *who, const struct source *s, id_str id, char **why)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT d.id FROM collection c JOIN document d ON d.collection = c.id WHERE c.account = ?1 AND "
		"d.name = ?2 AND d.sha256 = ?3 AND d.state = 1 ORDER BY d.id <> ?4 LIMIT 1",
		db_text(who->id), db_text(s->path), db_text(s->sha256), db_text(s->document));

	id[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, why);
	if (r == 0 && row)
		db_col_id(stmt, 0, id);
	db_release(stmt);
	return r;
}

static bool has_place(const struct source *s)
{
	return s->document && s->sha256 && s->path && s->quote && s->start >= 0 && s->end > s->start;
}

/* Who may read a thread may read what it quotes, not the document around it. */
static int open_source(struct db *db, struct op_source_get *op)
{
	struct source *s = &op->source;
	id_str id = "";
	const char *at;
	int r = 0;

	if (!op->shared && db->lib && has_place(s))
		r = document_now(db, &op->account, s, id, &op->job.why);
	if (r != 0 || !id[0])
		return r;
	op->text = db_library_surroundings(db, id, (uint64_t)s->start, (uint64_t)s->end,
		(size_t)(s->end - s->start) + 2 * op->around, &op->text_len);
	at = op->text ? memmem(op->text, op->text_len, s->quote, strlen(s->quote)) : NULL;
	if (at) {
		op->at = (size_t)(at - op->text);
	} else { /* read by another recipe since: the quote alone is sure */
		op->text = mem_free(op->text);
		op->text_len = 0;
	}
	return 0;
}

int op_source_get_run(struct db *db, struct job *j)
{
	struct op_source_get *op = container_of(j, struct op_source_get, job);
	const struct turn_want want = { .max_question = 0, .sources = true };
	id_str id;
	int r = ref_turn(db, &op->account, op->ref, REF_READ, id, &op->shared, &op->candidates, &j->why);

	if (r == 0)
		r = turn_load(db, id, &want, &op->turn, &j->why);
	if (r != 0)
		return r;
	for (size_t i = 0; i < op->turn.sources.n; i++) {
		if (op->turn.sources.v[i].n != op->n)
			continue;
		source_copy(&op->source, &op->turn.sources.v[i]);
		return open_source(db, op);
	}
	return db_fail(&j->why, STORE_E_NOT_FOUND, "this answer has no source [%d]", op->n);
}

/* ---- the answers that cite a document ---- */

#define FOUND_MAX 200

struct op_source_find *op_source_find_new(void)
{
	struct op_source_find *op = mem_new(sizeof(*op));

	op->job.run = op_source_find_run;
	return op;
}

static void forget(struct op_source_find *op)
{
	for (size_t i = 0; i < op->n; i++)
		turn_row_fini(&op->rows[i]);
	op->rows = mem_free(op->rows);
	op->n = 0;
	op->next = mem_free(op->next);
	op->cut = false;
}

void op_source_find_free(struct op_source_find *op)
{
	if (!op)
		return;
	forget(op);
	mem_free(op->account.name);
	mem_free(op->source);
	mem_free(op->before);
	job_fini(&op->job);
	mem_free(op);
}

/* FILE, a folder and FILE, or the document's id. */
bool source_is(const struct source *s, const char *name)
{
	size_t n = strlen(name), len = s->path ? strlen(s->path) : 0;

	if (s->document && !strcmp(s->document, name))
		return true;
	if (!len || len < n || strcmp(s->path + len - n, name) != 0)
		return false;
	return len == n || s->path[len - n - 1] == '/';
}

/* Keeps the sources that are meant; false: the answer cites none of them. */
static bool keep_cited(struct turn_row *t, const char *name)
{
	struct source_list kept = { 0 };

	for (size_t i = 0; i < t->sources.n; i++) {
		if (t->sources.v[i].cited && source_is(&t->sources.v[i], name))
			source_list_add(&kept, &t->sources.v[i]);
	}
	source_list_fini(&t->sources);
	t->sources = kept;
	return kept.n > 0;
}

static int add_found(struct db *db, struct op_source_find *op, const char *id, size_t *cap)
{
	const struct turn_want want = { .max_question = 4096, .sources = true };
	struct turn_row t = { .found = -1 };
	int r = turn_load(db, id, &want, &t, &op->job.why);

	if (r == 0 && keep_cited(&t, op->source)) {
		op->rows = mem_grow(op->rows, cap, op->n, sizeof(*op->rows));
		op->rows[op->n++] = t;
		return 0;
	}
	turn_row_fini(&t);
	return r == STORE_E_NOT_FOUND ? 0 : r;
}

/* As it stands in props: within a string of JSON, without its quotes. */
static void name_in_json(const char *name, struct buf *out)
{
	struct json_out w;
	struct buf b;

	buf_init(&b, 0);
	json_out_init(&w, &b);
	w.python_style = w.ascii = true;
	json_out_str(&w, name);
	if (!b.failed)
		(void)buf_add(out, b.data + 1, b.len - 2);
	buf_fini(&b);
}

char *source_find_after(const struct turn_row *t)
{
	return cursor_make(t->created_us, t->id);
}

/* The account's turns, newest first; the elements of each are looked up, most without being read. */
#define SQL_FIND                                                                                   \
	"SELECT t.id, t.created FROM ragchat_turn t WHERE t.account = ?1 AND (t.created, t.id) < " \
	"(?3, ?4) AND "
#define SQL_FIND_ELEMENTS                                                                          \
	SQL_FIND "EXISTS (SELECT 1 FROM elements e WHERE e.\"threadId\" = t.thread AND "           \
		 "e.\"forId\" = t.answer_step AND instr(e.props, ?2)) ORDER BY t.created DESC, t.id DESC"
#define SQL_FIND_ARRAY                                                                             \
	SQL_FIND "instr(t.sources, ?2) ORDER BY t.created DESC, t.id DESC"

static int find(struct db *db, struct op_source_find *op, const char *text)
{
	bool rows = columns_has(db->columns, TABLE_ELEMENTS, "props"), row = true;
	int64_t at = INT64_MAX;
	id_str before = "", id = "";
	sqlite3_stmt *stmt = NULL;
	size_t limit = (size_t)(op->limit < 1 ? 1 : op->limit > FOUND_MAX ? FOUND_MAX : op->limit), cap = 0;
	int r = op->before ? cursor_read(op->before, &at, before, &op->job.why) : 0;

	if (r == 0)
		r = db_query(&stmt, db, db->chat, &op->job.why, rows ? SQL_FIND_ELEMENTS : SQL_FIND_ARRAY,
			db_text(op->account.id), db_text(text), db_int(at), db_text(before));
	while (r == 0) {
		r = db_step(stmt, &row, &op->job.why);
		if (r != 0 || !row)
			break;
		if (op->n == limit) {
			op->next = source_find_after(&op->rows[limit - 1]);
			break;
		}
		db_col_id(stmt, 0, id);
		r = add_found(db, op, id, &cap);
	}
	db_release(stmt);
	return r;
}

int op_source_find_run(struct db *db, struct job *j)
{
	struct op_source_find *op = container_of(j, struct op_source_find, job);
	struct buf text;
	int r;

	forget(op);
	buf_init(&text, 0);
	name_in_json(op->source, &text);
	r = find(db, op, buf_cstr(&text));
	buf_fini(&text);
	if (r == STORE_E_DEADLINE && !db->yielded) {
		op->cut = true;
		r = 0;
	}
	return r;
}
