/*
 * What was said, found: shard by shard from the newest, in the account's own tables. A row of the
 * index is a hint only: whose the turn is, and what it says, is read from the conversations, and
 * what the index has of turns that are gone or read otherwise now is passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/utf8.h"
#include "daemon/store/library_in.h"
#include "daemon/store/ref.h"
#include "daemon/store/rows.h"
#include "daemon/store/search_in.h"

#define SNIPPET_BEFORE 60 /* bytes of text before the first mark, and all of it */
#define SNIPPET_BYTES 220
#define LOOK_MS 30

void search_query_fini(struct search_query *q)
{
	for (size_t i = 0; i < q->n; i++)
		mem_free(q->terms[i].text);
	mem_free(q->match);
	*q = (struct search_query){ 0 };
}

struct op_search *op_search_new(void)
{
	struct op_search *op = mem_new(sizeof(*op));

	op->job.run = op_search_run;
	op->job.again = true;
	op->until_us = INT64_MAX;
	return op;
}

static void results_fini(struct op_search *op)
{
	for (size_t i = 0; i < op->n; i++) {
		mem_free(op->rows[i].name);
		mem_free(op->rows[i].snippet);
	}
	op->rows = mem_free(op->rows);
	op->n = 0;
	op->next = mem_free(op->next);
	op->cut = false;
	candidates_fini(&op->candidates);
}

void op_search_free(struct op_search *op)
{
	if (!op)
		return;
	results_fini(op);
	search_query_fini(&op->query);
	mem_free(op->account.name);
	mem_free(op->thread_ref);
	mem_free(op->tag);
	mem_free(op->before);
	job_fini(&op->job);
	mem_free(op);
}

/* ---- snippets ---- */

struct view {
	const struct search_query *q;
	const char *text;
	size_t n;
	size_t from, to; /* of the snippet; to 0: nothing found yet */
	struct said *out;
	size_t at[array_len(((struct said *)0)->marks)][2];
	size_t nat;
};

static bool is_wanted(const struct search_query *q, const char *term, size_t n)
{
	for (size_t i = 0; i < q->n; i++)
		if ((q->terms[i].n == n || (q->terms[i].prefix && q->terms[i].n < n)) &&
			!memcmp(q->terms[i].text, term, q->terms[i].n))
			return true;
	return false;
}

static int on_word(void *ctx, bool colocated, const char *term, size_t n, size_t start, size_t end)
{
	struct view *v = ctx;

	(void)colocated;
	if (v->to && start >= v->to)
		return 1;
	if (!is_wanted(v->q, term, n))
		return 0;
	if (!v->to) {
		v->from = start > SNIPPET_BEFORE ? utf8_floor(v->text, v->n, start - SNIPPET_BEFORE) : 0;
		v->to = utf8_floor(v->text, v->n, min_of(v->n, max_of(v->from + SNIPPET_BYTES, end)));
	}
	if (end > v->to)
		return 0;
	/* Pairs of a run of CJK overlap: one mark. */
	if (v->nat && start <= v->at[v->nat - 1][1]) {
		v->at[v->nat - 1][1] = max_of(end, v->at[v->nat - 1][1]);
	} else if (v->nat < array_len(v->at)) {
		v->at[v->nat][0] = start;
		v->at[v->nat++][1] = end;
	}
	return 0;
}

/* The snippet begins and ends between words where it can. */
static void trim(struct view *v)
{
	size_t most = v->nat ? v->at[0][0] : v->from;

	if (v->from) {
		for (size_t i = v->from; i < most; i++)
			if (v->text[i] == ' ' || v->text[i] == '\n') {
				v->from = i + 1;
				break;
			}
	}
	for (size_t i = v->to; v->to < v->n && i > v->at[v->nat - 1][1]; i--)
		if (v->text[i] == ' ' || v->text[i] == '\n') {
			v->to = i;
			break;
		}
}

static void copy_out(struct view *v)
{
	struct said *out = v->out;

	out->snippet_len = v->to - v->from;
	out->snippet = mem_ndup(v->text + v->from, out->snippet_len);
	for (size_t i = 0; i < out->snippet_len; i++)
		if ((unsigned char)out->snippet[i] < ' ')
			out->snippet[i] = ' ';
	for (size_t i = 0; i < v->nat; i++)
		out->marks[out->nmarks++] = (struct said_mark){ .from = (uint32_t)(v->at[i][0] - v->from),
			.len = (uint32_t)(v->at[i][1] - v->at[i][0]) };
}

