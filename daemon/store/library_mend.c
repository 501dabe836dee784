/*
 * Is an index what its documents say? The text is the truth: what an index lacks, or cannot be read of
 * it, is made anew from there, behind the back of those who search (library_rebuild.c). Files of
 * segments prove themselves by their hashes; a table of words is asked whether it holds together, and
 * some documents of each collection, whether they are found.
 */
#define LOG_TAG "library"
#include "daemon/store/library_in.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/attr.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "daemon/store/segments.h"

#define SAMPLE 8             /* documents of a collection that are looked for */
#define WHOLE_PASSAGES 5000 /* a table of more is not read through at each start ... */
#define WHOLE_US 1000000    /* ... and of many only so much */

struct op_library_mend *op_library_mend_new(void)
{
	struct op_library_mend *op = mem_new(sizeof(*op));

	op->job.run = op_library_mend_run;
	return op;
}

void op_library_mend_free(struct op_library_mend *op)
{
	if (!op)
		return;
	job_fini(&op->job);
	mem_free(op);
}

struct looking {
	struct db *db;
	char **why;
	int64_t collection, passages, recipe;
	bool direct;
	char *name;
	struct account account;
};

/* The collection itself, or the next one behind it. */
static int load(struct looking *k, int64_t id, bool next, bool *found)
{
	sqlite3_stmt *stmt = NULL;
	int r = db_query(&stmt, k->db, k->db->lib, k->why,
		"SELECT id, account, name, passages, recipe, direct FROM collection WHERE id = ?1 + ?2 OR (?2 AND id > ?1) ORDER BY id LIMIT 1",
		db_int(id), db_int(next));

	*found = false;
	if (r == 0)
		r = db_step(stmt, found, k->why);
	if (r == 0 && *found) {
		k->collection = db_col_int(stmt, 0);
		db_col_id(stmt, 1, k->account.id);
		k->name = db_col_dup(stmt, 2);
		k->passages = db_col_int(stmt, 3);
		k->recipe = db_col_int(stmt, 4);
		k->direct = db_col_int(stmt, 5);
	}
	db_release(stmt);
	return r;
}

/* ---- what is wrong is given up ---- */

static int has_table(struct looking *k, const char *table, bool *yes)
{
	sqlite3_stmt *stmt = NULL;
	int r = db_query(&stmt, k->db, k->db->lib, k->why, "SELECT 1 FROM sqlite_schema WHERE name = ?1", db_text(table));

	*yes = false;
	if (r == 0)
		r = db_step(stmt, yes, k->why);
	db_release(stmt);
	return r;
}

/*
 * FTS5 makes it empty whatever it holds, unless it cannot even open it: then its blocks are written as
 * those of one that is new (the averages of nothing, a structure without a segment).
 */
static int empty(struct looking *k, const char *table)
{
	char sql[4 * WORDS_NAME + 160], *why = NULL;
	int r;

	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s (%s) VALUES ('delete-all')", table, table);
	r = db_script(k->db->lib, sql, &why);
	mem_free(why);
	if (r != STORE_E_CORRUPT && r != -EINVAL)
		return r;
	(void)snprintf(sql, sizeof(sql), "DELETE FROM %s_data; DELETE FROM %s_idx; INSERT INTO %s_data VALUES (1, x''), (10, x'00000000000000')",
		table, table, table);
	return words_script(k->db, sql, k->why);
}

/* Its name is gone: what may be left of it stands in the way of a new one. */
static int create(struct looking *k, const char *table)
{
	static const char *const parts[] = { "data", "idx", "config", "content", "docsize" };
	char sql[WORDS_NAME + 64];
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_len(parts); i++) {
		(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s_%s", table, parts[i]);
		r = db_script(k->db->lib, sql, k->why);
	}
	return r ? r : words_create(k->db, k->collection, WORDS_NOW, k->why);
}

static int give_up(struct looking *k)
{
	char table[WORDS_NAME], frozen[WORDS_NAME];
	bool there = false, moving = false;
	int r = library_begin(k->db, k->why);

	words_table(table, k->collection, WORDS_NOW);
	words_table(frozen, k->collection, WORDS_FROZEN);
	if (r == 0)
		r = has_table(k, table, &there);
	if (r == 0)
		r = there ? empty(k, table) : create(k, table);
	if (r == 0)
		r = has_table(k, frozen, &moving);
	if (r == 0 && moving)
		r = empty(k, frozen);
	if (r == 0)
		r = db_run(k->db, k->db->lib, k->why, "UPDATE collection SET recipe = ?2, next_recipe = 0 WHERE id = ?1",
			db_int(k->collection), db_int(RECIPE_DAMAGED));
	if (r == 0)
		return library_commit(k->db, k->why);
	db_rollback(k->db->lib);
	return r;
}

static int mend(struct looking *k)
{
	int r;

	if (k->recipe == RECIPE_DAMAGED)
		return 0;
	db_forget(k->db); /* statements hold on to what is wrong */
	r = give_up(k);
	if (r == 0)
		log_warn("the index of the collection '%s' is damaged: it is made anew from the stored text", log_text(k->name, strlen(k->name)));
	else
		log_error("the index of the collection '%s' is damaged and cannot be made anew: %s", log_text(k->name, strlen(k->name)),
			*k->why ? *k->why : "the database failed");
	return r;
}

/* ---- is anything wrong? ---- */

/* Does the table hold together? */
static bool holds(struct looking *k)
{
	char table[WORDS_NAME], sql[2 * WORDS_NAME + 64], *why = NULL;
	bool there = false;
	int r;

	words_table(table, k->collection, WORDS_NOW);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO %s (%s) VALUES ('integrity-check')", table, table);
	r = has_table(k, table, &there);
	if (r != 0 || (there && k->passages > WHOLE_PASSAGES))
		return true;
	r = there ? db_script(k->db->lib, sql, &why) : STORE_E_CORRUPT;
	mem_free(why);
	return r != STORE_E_CORRUPT && r != -EINVAL;
}

