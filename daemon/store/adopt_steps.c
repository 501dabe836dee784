/* The rows of one thread as a Chainlit left them: any order, any stamp, any id. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/adopt_in.h"
#include "daemon/store/columns.h"
#include "daemon/store/rows.h"
#include "daemon/store/steps.h"

void steps_fini(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++) {
		mem_free(s->v[i].id);
		mem_free(s->v[i].parent);
		mem_free(s->v[i].text);
		mem_free(s->v[i].output);
	}
	for (size_t i = 0; i < s->npairs; i++) {
		mem_free(s->pairs[i].found_answer);
		mem_free(s->pairs[i].found_question);
	}
	mem_free(s->v);
	mem_free(s->by_id);
	mem_free(s->pairs);
	*s = (struct steps){ 0 };
}

/* What the seed's app says that is no answer. */
static bool is_notice(const struct step *s)
{
	static const char ingesting[] = "Ingesting documents";

	return s->text && (!strcmp(s->text, STEP_NOTICE_STOPPED) ||
				  !strncmp(s->text, ingesting, sizeof(ingesting) - 1));
}

/* A run's kind is final only when its parent is known: see steps_pair. */
static enum step_kind kind_of(const char *type, const char *name, const struct step *s)
{
	if (!type)
		return STEP_OTHER;
	if (!strcmp(type, "user_message"))
		return STEP_USER;
	if (!strcmp(type, "assistant_message"))
		return is_notice(s) ? STEP_NOTICE : STEP_ANSWER;
	if (!strcmp(type, "run"))
		return name && !strcmp(name, "on_message") ? STEP_RUN : STEP_GREETING;
	return STEP_OTHER;
}

static int64_t stamp(sqlite3_stmt *stmt, int i, int64_t none)
{
	const char *text = db_col_text(stmt, i);
	int64_t us;

	return text && clock_iso_parse(text, db_col_bytes(stmt, i), &us) == 0 ? us : none;
}

static void read_step(sqlite3_stmt *stmt, struct step *s, int64_t before)
{
	const char *type = db_col_text(stmt, 1);
	bool run = type && !strcmp(type, "run");
	const char *text = db_col_text(stmt, run ? 5 : 4);

	*s = (struct step){ .id = db_col_dup(stmt, 0), .parent = db_col_dup(stmt, 3), .pair = -1 };
	s->root = !s->parent;
	s->text = text_copy(
		text, text ? db_col_bytes(stmt, run ? 5 : 4) : 0, UINT64_MAX, &s->text_len);
	s->output = run ? text_column(stmt, 4) : NULL;
	s->kind = kind_of(type, db_col_text(stmt, 2), s);
	s->us = stamp(stmt, 6, before); /* without a stamp: where its row stands */
	s->end_us = stamp(stmt, 7, 0);
	s->ended = db_col_text(stmt, 7) != NULL;
	s->error = db_col_int(stmt, 8) != 0;
	s->row = db_col_int(stmt, 9);
}

static int by_time(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	if (x->us != y->us)
		return x->us < y->us ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static int by_id(const void *a, const void *b, void *arg)
{
	const struct step *v = arg;

	return strcmp(v[*(const int *)a].id, v[*(const int *)b].id);
}

int steps_find(const struct steps *s, const char *id)
{
	size_t from = 0, to = s->n;

	while (id && from < to) {
		size_t mid = from + (to - from) / 2;
		int c = strcmp(s->v[s->by_id[mid]].id, id);

		if (c == 0)
			return s->by_id[mid];
		if (c < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return -1;
}

static void sort_steps(struct steps *s)
{
	if (!s->n)
		return;
	qsort(s->v, s->n, sizeof(*s->v), by_time);
	s->by_id = mem_new(s->n * sizeof(*s->by_id));
	for (size_t i = 0; i < s->n; i++)
		s->by_id[i] = (int)i;
	qsort_r(s->by_id, s->n, sizeof(*s->by_id), by_id, s->v);
}

int steps_load(struct db *db, const char *thread, int64_t created_us, struct steps *s, char **why)
{
	sqlite3_stmt *stmt;
	int64_t before = created_us;
	struct buf sql;
	bool row = true;
	int r;

	buf_init(&sql, 0);
	buf_add_str(&sql, "SELECT s.id, s.type, ");
	columns_select(db->columns, TABLE_STEPS, "s", "name", &sql);
	buf_add_str(&sql, ", s.\"parentId\", s.output, s.input, s.\"createdAt\", ");
	columns_select(db->columns, TABLE_STEPS, "s", "end", &sql);
	buf_add_str(&sql, ", ");
	columns_select(db->columns, TABLE_STEPS, "s", "isError", &sql);
	buf_add_str(&sql,
		", s.rowid FROM steps s WHERE s.\"threadId\" = ?1 AND s.id IS NOT NULL "
		"ORDER BY s.rowid");
	r = db_query(&stmt, db, db->chat, why, buf_cstr(&sql), db_text(thread));
	buf_fini(&sql);
	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row) {
		s->v = mem_grow(s->v, &s->cap, s->n, sizeof(*s->v));
		read_step(stmt, &s->v[s->n], before);
		before = s->v[s->n++].us;
	}
	db_release(stmt);
	sort_steps(s);
	return r;
}