/* False: none of the words is there. */
static bool show(const struct search_query *q, const char *text, size_t n, struct said *out)
{
	struct view v = { .q = q, .text = text, .n = n, .out = out };

	if (tokenizer_each(text, n, &v, on_word) < 0 || !v.nat)
		return false;
	trim(&v);
	copy_out(&v);
	return true;
}

/* ---- one hit ---- */

struct found {
	int64_t base;
	unsigned piece;
	double score;
};

struct finding {
	struct db *db;
	struct op_search *op;
	char **why;
	int64_t account;      /* its number in the index */
	id_str thread;        /* what it is kept to, or "" */
	struct buf match;
	int64_t from, to;     /* rowids, both included */
	size_t limit, cap;
	int64_t last, shown;  /* bases: the one looked at last, the one of the last row */
	bool full;
};

static int turn_of(struct finding *f, int64_t base, id_str turn)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, f->db, f->db->said, f->why, "SELECT id FROM turn WHERE account = ?1 AND base = ?2",
		db_int(f->account), db_int(base));

	turn[0] = '\0';
	if (r == 0)
		r = db_step(stmt, &row, f->why);
	if (r == 0 && row)
		db_col_id(stmt, 0, turn);
	db_release(stmt);
	return r;
}

/* The piece that was found, or else the name; *shown false: it is not so any more. */
static void show_turn(struct finding *f, const struct turn_row *t, unsigned piece, struct said *out, bool *shown)
{
	bool answer = piece >= PIECE_ANSWER;
	const char *text = answer ? t->text : t->question;
	size_t from, to;

	out->part = answer ? SAID_ANSWER : SAID_QUESTION;
	*shown = text && said_piece(text, answer ? t->text_len : t->question_len, answer ? piece - PIECE_ANSWER : piece, &from, &to) &&
		 show(&f->op->query, text + from, to - from, out);
	if (*shown || piece)
		return;
	out->part = SAID_NAME;
	*shown = show(&f->op->query, t->thread_name, strlen(t->thread_name), out);
}

static int has_tag(struct finding *f, const char *thread, bool *has)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, f->db, f->db->chat, f->why, "SELECT 1 FROM ragchat_tag WHERE account = ?1 AND tag = ?2 AND thread = ?3",
		db_text(f->op->account.id), db_text(f->op->tag), db_text(thread));

	if (r == 0)
		r = db_step(stmt, has, f->why);
	db_release(stmt);
	return r;
}

static int is_ours(struct finding *f, const char *turn, bool *ours)
{
	sqlite3_stmt *stmt;
	int r = db_query(&stmt, f->db, f->db->chat, f->why,
		"SELECT 1 FROM ragchat_turn t JOIN ragchat_thread h ON h.id = t.thread WHERE t.id = ?1 AND t.account = ?2 AND h.account = ?2",
		db_text(turn), db_text(f->op->account.id));

	if (r == 0)
		r = db_step(stmt, ours, f->why);
	db_release(stmt);
	return r;
}

static int add_hit(struct finding *f, const struct found *hit)
{
	uint64_t piece = hit->piece >= PIECE_ANSWER ? hit->piece - PIECE_ANSWER : hit->piece;
	const struct turn_want want = { .max_question = hit->piece >= PIECE_ANSWER ? 0 : (piece + 1) * SAID_BYTES + 4,
		.max_text = hit->piece >= PIECE_ANSWER ? (piece + 1) * SAID_BYTES + 4 : 0 };
	struct said said = { .score = hit->score };
	struct turn_row t = { .found = -1 };
	bool shown = false;
	id_str turn;
	int r = turn_of(f, hit->base, turn);

	if (r == 0 && turn[0])
		r = is_ours(f, turn, &shown);
	if (r != 0 || !shown)
		return r;
	r = turn_load(f->db, turn, &want, &t, f->why);
	if (r == STORE_E_NOT_FOUND) {
		*f->why = mem_free(*f->why);
		return 0;
	}
	if (r == 0 && f->op->tag)
		r = has_tag(f, t.thread, &shown);
	if (r == 0 && shown)
		show_turn(f, &t, hit->piece, &said, &shown);
	if (r == 0 && shown) {
		memcpy(said.turn, t.id, sizeof(said.turn));
		memcpy(said.thread, t.thread, sizeof(said.thread));
		said.seq = t.seq;
		said.created_us = t.created_us;
		said.name = t.thread_name;
		t.thread_name = NULL;
		f->op->rows = mem_grow(f->op->rows, &f->cap, f->op->n, sizeof(*f->op->rows));
		f->op->rows[f->op->n++] = said;
	}
	turn_row_fini(&t);
	return r;
}

