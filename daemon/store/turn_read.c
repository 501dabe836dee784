/* Turns read: one by REF, a thread's page, an account's page. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"

#define PAGE_MAX 1000

struct op_turn_get *op_turn_get_new(void)
{
	struct op_turn_get *op = mem_new(sizeof(*op));

	op->job.run = op_turn_get_run;
	turn_row_fini(&op->turn);
	return op;
}

void op_turn_get_free(struct op_turn_get *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->ref);
	turn_row_fini(&op->turn);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

int op_turn_get_run(struct db *db, struct job *j)
{
	struct op_turn_get *op = container_of(j, struct op_turn_get, job);
	const struct turn_want want = { .max_question = UINT64_MAX, .max_text = op->max_text,
		.sources = op->with_sources, .rating = true };
	id_str id;
	int r = ref_turn(db, &op->account, op->ref, op->own ? REF_OWN : REF_READ, id, &op->shared,
		&op->candidates, &j->why);

	return r ? r : turn_load(db, id, &want, &op->turn, &j->why);
}

struct op_turn_list *op_turn_list_new(void)
{
	struct op_turn_list *op = mem_new(sizeof(*op));

	op->job.run = op_turn_list_run;
	return op;
}

void op_turn_list_free(struct op_turn_list *op)
{
	if (!op)
		return;
	mem_free(op->account.name);
	mem_free(op->thread_ref);
	mem_free(op->before);
	thread_row_fini(&op->thread);
	for (size_t i = 0; i < op->n; i++)
		turn_row_fini(&op->rows[i]);
	mem_free(op->rows);
	mem_free(op->next);
	candidates_fini(&op->candidates);
	job_fini(&op->job);
	mem_free(op);
}

char *cursor_make(int64_t at, const char *id)
{
	return mem_printf("%" PRIx64 ".%s", (uint64_t)at, id);
}

int cursor_read(const char *cursor, int64_t *at, id_str id, char **why)
{
	const char *dot = strchr(cursor, '.');
	size_t n = dot ? strspn(cursor, "0123456789abcdef") : 0;
	size_t len = dot ? strlen(dot + 1) : 0;

	if (!dot || n == 0 || n > 16 || cursor + n != dot || len == 0 || len > ID_LEN)
		return db_fail(why, STORE_E_NOT_FOUND,
			"no such place in the list: begin again without a cursor");
	*at = (int64_t)strtoull(cursor, NULL, 16);
	memcpy(id, dot + 1, len + 1);
	return 0;
}

/* How many rows a page may have at most, and one more tells that there are more. */
static int64_t page_limit(int limit)
{
	return limit < 1 ? 1 : limit > PAGE_MAX ? PAGE_MAX : limit;
}

/* Rows into the op until the page is full by number or by bytes. */
static int fill_page(struct db *db, struct op_turn_list *op, sqlite3_stmt *stmt)
{
	const struct turn_want want = { .max_question = op->max_question, .max_text = op->max_text,
		.sources = op->with_sources, .rating = true };
	size_t limit = (size_t)page_limit(op->limit), cap = 0;
	uint64_t bytes = 0;
	bool row = false;
	int r;

	while ((r = db_step(stmt, &row, &op->job.why)) == 0 && row) {
		if (op->n == limit || (op->n && op->max_bytes && bytes >= op->max_bytes)) {
			op->more = true;
			break;
		}
		op->rows = mem_grow(op->rows, &cap, op->n, sizeof(*op->rows));
		op->rows[op->n] = (struct turn_row){ .found = -1 };
		r = turn_from_row(db, stmt, &want, &op->rows[op->n++], &op->job.why);
		if (r != 0)
			break;
		bytes += op->rows[op->n - 1].question_len + op->rows[op->n - 1].text_len;
		/* The one that went over waits for the next page; a page has one at least. */
		if (op->n > 1 && op->max_bytes && bytes > op->max_bytes) {
			turn_row_fini(&op->rows[--op->n]);
			op->more = true;
			break;
		}
	}
	return r;
}

