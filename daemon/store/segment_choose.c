/*
 * What is to be done next for segments: those that just came in and are many, what has to be made from
 * the text, neighbours of about one size. Only neighbours are merged, so that passages stay in order.
 */

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/library_in.h"
#include "daemon/store/segments.h"

#define MERGE_FROM 12    /* so many neighbours of about one size become one */
#define SMALL_PASSAGES 2048 /* what comes in at once has less ... */
#define SMALL_FROM 64    /* ... and is merged when there are so many */
#define ROUGH_PASSAGES 4096 /* ... or so much of it: a search reads all that is small */
#define CROWD 192        /* of one collection: whatever their sizes */
#define GONE_SHARE 4     /* one of so many passages gone: it is made anew without them */

struct row {
	int64_t id, first, last, passages, gone;
	bool wall; /* being made anew, or on its way: nothing is merged across */
};

static int find_text(struct db *db, struct segments_work *w, char **why)
{
	sqlite3_stmt *stmt;
	bool found = false;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT collection, begin, end, broken, coalesce((SELECT max(last) + 1 FROM segment s WHERE s.collection = "
		"x.collection AND s.state = 0 AND s.first >= begin AND s.first < end), begin) FROM ("
		"SELECT collection, first AS begin, last + 1 AS end, id AS broken FROM segment WHERE state = 3 UNION ALL "
		"SELECT id, id << ?1 | base, id << ?1 | frozen, 0 FROM collection WHERE frozen > base) x LIMIT 1",
		db_int(PASSAGE_BITS));

	if (r == 0)
		r = db_step(stmt, &found, why);
	if (r == 0 && found)
		*w = (struct segments_work){ .task = SEGMENTS_FROM_TEXT,
			.collection = db_col_int(stmt, 0),
			.begin = db_col_int(stmt, 1),
			.end = db_col_int(stmt, 2),
			.broken = db_col_int(stmt, 3),
			.first = db_col_int(stmt, 4) };
	db_release(stmt);
	return r;
}

/* ---- which of a collection ---- */

static void take_rows(struct segments_work *w, int64_t collection, const struct row *v, size_t n)
{
	*w = (struct segments_work){ .task = SEGMENTS_MERGE, .collection = collection, .nold = n,
		.first = v[0].first, .last = v[n - 1].last };
	for (size_t i = 0; i < n; i++)
		w->old[i] = v[i].id;
}

static bool is_small(const struct row *v)
{
	return !v->wall && v->passages < SMALL_PASSAGES;
}

/* Small ones in a row, as many as may be taken at once. */
static bool choose_small(struct segments_work *w, int64_t collection, const struct row *v, size_t n)
{
	for (size_t i = 0, run; i < n; i += run + 1) {
		int64_t passages = 0;

		for (run = 0; i + run < n && is_small(&v[i + run]); run++)
			passages += v[i + run].passages;
		if (run < SMALL_FROM && passages < ROUGH_PASSAGES)
			continue;
		take_rows(w, collection, &v[i], min_of(run, (size_t)SEGMENTS_MERGED));
		return true;
	}
	return false;
}

/*
 * Neighbours, none larger than all others together: so each passage is merged no more often than a
 * few times however many come. The smallest such group first.
 */
static bool choose_equal(
	struct segments_work *w, int64_t collection, const struct row *v, size_t n, size_t most_at_once, bool any)
{
	int64_t best = INT64_MAX;

	for (size_t i = 0; i + most_at_once <= n; i++) {
		int64_t sum = 0, most = 0;
		bool wall = false, small = true;

		for (size_t k = i; k < i + most_at_once; k++) {
			sum += v[k].passages;
			most = max_of(most, v[k].passages);
			wall |= v[k].wall;
			small &= is_small(&v[k]);
		}
		if (wall || sum >= best || (!any && (small || most > sum - most)))
			continue;
		best = sum;
		take_rows(w, collection, &v[i], most_at_once);
	}
	return best != INT64_MAX;
}

static bool choose_gone(struct segments_work *w, int64_t collection, const struct row *v, size_t n)
{
	int64_t best = INT64_MAX;

	for (size_t i = 0; i < n; i++)
		if (!v[i].wall && v[i].gone * GONE_SHARE > v[i].passages && v[i].passages < best) {
			best = v[i].passages;
			take_rows(w, collection, &v[i], 1);
		}
	return best != INT64_MAX;
}

static int load_rows(struct db *db, int64_t collection, struct row **v, size_t *n, char **why)
{
	sqlite3_stmt *stmt;
	size_t cap = 0;
	bool row = true;
	/* what is frozen lies before what came in since */
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT id, first, last, passages, (SELECT coalesce(sum(g.passages), 0) FROM segment_gone g WHERE g.first "
		"BETWEEN s.first AND s.last), state FROM segment s WHERE collection = ?1 AND state IN (0, 1, 3) "
		"AND first >= (SELECT c.id << ?2 | iif(frozen > base, frozen, 0) FROM collection c WHERE c.id = ?1) ORDER BY first",
		db_int(collection), db_int(PASSAGE_BITS));

	while (r == 0 && (r = db_step(stmt, &row, why)) == 0 && row) {
		*v = mem_grow(*v, &cap, *n, sizeof(**v));
		(*v)[(*n)++] = (struct row){ db_col_int(stmt, 0), db_col_int(stmt, 1), db_col_int(stmt, 2), db_col_int(stmt, 3),
			db_col_int(stmt, 4), db_col_int(stmt, 5) != 1 };
	}
	db_release(stmt);
	return r;
}

/* `urgent`: only what piles up. */
static int choose_of(struct db *db, int64_t collection, bool urgent, struct segments_work *w, char **why)
{
	struct row *v = NULL;
	size_t n = 0;
	int r = load_rows(db, collection, &v, &n, why);

	if (r == 0 && !choose_small(w, collection, v, n) &&
		!(n >= CROWD && choose_equal(w, collection, v, n, SEGMENTS_MERGED, true)) && !urgent &&
		!choose_gone(w, collection, v, n))
		(void)choose_equal(w, collection, v, n, MERGE_FROM, false);
	mem_free(v);
	return r;
}

static int find_merge(struct db *db, bool urgent, struct segments_work *w, char **why)
{
	sqlite3_stmt *stmt;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, why,
		"SELECT collection FROM segment WHERE state = 1 GROUP BY collection HAVING count(*) >= ?1",
		db_int(urgent ? SMALL_FROM : 1));

	while (r == 0 && w->task == SEGMENTS_NOTHING && (r = db_step(stmt, &row, why)) == 0 && row)
		r = choose_of(db, db_col_int(stmt, 0), urgent, w, why);
	db_release(stmt);
	return r;
}

int segments_choose(struct db *db, struct segments_work *w, char **why)
{
	int r = db_script(db->lib, "BEGIN", why);

	if (r == 0)
		r = find_merge(db, true, w, why);
	if (r == 0 && w->task == SEGMENTS_NOTHING)
		r = find_text(db, w, why);
	if (r == 0 && w->task == SEGMENTS_NOTHING)
		r = find_merge(db, false, w, why);
	db_rollback(db->lib);
	return r;
}
