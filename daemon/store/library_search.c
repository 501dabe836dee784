/*
 * Searching an account's collections: one walk through the index of each (rank.h), scores over all
 * of them together, then the texts of the best. Runs within the read transaction of its lane.
 */
#include "daemon/store/library_in.h"

#include <errno.h>
#include <stdio.h>

#include "common/attr.h"
#include "common/mem.h"
#include "daemon/store/rank.h"
#include "daemon/store/search_hits.h"
#include "daemon/store/search_segments.h"

#define SCOPE_MAX 1024      /* documents a search may be kept to */

struct searched {
	struct collection {
		int64_t id, base, frozen;
		bool direct;
	} *v;
	size_t n, cap;
};

struct scope {
	struct rank_range *v;
	size_t n, cap;
	int64_t terms, passages;
};

struct walk {
	struct db *db;
	struct db_search *s;
	char **why;
	struct searched collections;
	struct scope scope;
	struct rank_rows rows;
	struct rank_lengths *lengths; /* one a collection */
	struct rank_document *whole;
	size_t cap_whole;
	struct searched_segments segments;
	struct rank rank;
	double *weights;
	bool *own, *number;
};

/* ---- what is searched ---- */

uint32_t db_library_languages(struct db *db, const struct account *account, const char *collection)
{
	sqlite3_stmt *stmt = NULL;
	uint32_t languages = 0;
	char *why = NULL;
	bool row = true;
	int r = db_query(&stmt, db, db->lib, &why,
		"SELECT languages FROM collection WHERE account = ?1 AND documents > 0 AND (?2 IS NULL OR name = ?2)",
		db_text(account->id), db_text(collection));

	while (r == 0) {
		r = db_step(stmt, &row, &why);
		if (r != 0 || !row)
			break;
		languages |= (uint32_t)db_col_int(stmt, 0);
	}
	db_release(stmt);
	mem_free(why);
	return languages;
}

static int find_collections(struct walk *w)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, w->db, w->db->lib, w->why,
		"SELECT id, documents, passages, terms, base, frozen, direct, recipe FROM collection WHERE account = ?1 AND "
		"documents > 0 "
		"AND (?2 IS NULL OR name = ?2) ORDER BY id",
		db_text(w->s->account->id), db_text(w->s->collection));

	while (r == 0) {
		r = db_step(stmt, &row, w->why);
		if (r != 0 || !row)
			break;
		w->collections.v = mem_grow(w->collections.v, &w->collections.cap, w->collections.n, sizeof(*w->collections.v));
		w->collections.v[w->collections.n++] = (struct collection){ db_col_int(stmt, 0),
			db_col_int(stmt, 4), db_col_int(stmt, 5), db_col_int(stmt, 6) };
		w->segments.lacking |= db_col_int(stmt, 7) == RECIPE_DAMAGED;
		w->rank.documents += db_col_int(stmt, 1);
		w->rank.passages += db_col_int(stmt, 2);
		w->rank.terms += db_col_int(stmt, 3);
	}
	db_release(stmt);
	return r;
}

static int by_first(const void *a, const void *b)
{
	const struct rank_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static bool scope_has(const struct scope *scope, int64_t first)
{
	for (size_t i = 0; i < scope->n; i++)
		if (scope->v[i].first == first)
			return true;
	return false;
}

/* One name or id of the scope: every visible document that it means. */
static int scope_add(struct walk *w, const char *ref)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, w->db, w->db->lib, w->why,
		"SELECT e.first, e.passages, e.terms FROM collection c JOIN document d ON "
		"d.collection = c.id JOIN document e ON e.key = " SQL_TARGET " "
		"WHERE c.account = ?1 AND d.state = 1 AND (?3 IS NULL OR c.name = ?3) AND (d.id = "
		"?2 OR d.name = ?2)",
		db_text(w->s->account->id), db_text(ref), db_text(w->s->collection));

	while (r == 0) {
		r = db_step(stmt, &row, w->why);
		if (r != 0 || !row || w->scope.n == SCOPE_MAX)
			break;
		if (scope_has(&w->scope, db_col_int(stmt, 0)))
			continue;
		w->scope.v = mem_grow(w->scope.v, &w->scope.cap, w->scope.n, sizeof(*w->scope.v));
		w->scope.v[w->scope.n++] =
			(struct rank_range){ db_col_int(stmt, 0), db_col_int(stmt, 1) };
		w->scope.passages += db_col_int(stmt, 1);
		w->scope.terms += db_col_int(stmt, 2);
	}
	db_release(stmt);
	return r;
}