/* Is each document in a segment, where it is not in a table? Between two neighbours there is none. */
static int is_covered(struct looking *k, bool *all)
{
	sqlite3_stmt *stmt = NULL;
	bool gap = false;
	int r = db_query(&stmt, k->db, k->db->lib, k->why,
		"SELECT 1 FROM (SELECT last AS a, lead(first, 1, (SELECT id << ?2 | iif(direct, (1 << ?2) - 1, max(base, frozen)) FROM "
		"collection WHERE id = ?1)) OVER (ORDER BY first) AS b FROM (SELECT first, last FROM segment WHERE collection = ?1 AND "
		"state IN (1, 3) UNION ALL SELECT (?1 << ?2) - 1, (?1 << ?2) - 1 UNION ALL SELECT id << ?2 | base, (id << ?2 | frozen) - 1 FROM "
		"collection WHERE id = ?1 AND frozen > base)) x WHERE EXISTS (SELECT 1 FROM document d WHERE d.first > x.a AND "
		"d.first < x.b AND d.state = 1 AND d.passages > 0) LIMIT 1",
		db_int(k->collection), db_int(PASSAGE_BITS));

	if (r == 0)
		r = db_step(stmt, &gap, k->why);
	*all = !gap;
	db_release(stmt);
	return r;
}

struct longest {
	char term[256];
	size_t n;
};

static int keep_longest(void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	struct longest *l = ctx;

	(void)colocated;
	(void)start;
	(void)end;
	if (n > l->n && n < sizeof(l->term)) {
		memcpy(l->term, term, n);
		l->n = n;
	}
	return 0;
}

/* Is a document found by a word of its own? What has none is not asked. */
static int is_found(struct looking *k, int64_t key, const char *id, bool *found)
{
	struct document_place p = { 0 };
	struct longest l = { .n = 0 };
	struct words_row row = { 0 };
	char *heading = NULL;
	bool there = false;
	struct buf text;
	int r = document_place_load(k->db, key, &p, k->why);

	*found = true;
	buf_init(&text, 0);
	if (r == 0)
		r = words_load(k->db, &p, p.first, &row, &heading, &text, &there, k->why);
	if (r == 0 && there)
		(void)tokenizer_each(row.text, row.text_len, &l, keep_longest);
	if (r == 0 && l.n) {
		struct term_weight term = { .term = l.term, .n = l.n, .weight = 1, .own = true };
		struct db_search s = { .account = &k->account, .collection = k->name, .documents = &id, .ndocuments = 1,
			.terms = &term, .nterms = 1, .limit = 1 };

		r = db_library_search(k->db, &s);
		db_rollback(k->db->lib); /* where it had to look again */
		*found = r != 0 || (s.nhits && !s.damaged);
		for (size_t i = 0; i < s.nhits; i++)
			hit_fini(&s.hits[i]);
		mem_free(s.hits);
		mem_free(s.idf);
		mem_free(s.df);
		r = 0;
	}
	mem_free(heading);
	buf_fini(&text);
	document_place_fini(&p);
	return r;
}

/* At even distances over all that there are. */
static int look_for_some(struct looking *k, bool *all)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, k->db, k->db->lib, k->why,
		"SELECT key, id FROM (SELECT key, id, row_number() OVER (ORDER BY first) AS at, count(*) OVER () AS n FROM document "
		"WHERE collection = ?1 AND state = 1 AND first >= 0 AND passages > 0) WHERE (at - 1) % ((n + ?2 - 1) / ?2) = 0",
		db_int(k->collection), db_int(SAMPLE));

	*all = true;
	while (r == 0 && *all && (r = db_step(stmt, &row, k->why)) == 0 && row)
		r = is_found(k, db_col_int(stmt, 0), db_col_text(stmt, 1), all);
	db_release(stmt);
	return r;
}

/* A file that proved wrong is no matter of the whole collection. */
static int tell_broken(struct db *db, bool *told, char **why)
{
	int r = db->broken[0] ? segments_broken(db, db->broken, why) : 0;

	*told = db->broken[0];
	db->tend = db->tend || db->broken[0];
	db->broken[0] = '\0';
	return r;
}

static bool holds_in_time(struct looking *k, uint64_t *spent_us)
{
	uint64_t from = clock_mono_us();
	bool yes = *spent_us >= WHOLE_US || holds(k);

	*spent_us += clock_mono_us() - from;
	return yes;
}

static int look(struct looking *k, uint64_t *spent_us)
{
	bool all = true, broken = false;
	int r = 0;

	if (k->recipe != words_fingerprint()) /* it is made anew in any case */
		return 0;
	if (!k->direct && !holds_in_time(k, spent_us))
		return mend(k);
	k->db->broken[0] = '\0';
	r = is_covered(k, &all);
	if (r == 0 && all)
		r = look_for_some(k, &all);
	if (r == 0)
		r = tell_broken(k->db, &broken, k->why);
	return r || all || broken ? r : mend(k);
}

int op_library_mend_run(struct db *db, struct job *j)
{
	struct op_library_mend *op = container_of(j, struct op_library_mend, job);
	struct looking k = { .db = db, .why = &j->why };
	bool found = false;
	int r = load(&k, op->collection ? op->collection : op->after, !op->collection, &found);

	op->more = r == 0 && found && !op->collection;
	op->after = k.collection;
	if (r == 0 && found)
		r = op->collection ? mend(&k) : look(&k, &op->spent_us);
	if (!op->more)
		segments_forget(db);
	mem_free(k.name);
	return r;
}
