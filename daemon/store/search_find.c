/*
 * What was said, found: shard by shard from the newest, in the account's own tables, until the page is
 * full or the time over. Broken off for another account it goes on where it was: what it found stays in
 * the op, and below which row to go on.
 */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "daemon/store/rows.h"
#include "daemon/store/search_look.h"

#define WORTH_MOST_MS 60

void search_query_fini(struct search_query *q)
{
	for (size_t i = 0; i < q->n; i++)
		mem_free(q->terms[i].text);
	mem_free(q->match);
	mem_free(q->must);
	*q = (struct search_query){ 0 };
}

struct op_search *op_search_new(void)
{
	struct op_search *op = mem_new(sizeof(*op));

	op->job.run = op_search_run;
	op->job.goes_on = true;
	op->until_us = INT64_MAX;
	op->at.shown = -1;
	return op;
}

void op_search_free(struct op_search *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < op->n; i++) {
		mem_free(op->rows[i].name);
		mem_free(op->rows[i].snippet);
	}
	mem_free(op->rows);
	mem_free(op->next);
	mem_free(op->at.best);
	candidates_fini(&op->candidates);
	search_query_fini(&op->query);
	mem_free(op->account.name);
	mem_free(op->thread_ref);
	mem_free(op->tag);
	mem_free(op->before);
	job_fini(&op->job);
	mem_free(op);
}

/* FTS5 begins at the end of its table whatever the bounds: broken off too early, a search would never come further. */
void search_arrived(struct look *k)
{
	uint64_t now = clock_mono_ms();

	if (k->began_ms && k->db->yield_ms)
		k->db->yield_ms = max_of(k->db->yield_ms, now + min_of(3 * (now - k->began_ms), (uint64_t)WORTH_MOST_MS));
	k->began_ms = 0;
}

/* One turn once: its pieces lie side by side. *stop: the page is full, or the question has become another. */
static int take_row(struct look *k, int64_t rowid, bool *stop)
{
	struct op_search *op = k->op;
	struct found hit = found_of(rowid);
	size_t before = op->n;
	int r = 0;

	k->full = *stop = hit.base != op->at.shown && op->n == (size_t)op->limit;
	if (*stop)
		return 0;
	op->at.to = rowid; /* the way to here may have been longer than a piece of time */
	search_arrived(k);
	if (hit.base != op->at.shown)
		r = db_go_on(k->db) ? search_add_hit(k, &hit) : STORE_E_DEADLINE;
	if (r == 0)
		op->at.to = rowid - 1;
	if (op->n > before)
		op->at.shown = hit.base;
	*stop = k->narrowed;
	return r;
}

static int newest_in(struct look *k, const struct shard *s)
{
	char table[SAID_TABLE], sql[192];
	sqlite3_stmt *stmt;
	bool row = false, stop = false;
	int r;

	said_table(table, s->id);
	(void)snprintf(sql, sizeof(sql), "SELECT rowid FROM %s WHERE %s MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC", table,
		table);
	r = db_query(&stmt, k->db, k->db->said, k->why, sql, db_text(buf_cstr(&k->match)), db_int(k->from), db_int(k->op->at.to));
	while (r == 0 && !stop && (r = db_step(stmt, &row, k->why)) == 0 && row)
		r = take_row(k, db_col_int(stmt, 0), &stop);
	db_release(stmt);
	return r;
}

/* A turn that was looked at in part is looked at again, unless it is shown already. */
static char *place_of(const struct op_search *op)
{
	int64_t base = op->at.to >> SAID_BITS;

	return op->at.to <= 0 ? NULL : cursor_make(base == op->at.shown ? base : base + (base < INT64_MAX >> SAID_BITS), "s");
}

static int newest(struct look *k)
{
	struct op_search *op = k->op;
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && !k->full && i < k->nshards; i += !k->narrowed) {
		const struct shard *s = &k->shards[i];

		r = db_go_on(k->db) ? scope_match(k, s, &any) : STORE_E_DEADLINE;
		if (r == 0 && any)
			r = newest_in(k, s);
		if (r == 0 && !k->full && !k->narrowed)
			op->at.to = (s->first << SAID_BITS) - 1;
	}
	op->cut = r == STORE_E_DEADLINE && !k->db->yielded;
	if (k->full || op->cut)
		op->next = place_of(op);
	return op->cut ? 0 : r;
}

int op_search_run(struct db *db, struct job *j)
{
	struct op_search *op = container_of(j, struct op_search, job);
	struct look k = { .db = db, .op = op, .why = &j->why, .began_ms = clock_mono_ms() };
	int64_t before = op->at.to;
	size_t loaded = op->at.loaded;
	int r;

	candidates_fini(&op->candidates);
	if (!db->said)
		return db_fail(&j->why, STORE_E_BUSY, "the index of the search could not be made: see the daemon's log");
	op->limit = max_of(op->limit, 1);
	if (!op->at.begun)
		db_look(db, j);
	r = scope_find(&k);
	if (r == 0 && !op->at.begun) {
		op->at.to = k.to;
		op->at.begun = true;
	}
	if (r == 0)
		r = op->rank ? search_best(&k) : newest(&k);
	if (r == STORE_E_DEADLINE && !db->yielded) { /* before the first look */
		j->why = mem_free(j->why);
		op->next = op->rank ? NULL : mem_dup(op->before);
		op->cut = true;
		r = 0;
	}
	j->moved = op->at.to != before || op->at.loaded != loaded;
	scope_fini(&k);
	return r;
}