/* The statistics of a search kept to some documents are those of these documents. */
static int find_scope(struct walk *w)
{
	int r = 0;

	if (!w->s->ndocuments)
		return 0;
	for (size_t i = 0; r == 0 && i < w->s->ndocuments && i < SCOPE_MAX; i++)
		r = scope_add(w, w->s->documents[i]);
	if (w->scope.n)
		qsort(w->scope.v, w->scope.n, sizeof(*w->scope.v), by_first);
	w->rank.documents = (int64_t)w->scope.n;
	w->rank.passages = w->scope.passages;
	w->rank.terms = w->scope.terms;
	w->rank.ranges = w->scope.v;
	w->rank.nranges = w->scope.n;
	return r;
}

/* ---- the walk ---- */

static bool go_on(void *ctx)
{
	return db_go_on(ctx);
}

/* "a" OR "b" OR name : "c" ...: terms were cut by us and hold no quote, but a doubled one would do
 * no harm. */
static int match_text(const struct db_search *s, struct buf *out)
{
	for (size_t i = 0; i < s->nterms; i++) {
		const struct term_weight *t = &s->terms[i];

		buf_add_str(out, i ? " OR " : "");
		buf_add_str(out, t->name_only ? "name : \"" : "\"");
		for (size_t c = 0; c < t->n; c++) {
			if (t->term[c] == '"')
				buf_add_byte(out, '"');
			buf_add_byte(out, (uint8_t)t->term[c]);
		}
		buf_add_byte(out, '"');
	}
	return out->failed ? -ENOMEM : 0;
}

/* Those that begin at the numbers [from, to). Whole documents need every row; passages are ranked without most of them. */
static int walk_segments(struct walk *w, const struct collection *c, int64_t from, int64_t to)
{
	struct searched_segments *x = &w->segments;
	size_t before = x->n;
	int r = searched_segments_add(x, c->id, c->id << PASSAGE_BITS | from, (c->id << PASSAGE_BITS) + to);

	for (size_t i = before; r == 0 && w->s->whole && i < x->n; i++) {
		r = rank_segment_rows(&w->rows, x->v[i].s, w->s->terms, w->s->nterms, go_on, w->db);
		if (r == SEGMENT_E_CORRUPT) /* the rows it gave are no worse than none */
			r = 0;
	}
	if (w->s->whole)
		(void)searched_segments_drop(x);
	return r ? r : w->db->yielded || w->db->cut || w->rows.full ? STORE_E_DEADLINE : 0;
}

/* Without those that turn out to be wrong. */
static int rank_all(struct walk *w)
{
	struct searched_segments *x = &w->segments;
	int r;

	do {
		w->rank.hits = mem_free(w->rank.hits);
		r = searched_segments_gone(x);
		w->rank.segments = x->v;
		w->rank.nsegments = w->s->whole ? 0 : x->n; /* there they are among the rows */
		if (r == 0)
			r = rank_run(&w->rank);
	} while (r == SEGMENT_E_CORRUPT && searched_segments_drop(x));
	return r;
}

/* Rowids lie between two bounds that FTS5 seeks; a list of them would make it walk once for each.
 */
static int walk_table(struct walk *w, int64_t collection, const char *table, struct buf *match)
{
	int64_t from = collection << PASSAGE_BITS, to = ((collection + 1) << PASSAGE_BITS) - 1;
	char sql[256];
	sqlite3_stmt *stmt;
	bool row = true;
	int r, rc;

	if (w->scope.n) {
		from = max_of(from, w->scope.v[0].first);
		to = min_of(
			to, w->scope.v[w->scope.n - 1].first + w->scope.v[w->scope.n - 1].n - 1);
	}
	if (from > to)
		return 0;
	(void)snprintf(sql, sizeof(sql),
		"SELECT ragchat_tally(%s, ?1) FROM %s WHERE %s MATCH ?2 AND rowid BETWEEN ?3 AND "
		"?4",
		table, table, table);
	r = db_query(&stmt, w->db, w->db->lib, w->why, sql, db_null(), db_text(buf_cstr(match)),
		db_int(from), db_int(to));
	if (r != 0)
		return r;
	rc = sqlite3_bind_pointer(stmt, 1, &w->rows, RANK_ROWS_POINTER, NULL);
	r = rc == SQLITE_OK ? 0 : db_error(w->db->lib, rc, w->why);
	while (r == 0 && row && !w->rows.full && !w->rows.failed)
		r = db_step(stmt, &row, w->why);
	db_release(stmt);
	return r ? r : w->rows.failed ? -ENOMEM : w->rows.full ? STORE_E_DEADLINE : 0;
}

/* Can it be asked at all? */
static bool opens(struct walk *w, const char *table)
{
	char sql[128];
	sqlite3_stmt *stmt;
	int r;

	(void)snprintf(sql, sizeof(sql), "SELECT rowid FROM %s LIMIT 0", table);
	r = db_query(&stmt, w->db, w->db->lib, NULL, sql);
	db_release(stmt);
	return r == 0;
}