static int find_listed(struct db *db, struct op_turn_list *op)
{
	char **why = &op->job.why;
	id_str id;
	int r = ref_thread(db, &op->account, op->thread_ref, REF_ANY, REF_READ, id, &op->candidates, why);

	if (r == 0)
		r = thread_load(db, id, &op->thread, why);
	return r ? r : thread_owner(db, &op->account, &op->thread, why);
}

static int list_thread(struct db *db, struct op_turn_list *op)
{
	char **why = &op->job.why;
	sqlite3_stmt *stmt = NULL;
	int r = find_listed(db, op);

	if (r == 0)
		r = db_query(&stmt, db, db->chat, why,
			SQL_TURN "WHERE t.thread = ?2 AND t.seq > ?3 ORDER BY t.seq LIMIT ?4",
			db_int(op->max_text > 0), db_text(op->thread.id), db_int(op->after),
			db_int(page_limit(op->limit) + 1));
	if (r == 0)
		r = fill_page(db, op, stmt);
	db_release(stmt);
	return r;
}

static int list_account(struct db *db, struct op_turn_list *op)
{
	char **why = &op->job.why;
	sqlite3_stmt *stmt = NULL;
	int64_t at = INT64_MAX;
	id_str id = "";
	int r = op->before ? cursor_read(op->before, &at, id, why) : 0;

	if (r == 0)
		r = db_query(&stmt, db, db->chat, why,
			SQL_TURN "WHERE t.account = ?2 AND (t.created, t.id) < (?3, ?4) "
				 "ORDER BY t.created DESC, t.id DESC LIMIT ?5",
			db_int(op->max_text > 0), db_text(op->account.id), db_int(at), db_text(id),
			db_int(page_limit(op->limit) + 1));
	if (r == 0)
		r = fill_page(db, op, stmt);
	db_release(stmt);
	if (r == 0 && op->more && op->n)
		op->next = cursor_make(op->rows[op->n - 1].created_us, op->rows[op->n - 1].id);
	return r;
}

/* `next`: the turn to begin the next page with. */
static int list_branch(struct db *db, struct op_turn_list *op)
{
	const struct turn_want want = { .max_question = op->max_question, .max_text = op->max_text,
		.sources = op->with_sources, .rating = true };
	size_t limit = (size_t)page_limit(op->limit), cap = 0;
	int64_t below = INT64_MAX;
	uint64_t bytes = 0;
	id_str at, id;
	int r = find_listed(db, op);

	if (r == 0)
		(void)snprintf(at, sizeof(at), "%s", op->before ? op->before : op->thread.last);
	while (r == 0 && at[0]) {
		struct turn_row *row;

		if (op->n == limit || (op->n && op->max_bytes && bytes >= op->max_bytes)) {
			op->next = mem_dup(at);
			break;
		}
		op->rows = mem_grow(op->rows, &cap, op->n, sizeof(*op->rows));
		row = &op->rows[op->n];
		*row = (struct turn_row){ .found = -1 };
		memcpy(id, at, sizeof(id));
		r = turn_load(db, id, &want, row, &op->job.why);
		/* Of this thread, and before its child: the rest is not to be followed. */
		if (r != 0 || strcmp(row->thread, op->thread.id) != 0 || row->seq >= below) {
			turn_row_fini(row);
			break;
		}
		op->n++;
		below = row->seq;
		bytes += row->question_len + row->text_len;
		memcpy(at, row->parent, sizeof(at));
	}
	if (r == STORE_E_NOT_FOUND && op->n) {
		op->job.why = mem_free(op->job.why);
		r = 0;
	}
	op->more = op->next != NULL;
	return r;
}

int op_turn_list_run(struct db *db, struct job *j)
{
	struct op_turn_list *op = container_of(j, struct op_turn_list, job);

	return op->branch ? list_branch(db, op) : op->thread_ref ? list_thread(db, op) : list_account(db, op);
}