/* ---- shards ---- */

struct shards {
	struct shard {
		int64_t id, first;
	} *v;
	size_t n, cap;
};

static int list_shards(struct finding *f, struct shards *s)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, f->db, f->db->said, f->why,
		"SELECT id, first FROM shard WHERE account = ?1 AND first <= ?2 AND rows > 0 ORDER BY first DESC", db_int(f->account),
		db_int(f->to >> SAID_BITS));

	while (r == 0 && (r = db_step(stmt, &row, f->why)) == 0 && row) {
		s->v = mem_grow(s->v, &s->cap, s->n, sizeof(*s->v));
		s->v[s->n++] = (struct shard){ db_col_int(stmt, 0), db_col_int(stmt, 1) };
	}
	db_release(stmt);
	return r;
}

static bool is_late(const struct finding *f)
{
	return f->db->deadline_ms && clock_mono_ms() >= f->db->deadline_ms;
}

/* One turn once: its pieces lie side by side. */
static int newest_in(struct finding *f, const struct shard *s)
{
	char table[SAID_TABLE], sql[192];
	sqlite3_stmt *stmt;
	bool row = false;
	int r;

	said_table(table, s->id);
	(void)snprintf(sql, sizeof(sql), "SELECT rowid FROM %s WHERE %s MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC", table,
		table);
	r = db_query(&stmt, f->db, f->db->said, f->why, sql, db_text(buf_cstr(&f->match)), db_int(f->from), db_int(f->to));
	while (r == 0 && (r = db_step(stmt, &row, f->why)) == 0 && row) {
		int64_t rowid = db_col_int(stmt, 0);
		struct found hit = { .base = rowid >> SAID_BITS, .piece = (unsigned)(rowid & ((1 << SAID_BITS) - 1)) };
		size_t before = f->op->n;

		if (hit.base == f->shown)
			continue;
		if (f->op->n == f->limit) {
			f->full = true;
			break;
		}
		r = is_late(f) ? STORE_E_DEADLINE : add_hit(f, &hit);
		if (r == 0)
			f->last = hit.base;
		if (f->op->n > before)
			f->shown = hit.base;
	}
	db_release(stmt);
	return r;
}

/* From the newest shard to the oldest, until the page is full or the time over. */
static int newest(struct finding *f, const struct shards *s)
{
	int r = 0;

	f->last = (f->to >> SAID_BITS) + 1;
	for (size_t i = 0; r == 0 && !f->full && i < s->n; i++) {
		r = newest_in(f, &s->v[i]);
		if (r == 0 && !f->full)
			f->last = min_of(f->last, max_of(s->v[i].first, INT64_C(1)));
	}
	if (r == STORE_E_DEADLINE && !f->db->yielded)
		f->op->cut = true;
	if ((f->full || f->op->cut) && f->last > 0)
		f->op->next = cursor_make(f->last, "s");
	return f->op->cut ? 0 : r;
}

struct ranked {
	struct found *v;
	size_t n, cap;
};

static int ranked_in(struct finding *f, const struct shard *s, struct ranked *all)
{
	char table[SAID_TABLE], sql[256];
	sqlite3_stmt *stmt;
	bool row = false;
	int r;

	said_table(table, s->id);
	(void)snprintf(sql, sizeof(sql),
		"SELECT rowid, -bm25(%s, 4.0, 1.0, 0.0) AS score FROM %s WHERE %s MATCH ?1 AND rowid BETWEEN ?2 AND ?3 "
		"ORDER BY score DESC LIMIT ?4",
		table, table, table);
	r = db_query(&stmt, f->db, f->db->said, f->why, sql, db_text(buf_cstr(&f->match)), db_int(f->from), db_int(f->to),
		db_int((int64_t)f->limit * 3));
	while (r == 0 && (r = db_step(stmt, &row, f->why)) == 0 && row) {
		int64_t rowid = db_col_int(stmt, 0);

		all->v = mem_grow(all->v, &all->cap, all->n, sizeof(*all->v));
		all->v[all->n++] = (struct found){ .base = rowid >> SAID_BITS,
			.piece = (unsigned)(rowid & ((1 << SAID_BITS) - 1)), .score = db_col_real(stmt, 1, 0) };
	}
	db_release(stmt);
	return r;
}

static int by_score(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->base < y->base ? 1 : x->base > y->base ? -1 : 0;
}