/* One that is missing or cannot be read keeps nobody from what the others have. */
static int try_table(struct walk *w, int64_t collection, const char *table, struct buf *match)
{
	int r = walk_table(w, collection, table, match);

	if (r != STORE_E_CORRUPT && (r != -EINVAL || opens(w, table)))
		return r;
	w->s->damaged = collection;
	w->segments.lacking = true;
	return 0;
}

/* Rising ids: what was moved, what is on its way, what has come since. */
static int walk_collection(struct walk *w, const struct collection *c, struct buf *match)
{
	char table[WORDS_NAME];
	int64_t since = max_of(c->base, c->frozen);
	int r = since ? walk_segments(w, c, 0, since) : 0;

	if (r == 0 && c->frozen > c->base) {
		words_table(table, c->id, WORDS_FROZEN);
		r = try_table(w, c->id, table, match);
	}
	if (r == 0 && c->direct)
		return walk_segments(w, c, since, (int64_t)1 << PASSAGE_BITS);
	words_table(table, c->id, WORDS_NOW);
	return r ? r : try_table(w, c->id, table, match);
}

/* STORE_E_DEADLINE: the rows found so far are there. */
static int walk_all(struct walk *w)
{
	struct buf match;
	int r;

	buf_init(&match, 0);
	r = match_text(w->s, &match);
	for (size_t i = 0; r == 0 && i < w->collections.n; i++)
		r = walk_collection(w, &w->collections.v[i], &match);
	buf_fini(&match);
	return r;
}

/* ---- lengths ---- */

/* Blocks from..to of one collection: those that its rows lie in, and the one before and behind. */
static int load_blocks(struct walk *w, struct rank_lengths *l, int64_t from, int64_t to)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r;

	l->base = from;
	l->v = calloc((size_t)(to - from + 1), sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	l->n = (size_t)(to - from + 1);
	r = db_query(&stmt, w->db, w->db->lib, w->why,
		"SELECT id, data FROM lengths WHERE id BETWEEN ?1 AND ?2", db_int(from),
		db_int(to));
	while (r == 0) {
		r = db_step(stmt, &row, w->why);
		if (r != 0 || !row)
			break;
		if (sqlite3_column_bytes(stmt, 1) != LENGTHS_BYTES)
			continue;
		l->v[db_col_int(stmt, 0) - from] =
			mem_try_dup(sqlite3_column_blob(stmt, 1), LENGTHS_BYTES);
		if (!l->v[db_col_int(stmt, 0) - from])
			r = -ENOMEM;
	}
	db_release(stmt);
	return r;
}

/* Rows come collection by collection, rising. */
static int load_lengths(struct walk *w)
{
	const struct rank_rows *rows = &w->rows;
	int r = 0;

	for (size_t i = 0, end; r == 0 && i < rows->n; i = end) {
		int64_t collection = rows->v[i].id >> PASSAGE_BITS;
		int64_t low = collection << (PASSAGE_BITS - LENGTHS_BITS);
		int64_t high = ((collection + 1) << (PASSAGE_BITS - LENGTHS_BITS)) - 1;

		for (end = i + 1; end < rows->n && rows->v[end].id >> PASSAGE_BITS == collection;)
			end++;
		r = load_blocks(w, &w->lengths[w->rank.nlengths++],
			max_of(low, (rows->v[i].id >> LENGTHS_BITS) - 1),
			min_of(high, (rows->v[end - 1].id >> LENGTHS_BITS) + 1));
	}
	w->rank.lengths = w->lengths;
	return r;
}

/* ---- whole documents ---- */

static int load_documents_of(struct walk *w, int64_t collection)
{
	sqlite3_stmt *stmt = NULL;
	bool row = true;
	int r = db_query(&stmt, w->db, w->db->lib, w->why,
		"SELECT first, passages, terms FROM document WHERE first >= ?1 AND first < ?2 AND "
		"state = 1 ORDER BY first",
		db_int(collection << PASSAGE_BITS), db_int((collection + 1) << PASSAGE_BITS));

	while (r == 0) {
		r = db_step(stmt, &row, w->why);
		if (r != 0 || !row)
			break;
		w->whole = mem_grow(w->whole, &w->cap_whole, w->rank.nwhole, sizeof(*w->whole));
		w->whole[w->rank.nwhole++] = (struct rank_document){ db_col_int(stmt, 0),
			db_col_int(stmt, 1), db_col_int(stmt, 2) };
	}
	db_release(stmt);
	return r;
}

/* Only where they are ranked: one that asks for passages does not pay for it. */
static int load_documents(struct walk *w)
{
	int r = 0;

	if (!w->s->whole)
		return 0;
	for (size_t i = 0; r == 0 && i < w->collections.n; i++)
		r = load_documents_of(w, w->collections.v[i].id);
	if (!w->whole)
		w->whole = mem_new(sizeof(*w->whole));
	w->rank.whole = w->whole;
	return r;
}

/* ---- the whole ---- */

static bool is_number(const struct term_weight *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->term[i] < '0' || t->term[i] > '9')
			return false;
	return true;
}

static int prepare(struct walk *w)
{
	struct db_search *s = w->s;
	int r;

	s->idf = calloc(s->nterms + 1, sizeof(*s->idf));
	s->df = calloc(s->nterms + 1, sizeof(*s->df));
	w->weights = calloc(s->nterms + 1, sizeof(*w->weights));
	w->own = calloc(s->nterms + 1, sizeof(*w->own));
	w->number = calloc(s->nterms + 1, sizeof(*w->number));
	if (!s->idf || !s->df || !w->weights || !w->own || !w->number)
		return -ENOMEM;
	for (size_t i = 0; i < s->nterms; i++) {
		w->weights[i] = s->terms[i].weight;
		w->own[i] = s->terms[i].own;
		w->number[i] = is_number(&s->terms[i]);
	}
	s->most = rank_most();
	r = find_collections(w);
	if (r == 0)
		r = find_scope(w);
	w->lengths = calloc(w->collections.n + 1, sizeof(*w->lengths));
	s->documents_searched = w->rank.documents;
	s->passages_searched = w->rank.passages;
	return r ? r : w->lengths ? 0 : -ENOMEM;
}

static int search(struct walk *w)
{
	bool nowhere = w->s->ndocuments && !w->scope.n;
	int walked = w->s->nterms && !nowhere ? walk_all(w) : 0, r;

	if ((walked != 0 && walked != STORE_E_DEADLINE) || w->db->yielded)
		return walked;
	if (!w->segments.n || w->s->whole)
		db_give_way(w->db, 0);
	if (walked == STORE_E_DEADLINE)
		db_deadline(w->db, 0); /* what was found is a little work still, and worth it */
	r = load_lengths(w);
	if (r == 0)
		r = load_documents(w);
	if (r == 0)
		r = rank_all(w);
	if (r == 0 && w->db->yielded)
		return STORE_E_DEADLINE;
	w->s->lacking = w->segments.lacking;
	if (w->rank.ended || w->segments.lacking)
		walked = STORE_E_DEADLINE;
	db_give_way(w->db, 0);
	if (w->rank.ended)
		db_deadline(w->db, 0);
	if (r == 0)
		r = search_hits(w->db, w->s, &w->rank, w->why);
	return r ? r : walked;
}

static int search_once(struct db *db, struct db_search *s, bool again)
{
	char *why = NULL;
	struct walk w = { .db = db, .s = s, .why = &why,
		.segments = { .db = db, .why = &why, .again = again } };
	int r;

	s->hits = NULL;
	s->nhits = 0;
	s->damaged = 0;
	s->lacking = false;
	segments_turn(db);
	if (s->nterms > RANK_TERMS_MAX)
		s->nterms = RANK_TERMS_MAX;
	r = prepare(&w);
	w.rank.rows = &w.rows;
	w.rank.weights = w.weights;
	w.rank.own = w.own;
	w.rank.number = w.number;
	w.rank.nterms = s->nterms;
	w.rank.limit = s->limit > 0 ? (size_t)s->limit : 0;
	w.rank.idf = s->idf;
	w.rank.df = s->df;
	w.rank.words = s->terms;
	w.rank.go_on = go_on;
	w.rank.ctx = db;
	if (r == 0)
		r = search(&w);
	rank_rows_fini(&w.rows);
	for (size_t i = 0; i < w.rank.nlengths; i++)
		rank_lengths_fini(&w.lengths[i]);
	mem_free(w.collections.v);
	mem_free(w.lengths);
	mem_free(w.whole);
	mem_free(w.rank.hits);
	mem_free(w.weights);
	mem_free(w.own);
	mem_free(w.number);
	mem_free(w.scope.v);
	searched_segments_fini(&w.segments);
	mem_free(why);
	return r;
}

#define AGAIN 4 /* while much comes in, what just came is merged several times a second */

/* A segment may be merged away between the moment this transaction sees and now: then it sees another one. */
int db_library_search(struct db *db, struct db_search *s)
{
	int r = search_once(db, s, false);

	for (int i = 1; r == -ENOENT && i <= AGAIN; i++) {
		s->idf = mem_free(s->idf);
		s->df = mem_free(s->df);
		db_rollback(db->lib);
		r = db_script(db->lib, "BEGIN", NULL);
		if (r == 0)
			r = search_once(db, s, i == AGAIN);
	}
	return r;
}