static int load_ranked(struct finding *f, const struct ranked *all)
{
	int r = 0;

	for (size_t i = 0; r == 0 && f->op->n < f->limit && i < all->n; i++) {
		bool again = false;

		for (size_t k = 0; k < i && !again; k++)
			again = all->v[k].base == all->v[i].base;
		if (!again)
			r = add_hit(f, &all->v[i]);
	}
	return r;
}

/* Of as much as the time allows, the newest first. */
static int best(struct finding *f, const struct shards *s)
{
	struct ranked all = { .n = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = is_late(f) ? STORE_E_DEADLINE : ranked_in(f, &s->v[i], &all);
	if (r == STORE_E_DEADLINE && !f->db->yielded) {
		f->op->cut = true;
		db_deadline(f->db, 0); /* what was found is a little work still, and worth it */
		r = 0;
	}
	if (r == 0 && all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_score);
	if (r == 0)
		r = load_ranked(f, &all);
	mem_free(all.v);
	return r;
}

/* ---- the whole ---- */

/* The account's number; whether all that was there is in. */
static int look(struct finding *f)
{
	sqlite3_stmt *stmt;
	bool row = false;
	int r = db_query(&stmt, f->db, f->db->said, f->why,
		"SELECT (SELECT no FROM account WHERE id = ?1), filled OR account > ?1 FROM state", db_text(f->op->account.id));

	if (r == 0)
		r = db_step(stmt, &row, f->why);
	f->account = r == 0 && row ? db_col_int(stmt, 0) : 0;
	f->op->complete = r == 0 && row && db_col_int(stmt, 1);
	db_release(stmt);
	return r;
}

/* "words" AND thread : "7". A thread that the index has not heard of holds nothing. */
static int make_match(struct finding *f, bool *nowhere)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int r = 0;

	buf_addf(&f->match, "{name body} : (%s)", f->op->query.match);
	if (!f->op->thread_ref)
		return f->match.failed ? -ENOMEM : 0;
	r = ref_thread(f->db, &f->op->account, f->op->thread_ref, REF_ANY, REF_OWN, f->thread, &f->op->candidates, f->why);
	if (r == 0)
		r = db_query(&stmt, f->db, f->db->said, f->why, "SELECT no FROM thread WHERE id = ?1", db_text(f->thread));
	if (r == 0)
		r = db_step(stmt, &row, f->why);
	if (r == 0 && row)
		buf_addf(&f->match, " AND thread : \"%lld\"", (long long)db_col_int(stmt, 0));
	db_release(stmt);
	*nowhere = r == 0 && !row;
	return r ? r : f->match.failed ? -ENOMEM : 0;
}

static int bounds(struct finding *f)
{
	const struct op_search *op = f->op;
	int64_t most = INT64_MAX >> SAID_BITS, since = max_of(op->since_us, INT64_C(0)), at = most;
	id_str id;
	int r = op->before ? cursor_read(op->before, &at, id, f->why) : 0;

	if (op->until_us < at)
		at = op->until_us;
	f->from = min_of(since, most) << SAID_BITS;
	f->to = at >= most ? INT64_MAX : at <= 0 ? 0 : (at << SAID_BITS) - 1;
	return r;
}

int op_search_run(struct db *db, struct job *j)
{
	struct op_search *op = container_of(j, struct op_search, job);
	struct finding f = { .db = db, .op = op, .why = &j->why, .limit = (size_t)max_of(op->limit, 1), .shown = -1 };
	struct shards shards = { .n = 0 };
	bool nowhere = false;
	int r;

	results_fini(op);
	if (!db->said)
		return db_fail(&j->why, STORE_E_BUSY, "the index of the search could not be made: see the daemon's log");
	/* However long it had to wait, it gets to look. */
	if (j->deadline_ms)
		db_deadline(db, max_of(j->deadline_ms, clock_mono_ms() + LOOK_MS));
	buf_init(&f.match, 0);
	r = look(&f);
	if (r == 0)
		r = make_match(&f, &nowhere);
	if (r == 0)
		r = bounds(&f);
	if (r == 0 && f.account && !nowhere)
		r = list_shards(&f, &shards);
	if (r == 0)
		r = op->rank ? best(&f, &shards) : newest(&f, &shards);
	if (r == STORE_E_DEADLINE && !db->yielded) { /* before the first look */
		j->why = mem_free(j->why);
		op->next = op->rank ? NULL : mem_dup(op->before);
		op->cut = true;
		r = 0;
	}
	buf_fini(&f.match);
	mem_free(shards.v);
	return r;
}
